"""Random and damaged bytes: nothing but RemoteViolation, and never a wrong answer by shifting."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.simulator.wire.tws.codec import (
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)
from brokerport.simulator.wire.tws.connection import (
    ClientConnection,
    HandshakeRequested,
    ServerConnection,
)
from brokerport.simulator.wire.tws.errors import RemoteViolation
from brokerport.simulator.wire.tws.framing import encode_frame
from brokerport.simulator.wire.tws.reply_table import REPLIES
from brokerport.simulator.wire.tws.request_table import REQUESTS
from tests.wire.wire_strategies import (
    ALL_VERSIONS,
    REPLY_CLASSES,
    REQUEST_CLASSES,
    examples,
    of_class,
)

versions = st.sampled_from(ALL_VERSIONS)
fragments = st.sampled_from(
    [b"", b"0", b"1", b"-1", b"7", b"2147483647", b"1e5", b"BAG", b"None", b"a", b"o", b"\xff"]
) | st.binary(max_size=6).map(lambda data: data.replace(b"\0", b""))


@examples(300)
@given(data=st.binary(max_size=300), version=versions)
def test_random_bytes_are_only_ever_a_violation(data: bytes, version: int) -> None:
    """Bytes that are no message raise RemoteViolation and nothing else."""
    for decode in (decode_request, decode_reply):
        with suppress(RemoteViolation):
            decode(data, version)


@pytest.mark.parametrize("table", ["requests", "replies"])
@examples(400)
@given(data=st.data())
def test_random_fields_are_only_ever_a_violation(table: str, data: st.DataObject) -> None:
    """A known message id with random fields decodes or raises RemoteViolation, nothing else."""
    codecs = (REQUESTS if table == "requests" else REPLIES).codecs
    decode = decode_request if table == "requests" else decode_reply
    message_id = data.draw(st.sampled_from([codec.message_id for codec in codecs]))
    fields = data.draw(st.lists(fragments, max_size=160))
    payload = b"\0".join([str(message_id).encode(), *fields]) + b"\0"
    with suppress(RemoteViolation):
        decode(payload, data.draw(versions))


@pytest.mark.parametrize("cls", [*REQUEST_CLASSES, *REPLY_CLASSES], ids=lambda cls: cls.__name__)
@examples(2)
@given(data=st.data())
def test_a_field_too_few_or_too_many_is_refused(cls: type, data: st.DataObject) -> None:
    """No message is read when it has lost its last field or gained one."""
    is_request = cls in REQUEST_CLASSES
    encode, decode = (
        (encode_request, decode_request) if is_request else (encode_reply, decode_reply)
    )
    message: Any = data.draw(of_class(cls))
    version = data.draw(versions)
    payload = encode(message, version)
    fields = payload[:-1].split(b"\0")
    tolerated = cls.__name__ in {"CalculateImpliedVolatility", "CalculateOptionPrice"}
    if not tolerated:  # ib_async's own count of options is the one field too many we know
        with pytest.raises(RemoteViolation):
            decode(b"\0".join([*fields, b"7"]) + b"\0", version)
    if len(fields) > 1:
        with pytest.raises(RemoteViolation):
            decode(b"\0".join(fields[:-1]) + b"\0", version)


@examples(200)
@given(chunks=st.lists(st.binary(max_size=60), max_size=8))
def test_a_server_survives_random_bytes(chunks: list[bytes]) -> None:
    """A server fed with garbage from the first byte on raises RemoteViolation at worst."""
    feed_server(ServerConnection(), chunks)


@examples(200)
@given(payloads=st.lists(st.binary(min_size=1, max_size=80), max_size=8))
def test_a_server_survives_random_frames(payloads: list[bytes]) -> None:
    """A server fed with well-framed garbage after StartApi raises RemoteViolation at worst."""
    start = [b"API\0" + encode_frame(b"v157..178"), encode_frame(b"71\x002\x007\x00\x00")]
    feed_server(ServerConnection(), [*start, *(encode_frame(p) for p in payloads)])


def feed_server(server: ServerConnection, chunks: list[bytes]) -> None:
    """Feed a server and answer its handshake; a RemoteViolation ends it."""
    with suppress(RemoteViolation):
        for chunk in chunks:
            server.receive_data(chunk)
            while (event := server.next_event()) is not None:
                if isinstance(event, HandshakeRequested):
                    if server.negotiated_version is None:
                        return
                    server.send_handshake("now")


@examples(200)
@given(payloads=st.lists(st.binary(min_size=1, max_size=80), max_size=8))
def test_a_client_survives_random_frames(payloads: list[bytes]) -> None:
    """A client fed with well-framed garbage raises RemoteViolation at worst."""
    client = ClientConnection()
    client.send_handshake()
    with suppress(RemoteViolation):
        for payload in payloads:
            client.receive_data(encode_frame(payload))
            while client.next_event() is not None:
                pass
