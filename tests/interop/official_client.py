"""The official client, unmodified, with every callback kept under its own argument names.

The client runs in threads of its own, as its makers mean it to: one reads the socket, one calls
back. Nothing sleeps: ``ask`` sends and then goes round twice with currentTime, after which every
answer, and everything told at the end of the gateway's turn, has been heard.

The client reads 4096 bytes at a time, and throws away all it has read when a burst ends on exactly
that and nothing follows within a second (``connection.py``, ``recvMsg``). So, as a program of its
users must, this one keeps asking for the time while it waits.
"""

from __future__ import annotations

import inspect
import socket
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from attrs import frozen
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from brokerport.simulator.wire.tws.versions import MAX_VERSION

WAIT_SECONDS = 20
ASK_AGAIN_SECONDS = 0.3
CALLBACKS = {
    name: inspect.signature(function)
    for name, function in vars(EWrapper).items()
    if inspect.isfunction(function) and not name.startswith("_") and not name.endswith("ProtoBuf")
}


@frozen
class Call:
    """One callback: its name and its arguments."""

    name: str
    arguments: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.arguments[name]
        except KeyError:
            raise AttributeError(f"{self.name} has no argument {name!r}") from None


class Answers(EWrapper):  # type: ignore[misc]
    """Records every callback of the official client; a call that does not fit it raises."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.heard = threading.Condition()

    def __getattribute__(self, name: str) -> Any:
        signature = CALLBACKS.get(name)
        if signature is None:
            return super().__getattribute__(name)

        def record(*arguments: Any) -> None:
            bound = signature.bind(self, *arguments).arguments
            del bound["self"]
            with self.heard:
                self.calls.append(Call(name, bound))
                self.heard.notify_all()

        return record


class OfficialClient:
    """One user of the official client, from connecting to hanging up, as often as it likes."""

    def __init__(self, port: int, client_id: int) -> None:
        self._answers = Answers()
        self._port = port
        self._client_id = client_id
        self._threads: list[threading.Thread] = []
        self._failure: BaseException | None = None
        self._times_asked = 0
        self.client = EClient(self._answers)

    @property
    def version(self) -> int:
        """The protocol version spoken."""
        version: int | None = self.client.serverVersion()
        assert version is not None, "not connected"
        return version

    @property
    def calls(self) -> list[Call]:
        """Every callback so far."""
        return self._answers.calls

    def connect(self) -> list[Call]:
        """Connect and return everything the gateway says first."""
        start = len(self.calls)
        self._start()
        assert self.version <= MAX_VERSION
        self.wait_for("nextValidId", start)
        self.barrier()
        return self._since(start)

    def connect_in_vain(self) -> None:
        """Connect, and wait until the gateway has closed the connection."""
        self._start()
        self.wait_until_closed()

    def hang_up(self) -> None:
        """Close the socket and wait until both of the client's threads have ended."""
        connection = self.client.conn
        if connection is not None and connection.socket is not None:
            # disconnect() takes the socket away under the reader's feet; a reader that is just
            # about to use it then dies of an AttributeError. An orderly shutdown ends it.
            connection.socket.shutdown(socket.SHUT_RDWR)
        self.wait_until_closed()
        self.client.disconnect()

    def wait_until_closed(self) -> None:
        """Wait until the client has noticed that its connection is gone."""
        for thread in self._threads:
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive(), f"{thread.name} did not end"
            # The loop looks up every 0.2 s, or when it gets a message; it ignores number 0.
            self.client.msg_queue.put(b"0\0")
        self._threads = []
        self._check()

    def ask(self, *requests: Callable[[EClient], object]) -> list[Call]:
        """Send requests; return every callback until all of them are answered."""
        start = len(self.calls)
        for request in requests:
            request(self.client)
        self.barrier()
        return self._since(start)

    def barrier(self) -> None:
        """Hear everything the gateway has to say."""
        for _ in range(2):
            start = len(self.calls)
            for _waited in range(round(WAIT_SECONDS / ASK_AGAIN_SECONDS)):
                self.client.reqCurrentTime()
                self._times_asked += 1
                if self._all_times_told():
                    break
            else:
                heard = names(self.calls[start:])
                raise AssertionError(f"no answer within {WAIT_SECONDS} s; heard {heard}")

    def _all_times_told(self) -> bool:
        """Wait a moment for the answers to every question for the time."""
        with self._answers.heard:
            done = self._answers.heard.wait_for(
                lambda: (
                    len(every("currentTime", self.calls)) == self._times_asked
                    or self._failure is not None
                ),
                ASK_AGAIN_SECONDS,
            )
            self._check()
            return done

    def wait_for(self, name: str, start: int = 0) -> Call:
        """Wait for a callback after the first ``start`` ones."""

        def found() -> Call | None:
            return next((call for call in self.calls[start:] if call.name == name), None)

        with self._answers.heard:
            done = self._answers.heard.wait_for(
                lambda: found() is not None or self._failure is not None, WAIT_SECONDS
            )
            self._check()
            call = found()
        assert done, f"no {name} within {WAIT_SECONDS} s; heard {names(self.calls[start:])}"
        assert call is not None
        return call

    def _start(self) -> None:
        self.client.connect("127.0.0.1", self._port, self._client_id)
        reader = self.client.reader
        assert reader is not None
        loop = threading.Thread(target=self._run, name=f"official client {self._client_id}")
        loop.start()
        self._threads = [reader, loop]

    def _since(self, start: int) -> list[Call]:
        return [call for call in self.calls[start:] if call.name != "currentTime"]

    def _run(self) -> None:
        try:
            self.client.run()
        except BaseException as failure:
            with self._answers.heard:
                self._failure = failure
                self._answers.heard.notify_all()

    def _check(self) -> None:
        if self._failure is not None:
            raise AssertionError("the official client broke") from self._failure


def names(calls: list[Call]) -> list[str]:
    """Return what was called, in order."""
    return [call.name for call in calls]


def every(name: str, calls: list[Call]) -> list[Call]:
    """Return the calls of one callback, in order."""
    return [call for call in calls if call.name == name]


def only(name: str, calls: list[Call]) -> Call:
    """Return the one call of a callback."""
    found = every(name, calls)
    assert len(found) == 1, f"{len(found)} calls of {name} among {names(calls)}"
    return found[0]


def errors(calls: list[Call]) -> list[tuple[int, int]]:
    """Return each error's request id and code, in order; notices of farms are left out."""
    return list(_errors(calls))


def _errors(calls: list[Call]) -> Iterator[tuple[int, int]]:
    for call in every("error", calls):
        assert not 500 <= call.errorCode < 600, f"the client itself reports {call.errorString}"
        if not 2100 <= call.errorCode < 2200:
            yield call.reqId, call.errorCode


def stock(symbol: str) -> Contract:
    """Return a stock as a program describes it."""
    contract = Contract()
    contract.symbol, contract.secType = symbol, "STK"
    contract.exchange, contract.currency = "SMART", "USD"
    return contract


def put() -> Contract:
    """Return the day's put."""
    contract = stock("AAPL")
    contract.secType, contract.right = "OPT", "P"
    contract.lastTradeDateOrContractMonth, contract.strike = "20260109", 260.0
    return contract


def order(action: str, quantity: int, kind: str = "MKT", **fields: Any) -> Order:
    """Return an order with these fields set, by the official names."""
    made = Order()
    made.action, made.totalQuantity, made.orderType = action, Decimal(quantity), kind
    for name, value in fields.items():
        assert hasattr(made, name), f"an official order has no {name}"
        setattr(made, name, value)
    return made
