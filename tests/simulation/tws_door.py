"""A scripted world behind a TWS gateway, and a raw client of it over a real loopback socket.

The client is built on the codec's own client end, so that a test sees every message as it came.
Nothing sleeps: ``ask`` sends requests and then goes round twice with currentTime, after which every
answer, and everything told at the end of the gateway's turn, has arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Instrument
from brokerport.domain.money import usd
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.gateways.tws import GatewaySettings, TwsGateway
from brokerport.simulator.market.market import SessionStatistics
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.wire.tws.connection import ClientConnection, HandshakeAccepted
from brokerport.simulator.wire.tws.messages.order_values import WireOrder
from brokerport.simulator.wire.tws.messages.orders import PlaceOrder
from brokerport.simulator.wire.tws.messages.session import (
    CurrentTime,
    ErrorMessage,
    ReqCurrentTime,
    StartApi,
)
from brokerport.simulator.wire.tws.messages.values import WireContract
from brokerport.simulator.world import World
from tests.simulation.trading_floor import AAPL, MARGIN_ACCOUNT, MSFT, PUT

D = Decimal
ACCOUNT = MARGIN_ACCOUNT.account_id
AAPL_ID = 265598
STOCK = WireContract(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
OPTION = WireContract(
    symbol="AAPL",
    sec_type="OPT",
    last_trade_date_or_contract_month="20260109",
    strike=D(260),
    right="P",
    multiplier="100",
    exchange="SMART",
    currency="USD",
)

_PATIENCE_SECONDS = 10
"""When to give up waiting for what should happen at once."""

Message = TypeVar("Message")


class RawClient:
    """One TWS client that says exactly what a test has it say."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, max_version: int = 178
    ) -> None:
        self._reader = reader
        self.writer = writer
        self.wire = ClientConnection(max_version=max_version)

    async def read(self) -> Any:
        """Wait for the next message; None when the gateway has closed."""
        while (message := self.wire.next_event()) is None:
            data = await self._reader.read(65_536)
            if not data:
                return None
            self.wire.receive_data(data)
        return message

    async def shake_hands(self) -> HandshakeAccepted:
        """Agree on a version."""
        self.writer.write(self.wire.send_handshake())
        accepted = await self.read()
        assert isinstance(accepted, HandshakeAccepted)
        return accepted

    def send(self, *requests: object) -> None:
        """Send requests in one write."""
        self.writer.write(b"".join(self.wire.send(request) for request in requests))

    async def ask(self, *requests: object) -> list[Any]:
        """Send requests and return everything that came until all of it is answered."""
        self.send(*requests)
        return [*await self._go_round(), *await self._go_round()]

    async def _go_round(self) -> list[Any]:
        self.send(ReqCurrentTime())
        messages: list[Any] = []
        while True:
            message = await self.read()
            assert message is not None, "the gateway closed the connection"
            if isinstance(message, CurrentTime):
                return messages
            messages.append(message)

    async def until_closed(self) -> list[Any]:
        """Return everything that came until the gateway closed."""
        messages: list[Any] = []
        try:
            while (message := await self.read()) is not None:
                messages.append(message)
        except ConnectionError:
            pass  # A connection that was dropped, not closed, ends so.
        return messages

    async def hang_up(self) -> None:
        """Close the socket in an orderly way."""
        self.writer.close()
        await self.writer.wait_closed()


class Door:
    """The world, its market and its gateway, with shorthand for tests."""

    def __init__(self, world: World, market: ScriptedMarket, gateway: TwsGateway) -> None:
        self.world = world
        self.market = market
        self.gateway = gateway
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def brokerage(self) -> Any:
        """The broker behind the door."""
        return self.world.brokerage

    async def knock(self, max_version: int = 178) -> RawClient:
        """Connect a socket and say nothing."""
        return await self.knock_at(self.gateway, max_version)

    async def knock_at(self, gateway: TwsGateway, max_version: int = 178) -> RawClient:
        """Connect a socket to another gateway than the door's own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        self._writers.append(writer)
        return RawClient(reader, writer, max_version)

    async def leave(self) -> None:
        """Close every socket that a test opened and did not close."""
        for writer in self._writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def start(self, client_id: int = 1, max_version: int = 178) -> list[Any]:
        """Connect, start the API and return what the gateway says first, the client in front."""
        client = await self.knock(max_version)
        await client.shake_hands()
        return [client, *await client.ask(StartApi(client_id))]

    async def client(self, client_id: int = 1, max_version: int = 178) -> RawClient:
        """Return a started client."""
        client, *_ = await self.start(client_id, max_version)
        assert isinstance(client, RawClient)
        return client

    def show(
        self,
        instrument: Instrument,
        bid: str | None,
        ask: str | None,
        size: int = 1000,
        last: str | None = None,
    ) -> None:
        """Display a new quote of ``size`` on both sides."""
        self.market.set_quote(instrument, bid, ask, size, size, last)

    def tick(self, count: int = 1) -> None:
        """Let ticks pass."""
        self.world.advance(timedelta(seconds=self.world.scenario.tick_seconds * count))

    async def dropped(self, connections: int = 0) -> None:
        """Wait until the gateway has no more connections than that."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self.gateway.connection_count > connections:  # noqa: ASYNC110
                await asyncio.sleep(0)


def play(
    story: Callable[[Door], Awaitable[None]],
    *,
    settings: GatewaySettings | None = None,
    accounts: Sequence[BrokerAccount] = (MARGIN_ACCOUNT,),
    cash: int = 1_000_000,
    faults: int = 0,
) -> None:
    """Run a story against a gateway on a free port, which must end without a fault of its own."""

    async def run() -> None:
        market = ScriptedMarket()
        setups = tuple(AccountSetup(account, usd(cash)) for account in accounts)
        world = World.build(Scenario(seed=5, accounts=setups, market=market, tick_seconds=5))
        market.set_quote(AAPL, "270.00", "270.02", 1000, 1000, "270.01")
        market.set_quote(MSFT, "480.00", "480.04", 1000, 1000, "480.02")
        market.set_quote(PUT, "1.00", "1.04", 1000, 1000, "1.02")
        market.set_statistics(
            AAPL, SessionStatistics(D("269.5"), D("271"), D("269"), D("268"), D(12345))
        )
        async with TwsGateway(world, settings=settings) as gateway:
            door = Door(world, market, gateway)
            try:
                await story(door)
            finally:
                await gateway.close()
                await door.leave()
        assert gateway.faults.count == faults
        assert gateway.connection_count == 0

    asyncio.run(run())


def order(action: str = "BUY", quantity: int | str = 10, **fields: Any) -> WireOrder:
    """Return a market order, or whatever the fields make of it."""
    terms: dict[str, Any] = {"order_type": "MKT", **fields}
    return WireOrder(action=action, total_quantity=D(quantity), **terms)


def limit_order(
    price: str, action: str = "BUY", quantity: int | str = 10, **fields: Any
) -> WireOrder:
    """Return a limit order."""
    return order(action, quantity, order_type="LMT", lmt_price=D(price), **fields)


def place(order_id: int, wire_order: WireOrder, contract: WireContract = STOCK) -> PlaceOrder:
    """Return the request to place an order for AAPL's stock, or another contract."""
    return PlaceOrder(order_id, contract, wire_order)


def only(kind: type[Message], messages: Sequence[Any]) -> Message:
    """Return the one message of a kind."""
    found = every(kind, messages)
    assert len(found) == 1, messages
    return found[0]


def every(kind: type[Message], messages: Sequence[Any]) -> list[Message]:
    """Return the messages of a kind, in order."""
    return [message for message in messages if isinstance(message, kind)]


def errors(messages: Sequence[Any]) -> list[tuple[int, int]]:
    """Return each error's request id and code, in order."""
    return [(error.request_id, error.error_code) for error in every(ErrorMessage, messages)]


def names(messages: Sequence[Any]) -> list[str]:
    """Return what kind each message is, in order."""
    return [type(message).__name__ for message in messages]
