"""Translate messages to payloads and back, for both directions.

Rules: a payload is the message id and the fields, each terminated by NUL, without the frame's
length. A message whose id has no entry in the table decodes to UnknownRequest or UnknownReply, so
that a server can answer with an error and live on. A payload is read to its last field: too few
or too many fields are the peer's violation.
"""

from __future__ import annotations

from typing import Any

from brokerport.simulator.wire.tws.errors import LocalViolation
from brokerport.simulator.wire.tws.fields import (
    FieldReader,
    FieldWriter,
    decode_fields,
    split_payload,
)
from brokerport.simulator.wire.tws.messages.session import UnknownReply, UnknownRequest
from brokerport.simulator.wire.tws.reply_table import REPLIES
from brokerport.simulator.wire.tws.request_table import REQUESTS, UNKNOWN_REQUEST_ID_POSITIONS
from brokerport.simulator.wire.tws.table import CodecTable, MessageCodec
from brokerport.simulator.wire.tws.versions import MAX_VERSION, MIN_VERSION


def encode_request(message: object, version: int) -> bytes:
    """Encode a client's message; raises LocalViolation for what the protocol cannot carry."""
    if isinstance(message, UnknownRequest):
        return _encode_unknown(message.message_id, message.fields)
    return _encode(REQUESTS, message, version)


def decode_request(payload: bytes, version: int) -> Any:
    """Decode a client's message.

    Raises MalformedField or MalformedMessage for a message that cannot be read, RemoteViolation
    for bytes that are no message.
    """
    message_id, fields = split_payload(payload)
    codec = REQUESTS.by_id(message_id)
    if codec is None:
        texts = decode_fields(f"message {message_id}", fields)
        return UnknownRequest(message_id, _guess_request_id(message_id, texts), tuple(texts))
    return _decode(codec, fields, version)


def encode_reply(message: object, version: int) -> bytes:
    """Encode a server's message; raises LocalViolation for what the protocol cannot carry."""
    if isinstance(message, UnknownReply):
        return _encode_unknown(message.message_id, message.fields)
    return _encode(REPLIES, message, version)


def decode_reply(payload: bytes, version: int) -> Any:
    """Decode a server's message; raises as `decode_request` does."""
    message_id, fields = split_payload(payload)
    codec = REPLIES.by_id(message_id)
    if codec is None:
        return UnknownReply(message_id, tuple(decode_fields(f"message {message_id}", fields)))
    return _decode(codec, fields, version)


def identify_request(payload: bytes) -> tuple[int, int | None]:
    """Return the message id of a request that may be damaged, and a guess at its request id."""
    message_id, fields = split_payload(payload)
    return message_id, _guess_request_id(message_id, [f.decode("utf-8", "replace") for f in fields])


def _guess_request_id(message_id: int, fields: list[str]) -> int | None:
    codec = REQUESTS.by_id(message_id)
    if codec is None:
        position = UNKNOWN_REQUEST_ID_POSITIONS.get(message_id)
    else:
        position = codec.request_id_position
    if position is None or position >= len(fields):
        return None
    text = fields[position]
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None


def _encode(table: CodecTable, message: object, version: int) -> bytes:
    _check_version(version)
    codec = table.by_class(type(message))
    if codec is None:
        raise LocalViolation(f"{type(message).__name__} is not a message of this direction")
    writer = FieldWriter(type(message).__name__)
    writer.integer("message id", codec.message_id)
    codec.write(writer, message, version)
    return writer.payload()


def _decode(codec: MessageCodec, fields: list[bytes], version: int) -> Any:
    _check_version(version)
    reader = FieldReader(codec.name, decode_fields(codec.name, fields))
    message = codec.read(reader, version)
    reader.finish()
    return message


def _encode_unknown(message_id: int, fields: tuple[str, ...]) -> bytes:
    writer = FieldWriter(f"message {message_id}")
    writer.integer("message id", message_id)
    for position, field in enumerate(fields):
        writer.text(f"field {position}", field)
    return writer.payload()


def _check_version(version: int) -> None:
    if not MIN_VERSION <= version <= MAX_VERSION:
        raise LocalViolation(
            f"protocol version must be {MIN_VERSION} to {MAX_VERSION}, got {version}"
        )
