"""The foreign clients' own encoders and decoders, without sockets.

`ib_async` is the client that production uses; `ibapi` is the official one. Both are driven as
they are: only the write to the socket and the user's callbacks are replaced.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Callable, Iterator
from datetime import UTC
from types import SimpleNamespace
from typing import Any

import ibapi.client
import ibapi.comm
import ibapi.decoder
from attrs import frozen
from ib_async.client import Client
from ib_async.decoder import Decoder

from brokerport.simulator.wire.tws.codec import encode_reply
from brokerport.simulator.wire.tws.framing import FrameDecoder


@frozen
class Call:
    """One callback that a client's decoder made."""

    name: str
    args: tuple[Any, ...]


class Recorder:
    """Stands in for a client's wrapper and records every callback."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.ib = SimpleNamespace(TimezoneTWS="")
        self.defaultTimezone = UTC

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_") or name == "tcpDataArrived" or name == "tcpDataProcessed":
            raise AttributeError(name)
        return lambda *args: self.calls.append(Call(name, args))


class FailOnError(logging.Handler):
    """Turns what a client logs as an error into a list, since clients swallow their errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one logged error."""
        self.messages.append(self.format(record))


def ib_async_reads(message: object, version: int) -> list[Call]:
    """Feed one of our replies to ib_async's decoder; return the callbacks, fail on an error."""
    payload = encode_reply(message, version)
    fields = payload.decode(errors="backslashreplace").split("\0")
    fields.pop()
    recorder, errors = Recorder(), FailOnError()
    decoder: Any = Decoder(recorder, version)  # type: ignore[arg-type]
    logger = logging.getLogger("ib_async.Decoder")
    logger.addHandler(errors)
    propagates, logger.propagate = logger.propagate, False
    try:
        decoder.interpret(fields)
    finally:
        logger.removeHandler(errors)
        logger.propagate = propagates
    assert errors.messages == [], errors.messages
    return recorder.calls


def official_reads(message: object, version: int) -> list[Call]:
    """Feed one of our replies to the official decoder; return the callbacks, fail on an error."""
    payload = encode_reply(message, version)
    message_id, _, text = payload.partition(b"\0")
    recorder, errors = Recorder(), FailOnError()
    decoder = ibapi.decoder.Decoder(recorder, version)
    logger = logging.getLogger("ibapi.decoder")
    logger.addHandler(errors)
    fields = _Watched(ibapi.comm.read_fields(text))
    try:
        decoder.interpret(fields, int(message_id))
    finally:
        logger.removeHandler(errors)
    assert errors.messages == [], errors.messages
    assert list(fields.iterator) == [], "the official decoder left fields unread"
    return recorder.calls


class _Watched(list[bytes]):
    """The fields of a message, and how far the official decoder has read them."""

    iterator: Iterator[bytes] = iter(())

    def __iter__(self) -> Iterator[bytes]:
        self.iterator = super().__iter__()
        return self.iterator


class IbAsyncSender:
    """An ib_async client that writes into a list, at a given version."""

    def __init__(self, version: int) -> None:
        make: Any = Client
        self.client: Any = make(Recorder())
        self.client.connState = Client.CONNECTED
        self.client._serverVersion = version
        self.client.clientId = 7
        self.client.MaxRequests = 0
        self._sent: list[bytes] = []
        self.client.conn = SimpleNamespace(sendMsg=self._sent.append, numBytesSent=0, numMsgSent=0)

    def payloads(self, send: Callable[[Any], object]) -> list[bytes]:
        """Return the payloads that a call to the client sends."""

        async def run() -> None:
            send(self.client)

        self._sent.clear()
        asyncio.run(run())
        return _payloads(b"".join(self._sent))


class OfficialSender:
    """An official client that writes into a list, at a given version."""

    def __init__(self, version: int) -> None:
        self.recorder = Recorder()
        self.client = ibapi.client.EClient(self.recorder)
        self.client.serverVersion_ = version
        self.client.clientId = 7
        self.client.connState = ibapi.client.EClient.CONNECTED
        self._sent: list[bytes] = []
        conn: Any = SimpleNamespace(sendMsg=self._sent.append, isConnected=lambda: True)
        self.client.conn = conn

    def payloads(self, send: Callable[[Any], object]) -> list[bytes]:
        """Return the payloads that a call to the client sends; fail if it reports an error."""
        self._sent.clear()
        send(self.client)
        assert self.recorder.calls == [], self.recorder.calls
        return _payloads(b"".join(self._sent))


def _payloads(data: bytes) -> list[bytes]:
    frames = FrameDecoder()
    frames.feed(data)
    payloads = list(frames)
    assert sum(len(p) + struct.calcsize(">I") for p in payloads) == len(data)
    return payloads
