"""Both ends of a session as state machines, joined to each other and to foreign clients."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.simulator.wire.tws import messages as m
from brokerport.simulator.wire.tws.connection import (
    HELLO_LENGTH_MAX,
    ClientConnection,
    ConnectionState,
    HandshakeAccepted,
    HandshakeRequested,
    MalformedRequest,
    ServerConnection,
)
from brokerport.simulator.wire.tws.errors import LocalViolation, RemoteViolation
from brokerport.simulator.wire.tws.framing import encode_frame
from tests.wire.wire_strategies import examples

SERVER_TIME = "20260115 10:30:00 EST"


def hello(text: str) -> bytes:
    """Return the first bytes of a client."""
    return b"API\0" + encode_frame(text.encode())


def events(connection: ServerConnection | ClientConnection) -> list[Any]:
    """Return all events that the received bytes make."""
    found = []
    while (event := connection.next_event()) is not None:
        found.append(event)
    return found


def ready_server(version: int = 178) -> ServerConnection:
    """Return a server whose client has started."""
    server = ServerConnection()
    server.receive_data(hello(f"v157..{version}"))
    assert events(server) == [HandshakeRequested(157, version, "")]
    server.send_handshake(SERVER_TIME)
    server.receive_data(encode_frame(b"71\x002\x007\x00\x00"))
    assert events(server) == [m.StartApi(7)]
    return server


def test_a_session_from_hello_to_reply() -> None:
    """Hello, version, StartApi, request and reply pass between the two ends."""
    server, client = ServerConnection(), ClientConnection(options="+PACEAPI")
    server.receive_data(client.send_handshake())
    assert events(server) == [HandshakeRequested(157, 178, "+PACEAPI")]
    assert server.negotiated_version == 178
    client.receive_data(server.send_handshake(SERVER_TIME))
    assert events(client) == [HandshakeAccepted(178, SERVER_TIME)]
    assert client.negotiated_version == 178
    server.receive_data(client.send(m.StartApi(7)))
    server.receive_data(client.send(m.ReqIds()))
    assert events(server) == [m.StartApi(7), m.ReqIds(1)]
    client.receive_data(server.send(m.NextValidId(101)) + server.send(m.ManagedAccounts("DU1")))
    assert events(client) == [m.NextValidId(101), m.ManagedAccounts("DU1")]
    assert server.state is client.state is ConnectionState.READY


def test_the_first_bytes_are_those_of_the_protocol() -> None:
    """The handshake is, byte for byte, what clients and servers exchange."""
    assert ClientConnection().send_handshake() == b"API\0\0\0\0\x09v157..178"
    server = ServerConnection()
    server.receive_data(b"API\0\0\0\0\x09v157..178")
    events(server)
    assert server.send_handshake(SERVER_TIME) == (
        b"\0\0\0\x1a" + b"178\x00" + b"20260115 10:30:00 EST\x00"
    )


@examples(100)
@given(cuts=st.lists(st.integers(1, 200), max_size=60))
def test_a_session_survives_any_cutting(cuts: list[int]) -> None:
    """The same events come out however the client's bytes are torn and glued."""
    script = [
        hello("v157..178 +PACEAPI"),
        encode_frame(b"71\x002\x007\x00\x00"),
        encode_frame(b"8\x001\x001\x00"),
        encode_frame(b"61\x001\x00"),
    ]
    server, found = ServerConnection(), []
    stream = b"".join(script)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for start, end in pairwise(edges):
        server.receive_data(stream[start:end])
        for event in events(server):
            found.append(event)
            if isinstance(event, HandshakeRequested):
                server.send_handshake(SERVER_TIME)
        found += events(server)
    assert found == [
        HandshakeRequested(157, 178, "+PACEAPI"),
        m.StartApi(7),
        m.ReqIds(1),
        m.ReqPositions(),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"API\1",
        b"AP!",
        b"API\0\0\0\0\0",
        b"API\0\xff\xff\xff\xff",
        b"API\0" + (HELLO_LENGTH_MAX + 1).to_bytes(4, "big"),
        hello("157..178"),
        hello("v157..178\0"),
        hello("v157"),
        hello("v178..157"),
        hello("v157..178x"),
        hello("v157.178"),
        hello("v157..1780000"),
        hello("v157..178 é"),
        hello(" v157..178"),
    ],
)
def test_a_wrong_beginning_fails_the_connection(data: bytes) -> None:
    """What is no TWS client is refused at once and for good."""
    server = ServerConnection()
    server.receive_data(data)
    with pytest.raises(RemoteViolation):
        server.next_event()
    assert server.state is ConnectionState.FAILED
    with pytest.raises(RemoteViolation):
        server.next_event()
    with pytest.raises(RemoteViolation):
        server.receive_data(b"x")
    with pytest.raises(LocalViolation):
        server.send(m.NextValidId(1))
    with pytest.raises(LocalViolation):
        server.send_handshake(SERVER_TIME)


@pytest.mark.parametrize("data", [b"", b"A", b"API", b"API\0", b"API\0\0\0\0", hello("v1..2")[:-1]])
def test_an_unfinished_beginning_waits(data: bytes) -> None:
    """No event and no error before the hello is complete."""
    server = ServerConnection()
    server.receive_data(data)
    assert server.next_event() is None


@pytest.mark.parametrize("versions", ["v100..156", "v179..200"])
def test_no_common_version_is_told_and_cannot_be_answered(versions: str) -> None:
    """The caller learns what the client speaks and can only close."""
    server = ServerConnection()
    server.receive_data(hello(versions))
    (event,) = events(server)
    assert isinstance(event, HandshakeRequested)
    assert server.negotiated_version is None
    with pytest.raises(LocalViolation, match="no common version"):
        server.send_handshake(SERVER_TIME)


def test_nothing_is_sent_before_start_api() -> None:
    """Official clients lose whatever follows the version reply before StartApi."""
    server = ServerConnection()
    with pytest.raises(LocalViolation, match="before StartApi"):
        server.send(m.NextValidId(1))
    with pytest.raises(LocalViolation, match="no version reply is due"):
        server.send_handshake(SERVER_TIME)
    server.receive_data(hello("v157..178"))
    events(server)
    with pytest.raises(LocalViolation, match="before StartApi"):
        server.send(m.NextValidId(1))
    server.send_handshake(SERVER_TIME)
    with pytest.raises(LocalViolation, match="before StartApi"):
        server.send(m.NextValidId(1))
    with pytest.raises(LocalViolation, match="no version reply is due"):
        server.send_handshake(SERVER_TIME)
    server.receive_data(encode_frame(b"71\x002\x007\x00\x00"))
    with pytest.raises(LocalViolation, match="before StartApi"):
        server.send(m.NextValidId(1))
    events(server)
    assert server.send(m.NextValidId(1)) == encode_frame(b"9\x001\x001\x00")


@pytest.mark.parametrize("payload", [b"8\x001\x001\x00", b"71\x002\x00x\x00\x00", b"999\x00"])
def test_a_session_begins_with_start_api(payload: bytes) -> None:
    """Any other first message, or a StartApi that cannot be read, ends the session."""
    server = ServerConnection()
    server.receive_data(hello("v157..178"))
    events(server)
    server.send_handshake(SERVER_TIME)
    server.receive_data(encode_frame(payload))
    with pytest.raises(RemoteViolation):
        server.next_event()
    assert server.state is ConnectionState.FAILED


@pytest.mark.parametrize(
    ("payload", "message_id", "request_id"),
    [
        (b"1\x0011\x0042\x00abc\x00", 1, 42),
        (b"3\x0042\x00x\x00", 3, 42),
        (b"9\x008\x00\x00", 9, None),
        (b"61\x001\x00extra\x00", 61, None),
        (b"81\x007\x00\xff\x00", 81, 7),
        (b"7\x003\x00nine\x00", 7, None),
    ],
)
def test_a_request_that_cannot_be_read_is_told(
    payload: bytes, message_id: int, request_id: int | None
) -> None:
    """The server learns which request to answer with an error, and the session lives on."""
    server = ready_server()
    server.receive_data(encode_frame(payload) + encode_frame(b"8\x001\x001\x00"))
    malformed, after = events(server)
    assert isinstance(malformed, MalformedRequest)
    assert (malformed.message_id, malformed.request_id) == (message_id, request_id)
    assert malformed.reason
    assert after == m.ReqIds(1)
    assert server.state is ConnectionState.READY


def test_the_reason_names_message_field_and_text() -> None:
    """A reader of the error knows what to correct."""
    server = ready_server()
    server.receive_data(encode_frame(b"59\x001\x00live\x00"))
    (event,) = events(server)
    assert event == MalformedRequest(
        59, None, "ReqMarketDataType.market_data_type: expected an integer, got 'live'"
    )


@pytest.mark.parametrize("data", [b"\0\0\0\0", b"\xff\xff\xff\xff", encode_frame(b"garbage")])
def test_bytes_that_cannot_be_framed_fail_the_connection(data: bytes) -> None:
    """Once the frame boundaries are lost nothing can be trusted."""
    server = ready_server()
    server.receive_data(data)
    with pytest.raises(RemoteViolation):
        server.next_event()
    assert server.state is ConnectionState.FAILED
    with pytest.raises(LocalViolation):
        server.send(m.NextValidId(1))


def test_a_client_frame_may_not_be_oversized() -> None:
    """The limit is the server's to choose and holds before the bytes arrive."""
    server = ServerConnection(frame_length_max=64)
    server.receive_data(hello("v157..178"))
    events(server)
    server.send_handshake(SERVER_TIME)
    server.receive_data((65).to_bytes(4, "big"))
    with pytest.raises(RemoteViolation, match="1 to 64"):
        server.next_event()


@pytest.mark.parametrize("time", ["10:30\0", "10:30 é"])
def test_the_servers_time_is_plain_text(time: str) -> None:
    """A time that would break the version reply is our fault and nothing is sent."""
    server = ServerConnection()
    server.receive_data(hello("v157..178"))
    events(server)
    with pytest.raises(LocalViolation, match="ASCII"):
        server.send_handshake(time)
    assert server.state is ConnectionState.NEGOTIATING


def test_a_client_sends_start_api_first() -> None:
    """The client's end keeps the same order."""
    client = ClientConnection()
    with pytest.raises(LocalViolation):
        client.send(m.StartApi(7))
    client.send_handshake()
    with pytest.raises(LocalViolation):
        client.send_handshake()
    client.receive_data(encode_frame(b"178\x00now\x00"))
    events(client)
    with pytest.raises(LocalViolation, match="first message must be StartApi"):
        client.send(m.ReqIds())
    assert client.send(m.StartApi(7)) == encode_frame(b"71\x002\x007\x00\x00")


@pytest.mark.parametrize(
    "payload",
    [b"156\x00now\x00", b"179\x00now\x00", b"178\x00", b"178\x00a\x00b\x00", b"x\x00now\x00"],
)
def test_a_client_refuses_a_wrong_version_reply(payload: bytes) -> None:
    """A version outside the range that we announced is the server's violation."""
    client = ClientConnection()
    client.send_handshake()
    client.receive_data(encode_frame(payload))
    with pytest.raises(RemoteViolation):
        client.next_event()
    assert client.state is ConnectionState.FAILED


def test_a_client_refuses_messages_before_start_api() -> None:
    """A server that talks too early breaks official clients, so it fails ours."""
    client = ClientConnection()
    client.send_handshake()
    client.receive_data(encode_frame(b"178\x00now\x00") + encode_frame(b"9\x001\x001\x00"))
    assert client.next_event() == HandshakeAccepted(178, "now")
    with pytest.raises(RemoteViolation, match="before StartApi"):
        client.next_event()


def test_a_reply_that_cannot_be_read_fails_the_client() -> None:
    """A client never goes on with half of the truth."""
    client = ClientConnection()
    client.send_handshake()
    client.receive_data(encode_frame(b"178\x00now\x00"))
    events(client)
    client.send(m.StartApi(7))
    client.receive_data(encode_frame(b"9\x001\x00x\x00"))
    with pytest.raises(RemoteViolation, match=r"NextValidId\.order_id"):
        client.next_event()
    with pytest.raises(RemoteViolation):
        client.receive_data(b"")


@pytest.mark.parametrize("versions", [(156, 178), (157, 179), (178, 157)])
def test_a_client_announces_only_what_it_speaks(versions: tuple[int, int]) -> None:
    """A range that we do not speak is refused when the connection is made."""
    with pytest.raises(ValueError, match="157 to 178"):
        ClientConnection(*versions)
