"""The scripted exchange the foreign clients trade on, behind a TWS gateway on a free port.

It is Monday 2026-01-05, 9:30 in New York; a tick is five seconds. Nothing moves but by ``show``,
``tick`` and ``wait_until``, which must be called on the gateway's own loop.

The day's trades, whatever client makes them (commissions: IBKR Pro fixed, at least one dollar an
order):

| trade                        | price  | commission | average cost | realised | cash       |
|------------------------------|--------|------------|--------------|----------|------------|
| buy 100 AAPL, market         | 270.02 | 1.00       | 270.03       |          | 972 997.00 |
| buy 400 AAPL, limit: 150 and | 269.90 | 1.00       | 269.956      |          | 932 511.00 |
| ... the other 250            | 269.88 | 1.00       | 269.92       |          | 865 040.00 |
| sell 200 AAPL, limit         | 271.00 | 1.00       | 269.92       |  215.00  | 919 239.00 |
| sell 100 AAPL, stop 268      | 267.94 | 1.00       | 269.92       | -199.00  | 946 032.00 |
| buy 10 MSFT, stop limit      | 481.20 | 1.00       | 481.30       |          | 941 219.00 |
| buy 2 puts, limit            | 1.04   | 1.30       | 104.65       |          | 941 009.70 |
| sell 2 puts, limit           | 1.50   | 1.30       |              |   89.40  | 941 308.40 |
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.market_data import Greeks
from brokerport.domain.money import usd
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.gateways.tws import GatewaySettings, TwsGateway
from brokerport.simulator.market.market import Bar, SessionStatistics
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World

D = Decimal
ACCOUNT = "DU1000001"
OPENING_CASH = 1_000_000
OPENING = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
CLOSING = datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
NEXT_OPENING = datetime(2026, 1, 6, 14, 30, tzinfo=UTC)
TICK = timedelta(seconds=5)
VERSIONS = (157, 176, 177, 178)
"""Every layout that is met in practice (shared page "TWS API wire protocol", section 2)."""

AAPL, MSFT, SPY = Stock("AAPL"), Stock("MSFT"), Stock("SPY")
PUT = Option("AAPL", date(2026, 1, 9), D(260), OptionRight.PUT)
AAPL_ID, MSFT_ID, SPY_ID = 265598, 272093, 756733
GREEKS = Greeks(D("-0.125"), D("0.015625"), D("-0.25"), D("0.0625"), D("0.5"), D("270"), D("1.02"))

DAILY_BARS = 5
MINUTE_BARS = 30


@frozen
class Trade:
    """One fill of the day's plan: what it must be, to the cent and the second."""

    symbol: str
    side: str
    quantity: int
    price: str
    commission: str
    realised: str | None
    at: datetime


def _at(ticks: int) -> datetime:
    return OPENING + ticks * TICK


DAY_TRADES = (
    Trade("AAPL", "BOT", 100, "270.02", "1.00", None, _at(0)),
    Trade("AAPL", "BOT", 150, "269.90", "1.00", None, _at(1)),
    Trade("AAPL", "BOT", 250, "269.88", "1.00", None, _at(2)),
    Trade("AAPL", "SLD", 200, "271.00", "1.00", "215.00", _at(3)),
    Trade("AAPL", "SLD", 100, "267.94", "1.00", "-199.00", _at(4)),
    Trade("MSFT", "BOT", 10, "481.20", "1.00", None, _at(5)),
    Trade("AAPL", "BOT", 2, "1.04", "1.30", None, _at(5)),
    Trade("AAPL", "SLD", 2, "1.50", "1.30", "89.40", _at(6)),
)


class Floor:
    """The market, its world and its gateway."""

    def __init__(
        self, settings: GatewaySettings | None = None, accounts: tuple[str, ...] = (ACCOUNT,)
    ) -> None:
        self.market = ScriptedMarket()
        self.world = World.build(
            Scenario(
                seed=7,
                accounts=tuple(
                    AccountSetup(BrokerAccount(account), usd(OPENING_CASH)) for account in accounts
                ),
                market=self.market,
                tick_seconds=int(TICK.total_seconds()),
            )
        )
        # Tests send faster than people; IBKR's limit has a test of its own.
        self.gateway = TwsGateway(
            self.world, settings=settings or GatewaySettings(messages_per_second_max=None)
        )
        self._open_the_market()

    @property
    def now(self) -> datetime:
        """The world's time."""
        return self.world.clock.now()

    @property
    def cash(self) -> Decimal:
        """The account's cash in the exchange's own books."""
        return self.world.brokerage.balances(BrokerAccount(ACCOUNT)).total_cash.amount

    def show(
        self,
        instrument: Instrument,
        bid: str,
        ask: str,
        *,
        size: int = 1000,
        last: str | None = None,
    ) -> None:
        """Display a new quote of ``size`` on both sides, and let one tick pass."""
        self.market.set_quote(instrument, bid, ask, size, size, last)
        self.tick()

    def tick(self, count: int = 1) -> None:
        """Let ticks pass."""
        self.world.advance(count * TICK)

    def wait_until(self, at: datetime) -> None:
        """Let time pass."""
        self.world.advance_to(at)

    def set_running_bar(self, volume: int) -> None:
        """Change the minute bar that began at ten o'clock."""
        bars = [*_minute_bars(), _bar(OPENING + MINUTE_BARS * timedelta(minutes=1), 30, volume)]
        self.market.set_bars(AAPL, 60, bars)

    async def dropped(self, connections: int = 0) -> None:
        """Wait until the gateway has no more connections than that."""
        while self.gateway.connection_count > connections:  # noqa: ASYNC110 - no event to await
            await asyncio.sleep(0)

    def _open_the_market(self) -> None:
        market = self.market
        market.set_quote(AAPL, "270.00", "270.02", 1000, 1000, "270.01", 100)
        market.set_quote(MSFT, "480.00", "480.04", 1000, 1000, "480.02", 100)
        market.set_quote(SPY, "684.90", "684.92", 1000, 1000, "684.91", 100)
        market.set_quote(PUT, "1.00", "1.04", 50, 60, "1.02", 7)
        market.set_greeks(PUT, GREEKS)
        market.set_statistics(
            AAPL, SessionStatistics(D("269.5"), D("271"), D("269"), D("268"), D(12345))
        )
        market.set_bars(AAPL, 86_400, _daily_bars(self.world.calendar))
        market.set_bars(AAPL, 60, _minute_bars())
        market.set_bars(AAPL, 5, [_bar(_at(n), n, 10 + n) for n in range(12)])


@asynccontextmanager
async def open_floor(
    settings: GatewaySettings | None = None, accounts: tuple[str, ...] = (ACCOUNT,)
) -> AsyncIterator[Floor]:
    """Open the exchange with its gateway; at the end the gateway must not have made a mistake."""
    floor = Floor(settings, accounts)
    async with floor.gateway:
        yield floor
    assert floor.gateway.faults.count == 0
    assert floor.gateway.connection_count == 0


def _daily_bars(calendar: TradingCalendar) -> Iterator[Bar]:
    session = calendar.session_on(OPENING.date())
    for number in range(DAILY_BARS - 1, -1, -1):
        assert session is not None
        yield _bar(session.opens_at, number, 1000 + number)
        session = calendar.previous_session(session.day)


def _minute_bars() -> list[Bar]:
    return [_bar(OPENING + n * timedelta(minutes=1), n, 100 + n) for n in range(MINUTE_BARS)]


def _bar(begins_at: datetime, number: int, volume: int) -> Bar:
    """Return a bar whose figures all differ, so that no two can be mixed up."""
    base = D(270) + number
    return Bar(
        begins_at=begins_at,
        open=base,
        high=base + D("0.75"),
        low=base - D("0.50"),
        close=base + D("0.25"),
        volume=D(volume),
        count=40 + number,
        average=base + D("0.125"),
    )
