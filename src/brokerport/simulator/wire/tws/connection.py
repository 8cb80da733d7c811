"""Both ends of a TWS session as state machines without sockets.

The life of a connection, the same for both ends; "we" is the server, the client mirrors it:

    state               may receive                     may send                then
    AWAITING_PREFIX     the 4 bytes "API\\0"             nothing                 AWAITING_HELLO
    AWAITING_HELLO      length + "v<min>..<max>[ opt]"  nothing                 NEGOTIATING
    NEGOTIATING         (bytes wait)                    the version reply       AWAITING_START
    AWAITING_START      StartApi                        nothing                 READY
    READY               requests                        replies
    FAILED              nothing                         nothing

Rules:
- The version reply is one write and nothing may follow it before StartApi: official clients throw
  away the rest of that read buffer. Sending earlier is our own violation.
- The first message after the version reply must be StartApi.
- Bytes that cannot be framed, a wrong prefix or hello and a message without a readable id are the
  peer's violation: `next_event` raises RemoteViolation, the state becomes FAILED for ever.
- A well-framed request that cannot be read is no reason to hang up: the server gets a
  MalformedRequest event to answer with an error. A reply that cannot be read fails the client.
Source: shared reference page "TWS API wire protocol", sections 1 and 2.
"""

from __future__ import annotations

import enum
import re
from typing import Any

from attrs import frozen

from brokerport.simulator.wire.tws.codec import (
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
    identify_request,
)
from brokerport.simulator.wire.tws.errors import (
    LocalViolation,
    MalformedField,
    MalformedMessage,
    RemoteViolation,
)
from brokerport.simulator.wire.tws.fields import decode_fields, split_payload
from brokerport.simulator.wire.tws.framing import (
    CLIENT_FRAME_LENGTH_MAX,
    SERVER_FRAME_LENGTH_MAX,
    FrameDecoder,
    encode_frame,
)
from brokerport.simulator.wire.tws.messages.session import StartApi
from brokerport.simulator.wire.tws.versions import MAX_VERSION, MIN_VERSION, negotiate

PREFIX = b"API\0"
HELLO_LENGTH_MAX = 256
"""The longest hello we accept, in bytes; known clients send 9 to 19."""
_HELLO = re.compile(r"v([0-9]{1,5})\.\.([0-9]{1,5})(?: ([\x20-\x7e]*))?")
_VERSION_REPLY_LENGTH_MAX = 256


class ConnectionState(enum.Enum):
    """Where a connection stands; see the table at the head of this file."""

    AWAITING_PREFIX = "awaiting the API prefix"
    AWAITING_HELLO = "awaiting the client's versions"
    NEGOTIATING = "the version reply is due"
    AWAITING_START = "awaiting StartApi"
    READY = "ready"
    FAILED = "failed"


@frozen
class HandshakeRequested:
    """The client said which versions it speaks; answer with `send_handshake` or close."""

    min_version: int
    max_version: int
    options: str


@frozen
class MalformedRequest:
    """A well-framed request that cannot be read; `request_id` is a best guess."""

    message_id: int
    request_id: int | None
    reason: str


@frozen
class HandshakeAccepted:
    """The server announced the version and its time, in its own time zone and wording."""

    version: int
    server_time: str


class ServerConnection:
    """The server's end of one session.

    Feed received bytes with `receive_data`, then call `next_event` until it returns None: first
    HandshakeRequested, then StartApi, then requests, UnknownRequest or MalformedRequest.
    """

    def __init__(self, frame_length_max: int = CLIENT_FRAME_LENGTH_MAX) -> None:
        self._state = ConnectionState.AWAITING_PREFIX
        self._early = bytearray()
        self._frames = FrameDecoder(frame_length_max)
        self._negotiated_version: int | None = None
        self._failure = ""

    @property
    def state(self) -> ConnectionState:
        """Where the connection stands."""
        return self._state

    @property
    def negotiated_version(self) -> int | None:
        """The version to speak; None before HandshakeRequested or if there is no common one."""
        return self._negotiated_version

    def receive_data(self, data: bytes) -> None:
        """Take in received bytes; raises RemoteViolation if the connection has failed."""
        if self._state is ConnectionState.FAILED:
            raise RemoteViolation(self._failure)
        if self._state in (ConnectionState.AWAITING_PREFIX, ConnectionState.AWAITING_HELLO):
            self._early += data
        else:
            self._frames.feed(data)

    def next_event(self) -> Any:
        """Return the next event, or None if more bytes are needed.

        Raises RemoteViolation when the peer breaks the protocol beyond repair.
        """
        if self._state is ConnectionState.FAILED:
            raise RemoteViolation(self._failure)
        try:
            if self._state is ConnectionState.AWAITING_PREFIX:
                self._read_prefix()
            if self._state is ConnectionState.AWAITING_HELLO:
                return self._read_hello()
            if self._state in (ConnectionState.AWAITING_START, ConnectionState.READY):
                return self._read_request()
        except RemoteViolation as violation:
            self._state = ConnectionState.FAILED
            self._failure = str(violation)
            raise
        return None

    def send_handshake(self, server_time: str) -> bytes:
        """Return the version reply, to be written in one piece with nothing after it.

        `server_time` is the server's wording, for example "20240120 12:00:00 EST".
        """
        if self._state is not ConnectionState.NEGOTIATING:
            raise LocalViolation(f"no version reply is due: {self._state.value}")
        if self._negotiated_version is None:
            raise LocalViolation("there is no common version: close the connection")
        if "\0" in server_time or not server_time.isascii():
            raise LocalViolation(f"the server's time must be ASCII without NUL: {server_time!r}")
        self._state = ConnectionState.AWAITING_START
        return encode_frame(f"{self._negotiated_version}\0{server_time}\0".encode("ascii"))

    def send(self, message: object) -> bytes:
        """Return the bytes of a reply; raises LocalViolation before StartApi has been read."""
        if self._state is not ConnectionState.READY or self._negotiated_version is None:
            raise LocalViolation(
                f"nothing may be sent before StartApi, not even {type(message).__name__}: "
                f"{self._state.value}"
            )
        return encode_frame(encode_reply(message, self._negotiated_version))

    def _read_prefix(self) -> None:
        start = bytes(self._early[: len(PREFIX)])
        if not PREFIX.startswith(start):
            raise RemoteViolation(f"a session must begin with {PREFIX!r}, got {start!r}")
        if len(start) == len(PREFIX):
            del self._early[: len(PREFIX)]
            self._state = ConnectionState.AWAITING_HELLO

    def _read_hello(self) -> HandshakeRequested | None:
        if len(self._early) < 4:
            return None
        length = int.from_bytes(self._early[:4], "big")
        if not 1 <= length <= HELLO_LENGTH_MAX:
            raise RemoteViolation(
                f"the hello's length must be 1 to {HELLO_LENGTH_MAX} bytes, got {length}"
            )
        if len(self._early) < 4 + length:
            return None
        hello = bytes(self._early[4 : 4 + length])
        rest = bytes(self._early[4 + length :])
        self._early.clear()
        match = _HELLO.fullmatch(hello.decode("latin-1"))
        if match is None:
            raise RemoteViolation(f'the hello must be "v<min>..<max>[ <options>]", got {hello!r}')
        low, high = int(match[1]), int(match[2])
        if low > high:
            raise RemoteViolation(f"the hello's minimum must not exceed its maximum: {hello!r}")
        self._negotiated_version = negotiate(low, high)
        self._state = ConnectionState.NEGOTIATING
        self._frames.feed(rest)
        return HandshakeRequested(low, high, match[3] or "")

    def _read_request(self) -> Any:
        payload = self._frames.next_frame()
        if payload is None or self._negotiated_version is None:
            return None
        try:
            request = decode_request(payload, self._negotiated_version)
        except (MalformedField, MalformedMessage) as error:
            if self._state is ConnectionState.AWAITING_START:
                raise
            return MalformedRequest(*identify_request(payload), str(error))
        if self._state is ConnectionState.AWAITING_START:
            if not isinstance(request, StartApi):
                raise RemoteViolation(
                    f"the first message must be StartApi, got {type(request).__name__}"
                )
            self._state = ConnectionState.READY
        return request


class ClientConnection:
    """The client's end of one session.

    Write `send_handshake`, feed received bytes with `receive_data`, then call `next_event` until
    it returns None: first HandshakeAccepted, then replies or UnknownReply. StartApi must be sent
    first; the caller does that.
    """

    def __init__(
        self,
        min_version: int = MIN_VERSION,
        max_version: int = MAX_VERSION,
        options: str = "",
        frame_length_max: int = SERVER_FRAME_LENGTH_MAX,
    ) -> None:
        if not MIN_VERSION <= min_version <= max_version <= MAX_VERSION:
            raise ValueError(
                f"versions must lie within {MIN_VERSION} to {MAX_VERSION}, "
                f"got {min_version} to {max_version}"
            )
        self._range = (min_version, max_version)
        self._options = options
        self._state = ConnectionState.NEGOTIATING
        self._frames = FrameDecoder(frame_length_max)
        self._version: int | None = None
        self._failure = ""
        self._hello_sent = False

    @property
    def state(self) -> ConnectionState:
        """Where the connection stands."""
        return self._state

    @property
    def negotiated_version(self) -> int | None:
        """The version that the server announced; None before that."""
        return self._version

    def send_handshake(self) -> bytes:
        """Return the prefix and our versions, the first bytes of the session."""
        if self._hello_sent:
            raise LocalViolation("the handshake has been sent already")
        low, high = self._range
        hello = f"v{low}..{high}" + (f" {self._options}" if self._options else "")
        if not hello.isascii() or "\0" in hello or len(hello) > HELLO_LENGTH_MAX:
            raise LocalViolation(f"the hello must be short ASCII text, got {hello!r}")
        self._hello_sent = True
        return PREFIX + encode_frame(hello.encode("ascii"))

    def receive_data(self, data: bytes) -> None:
        """Take in received bytes; raises RemoteViolation if the connection has failed."""
        if self._state is ConnectionState.FAILED:
            raise RemoteViolation(self._failure)
        self._frames.feed(data)

    def next_event(self) -> Any:
        """Return the next event, or None if more bytes are needed.

        Raises RemoteViolation when the server breaks the protocol.
        """
        if self._state is ConnectionState.FAILED:
            raise RemoteViolation(self._failure)
        try:
            payload = self._frames.next_frame()
            if payload is None:
                return None
            if self._version is None:
                return self._read_version(payload)
            if self._state is ConnectionState.AWAITING_START:
                raise RemoteViolation("the server sent a message before StartApi")
            return decode_reply(payload, self._version)
        except RemoteViolation as violation:
            self._state = ConnectionState.FAILED
            self._failure = str(violation)
            raise

    def send(self, message: object) -> bytes:
        """Return the bytes of a request; raises LocalViolation before StartApi has been sent."""
        if self._version is None or self._state is ConnectionState.FAILED:
            raise LocalViolation(f"no request may be sent: {self._state.value}")
        if self._state is ConnectionState.AWAITING_START and not isinstance(message, StartApi):
            raise LocalViolation(
                f"the first message must be StartApi, not {type(message).__name__}"
            )
        data = encode_frame(encode_request(message, self._version), CLIENT_FRAME_LENGTH_MAX)
        self._state = ConnectionState.READY
        return data

    def _read_version(self, payload: bytes) -> HandshakeAccepted:
        if len(payload) > _VERSION_REPLY_LENGTH_MAX:
            raise RemoteViolation(f"the version reply is too long: {len(payload)} bytes")
        version, fields = split_payload(payload)
        if len(fields) != 1:
            raise RemoteViolation(f"the version reply must be version and time, got {payload!r}")
        low, high = self._range
        if not low <= version <= high:
            raise RemoteViolation(f"the server announced version {version}, outside {low}..{high}")
        self._version = version
        self._state = ConnectionState.AWAITING_START
        return HandshakeAccepted(version, decode_fields("version reply", fields)[0])
