"""The stage every benchmark plays on: a deep, still market and accounts that never run out.

The market shows one quote each for AAPL and a put on it, with a size that no run exhausts, so every
order here is marketable, fills in full and at once. Orders alternate between buying and selling, so
that a position never grows. The world's clock stands still: what is measured is the handling of
orders.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from decimal import Decimal

import structlog
from ib_async.client import Client

from brokerport.adapters.tws import allowance
from brokerport.broker import Broker
from brokerport.config import (
    AccountSettings,
    JournalSettings,
    Settings,
    SimulatedSettings,
    TwsSettings,
)
from brokerport.container import open_broker
from brokerport.domain.accounts import BrokerAccount, Role
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import Limit, Side
from brokerport.domain.orders import Order, OrderRequest
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.gateways.tws import GatewaySettings, TwsGateway
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World

AAPL = Stock("AAPL")
ACCOUNT = BrokerAccount("DU1000001")
LOGICAL_ACCOUNT = "gen"
PUT = Option("AAPL", date(2026, 1, 23), Decimal(250), OptionRight.PUT)
BID, ASK = Decimal("250.00"), Decimal("250.05")
PRICES: dict[Instrument, tuple[Decimal, Decimal]] = {
    AAPL: (BID, ASK),
    PUT: (Decimal("2.00"), Decimal("2.05")),
}
SIZE = 10**12
CASH = 10**11
QUANTITY = Decimal(100)
UNLIMITED = 10**9

_ACCOUNTS = (AccountSettings(LOGICAL_ACCOUNT, Role.GEN, ACCOUNT.account_id),)


def keep_quiet() -> None:
    """Let the gateway log warnings only: its notices on the screen would be measured too."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def deep_market() -> ScriptedMarket:
    """Return the market in which no run of orders finds too little on offer."""
    market = ScriptedMarket()
    for instrument, (bid, ask) in PRICES.items():
        market.set_quote(instrument, bid, ask, SIZE, SIZE, last=bid)
    return market


def new_world(market: ScriptedMarket | None = None) -> World:
    """Return a world that stands still in an open session, with the deep market or another."""
    account = AccountSetup(ACCOUNT, usd(CASH))
    return World.build(Scenario(accounts=(account,), market=market or deep_market()))


def side_of(number: int) -> Side:
    """Return the side of the order of that number: buy, sell, buy, ..."""
    return Side.SELL if number % 2 else Side.BUY


def price_of(side: Side, instrument: Instrument = AAPL) -> Decimal:
    """Return the limit price that trades at once."""
    bid, ask = PRICES[instrument]
    return ask if side is Side.BUY else bid


def request_of(number: int, instrument: Instrument = AAPL) -> OrderRequest:
    """Return the order of that number as a user of ``Broker`` writes it."""
    side = side_of(number)
    limit = Limit(price_of(side, instrument))
    return OrderRequest(LOGICAL_ACCOUNT, instrument, side, QUANTITY, limit)


def require_filled(order: Order) -> None:
    """Stop the benchmark unless an order was filled: a figure for anything else would be a lie.

    Raises:
        RuntimeError: it is not filled.
    """
    if order.filled_quantity != QUANTITY or not order.status.is_done:
        raise RuntimeError(f"order {order.client_order_id} is {order.status.value}, not filled")


def unpaced_gateway(world: World) -> TwsGateway:
    """Return a gateway on a free port that does not count a client's messages."""
    return TwsGateway(world, settings=GatewaySettings(messages_per_second_max=None))


@asynccontextmanager
async def in_process_broker(world: World, journal_url: str = "memory:") -> AsyncIterator[Broker]:
    """Open a ``Broker`` on the world without a socket."""
    simulated, journal = SimulatedSettings(speed=0), JournalSettings(url=journal_url)
    settings = Settings("simulated", _ACCOUNTS, simulated=simulated, journal=journal)
    async with open_broker(settings, world=world) as broker:
        yield broker


@asynccontextmanager
async def tws_broker(
    port: int, client_id: int = 1, journal_url: str = "memory:"
) -> AsyncIterator[Broker]:
    """Open a ``Broker`` on a gateway's port, through the TWS adapter."""
    tws = TwsSettings(port=port, client_id=client_id)
    journal = JournalSettings(url=journal_url)
    async with open_broker(Settings("tws", _ACCOUNTS, tws=tws, journal=journal)) as broker:
        yield broker


@contextmanager
def throttles_lifted() -> Iterator[None]:
    """Let every client send as fast as it can: ``ib_async.IB`` and the TWS adapter alike.

    Both hold back at 45 messages a second unless told otherwise: the library by a class attribute
    of its client, the adapter by a constant of its own.
    """
    library, adapter = Client.MaxRequests, allowance.MESSAGES_PER_SECOND_MAX
    Client.MaxRequests, allowance.MESSAGES_PER_SECOND_MAX = 0, UNLIMITED
    try:
        yield
    finally:
        Client.MaxRequests, allowance.MESSAGES_PER_SECOND_MAX = library, adapter
