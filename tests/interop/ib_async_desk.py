"""ib_async, unmodified, on the gateway's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ib_async import IB, Option, Stock, Trade

from brokerport.domain.instruments import Instrument
from brokerport.simulator.gateways.tws import GatewaySettings
from tests.interop.client_log import ClientLog, client_log
from tests.interop.floor import ACCOUNT, Floor, open_floor

TIMEOUT_SECONDS = 30
CLIENT_ID = 7


def stock(symbol: str) -> Stock:
    """Return a stock as a program describes it before it has been qualified."""
    return Stock(symbol, "SMART", "USD")


def put() -> Option:
    """Return the day's put, not qualified."""
    return Option("AAPL", "20260109", 260, "P", "SMART", currency="USD")


class IbAsyncDesk:
    """A connected ``IB``, the floor it trades on, and every error it was told of."""

    def __init__(self, floor: Floor, log: ClientLog, version: int) -> None:
        self.floor = floor
        self.log = log
        self.errors: list[tuple[int, int]] = []
        self.statuses: list[tuple[int, str]] = []
        self._version = version
        self.ib = self.new_client()

    async def connect(self, client_id: int = CLIENT_ID, ib: IB | None = None) -> None:
        """Connect and synchronise; an initial request that fails or times out raises."""
        await (ib or self.ib).connectAsync(
            "127.0.0.1", self.floor.gateway.port, client_id, timeout=10, raiseSyncErrors=True
        )

    async def reconnect(self) -> None:
        """Disconnect, wait until the gateway has noticed, and connect under the same id."""
        self.ib.disconnect()
        await self.floor.dropped()
        await self.connect()

    async def settle(self) -> None:
        """Hear everything the gateway has to say, what is due at the end of its turn included."""
        for _ in range(2):
            await self.ib.reqCurrentTimeAsync()

    async def show(
        self,
        instrument: Instrument,
        bid: str,
        ask: str,
        *,
        size: int = 1000,
        last: str | None = None,
    ) -> None:
        """Display a quote, let a tick pass, and hear what came of it."""
        self.floor.show(instrument, bid, ask, size=size, last=last)
        await self.settle()

    def close(self) -> None:
        """Disconnect."""
        self.ib.disconnect()

    def new_client(self) -> IB:
        """Return a client that is not connected yet."""
        ib = IB()
        # Programs set it to TWS's own zone: before version 174 times do not name theirs.
        ib.TimezoneTWS = "US/Eastern"
        ib.client.MaxClientVersion = self._version
        ib.client.MaxRequests = 0
        ib.errorEvent += self._on_error
        ib.orderStatusEvent += self._on_status
        return ib

    def _on_error(self, request_id: int, code: int, _text: str, _contract: object) -> None:
        if not 2100 <= code < 2200:
            self.errors.append((request_id, code))

    def _on_status(self, trade: Trade) -> None:
        self.statuses.append((trade.order.orderId, trade.orderStatus.status))


def play(
    story: Callable[[IbAsyncDesk], Awaitable[None]],
    *,
    version: int = 178,
    errors: tuple[int, ...] = (),
    faults: tuple[str, ...] = (),
    settings: GatewaySettings | None = None,
    accounts: tuple[str, ...] = (ACCOUNT,),
    client_id: int = CLIENT_ID,
) -> None:
    """Run a story with a connected desk.

    ``errors`` are the API errors that ib_async must log, ``faults`` what else it must log as one.
    """

    async def run(log: ClientLog) -> None:
        async with asyncio.timeout(TIMEOUT_SECONDS), open_floor(settings, accounts) as floor:
            desk = IbAsyncDesk(floor, log, version)
            await desk.connect(client_id)
            assert desk.ib.client.serverVersion() == version
            try:
                await story(desk)
            finally:
                desk.close()
            await floor.dropped()

    with client_log("ib_async") as log:
        asyncio.run(run(log))
    assert log.faults == list(faults)
    assert log.api_errors == list(errors)
