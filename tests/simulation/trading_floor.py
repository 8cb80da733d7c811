"""A scripted world for the tests: a few instruments with quotes set by hand, and short orders.

It is Monday 2026-01-05, 9:30 in New York; the session is open.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.domain.positions import Position
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.brokerage.events import BrokerageEvent
from brokerport.simulator.brokerage.orders import BrokerageOrder, OrderEntry, Ticket
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World

OPENING = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
CLOSING = datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
EXPIRY = date(2026, 1, 9)
EXPIRY_CLOSE = datetime(2026, 1, 9, 21, 0, tzinfo=UTC)

AAPL = Stock("AAPL")
MSFT = Stock("MSFT")
CALL = Option("AAPL", EXPIRY, Decimal(280), OptionRight.CALL)
DEEP_CALL = Option("AAPL", EXPIRY, Decimal(250), OptionRight.CALL)
PUT = Option("AAPL", EXPIRY, Decimal(260), OptionRight.PUT)
ITM_PUT = Option("AAPL", EXPIRY, Decimal(280), OptionRight.PUT)

MARGIN_ACCOUNT = BrokerAccount("DU1000001")
CASH_ACCOUNT = BrokerAccount("DU1000002")

D = Decimal


def limit(price: str) -> Limit:
    """Trade at ``price`` or better."""
    return Limit(D(price))


def stop(trigger: str) -> Stop:
    """Become a market order at ``trigger``."""
    return Stop(D(trigger))


def stop_limit(trigger: str, price: str) -> StopLimit:
    """Become a limit order at ``trigger``."""
    return StopLimit(D(trigger), D(price))


class TradingFloor:
    """A world over a scripted market, with the events it told and shorthand for orders."""

    def __init__(
        self,
        margin_cash: int | str = 100_000,
        cash_cash: int | str = 100_000,
        *,
        seed: int = 11,
        tick_seconds: int = 60,
    ) -> None:
        self.market = ScriptedMarket()
        setups = (
            AccountSetup(MARGIN_ACCOUNT, usd(margin_cash), "reg_t"),
            AccountSetup(CASH_ACCOUNT, usd(cash_cash), "cash"),
        )
        self.world = World.build(
            Scenario(seed=seed, accounts=setups, market=self.market, tick_seconds=tick_seconds)
        )
        self.brokerage = self.world.brokerage
        self.events: list[BrokerageEvent] = []
        self.brokerage.subscribe(self.events.append)
        self._order_id = 0

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

    def show_everything(self, size: int = 1000) -> None:
        """Display a usual quote of each instrument: Apple at 270, Microsoft at 480."""
        self.show(AAPL, "270.00", "270.02", size, "270.01")
        self.show(MSFT, "480.00", "480.04", size, "480.02")
        self.show(CALL, "1.20", "1.24", size)
        self.show(DEEP_CALL, "20.30", "20.50", size)
        self.show(PUT, "1.00", "1.04", size)
        self.show(ITM_PUT, "11.10", "11.30", size)

    def ticket(
        self,
        side: Side,
        quantity: int | str,
        instrument: Instrument = AAPL,
        order_type: OrderType | None = None,
        time_in_force: TimeInForce = TimeInForce.DAY,
        account: BrokerAccount = MARGIN_ACCOUNT,
    ) -> Ticket:
        """Return a ticket with an order id of its own; a market order unless told otherwise."""
        self._order_id += 1
        return Ticket(
            account=account,
            instrument=instrument,
            side=side,
            quantity=D(quantity),
            order_type=order_type or Market(),
            time_in_force=time_in_force,
            order_reference=f"reference {self._order_id}",
            entry=OrderEntry("test", 1, self._order_id),
        )

    def buy(
        self,
        quantity: int | str,
        instrument: Instrument = AAPL,
        order_type: OrderType | None = None,
        time_in_force: TimeInForce = TimeInForce.DAY,
        account: BrokerAccount = MARGIN_ACCOUNT,
    ) -> BrokerageOrder:
        """Place a buy."""
        return self.brokerage.place(
            self.ticket(Side.BUY, quantity, instrument, order_type, time_in_force, account)
        )

    def sell(
        self,
        quantity: int | str,
        instrument: Instrument = AAPL,
        order_type: OrderType | None = None,
        time_in_force: TimeInForce = TimeInForce.DAY,
        account: BrokerAccount = MARGIN_ACCOUNT,
    ) -> BrokerageOrder:
        """Place a sell."""
        return self.brokerage.place(
            self.ticket(Side.SELL, quantity, instrument, order_type, time_in_force, account)
        )

    def tick(self) -> None:
        """Let one tick pass."""
        self.world.advance(timedelta(seconds=self.world.scenario.tick_seconds))

    def now(self, order: BrokerageOrder) -> BrokerageOrder:
        """Return the order as it is now."""
        return self.brokerage.order(order.perm_id)

    def cash(self, account: BrokerAccount = MARGIN_ACCOUNT) -> Decimal:
        """Return the account's cash."""
        return self.brokerage.balances(account).total_cash.amount

    def available(self, account: BrokerAccount = MARGIN_ACCOUNT) -> Decimal:
        """Return the account's available funds."""
        return self.brokerage.balances(account).available_funds.amount

    def position(
        self, instrument: Instrument, account: BrokerAccount = MARGIN_ACCOUNT
    ) -> Position | None:
        """Return the account's position, None when flat."""
        held = {position.instrument: position for position in self.brokerage.positions(account)}
        return held.get(instrument)

    def quantity(self, instrument: Instrument, account: BrokerAccount = MARGIN_ACCOUNT) -> Decimal:
        """Return how much the account holds, negative when short."""
        position = self.position(instrument, account)
        return D(0) if position is None else position.quantity

    def event_names(self) -> list[str]:
        """Return the types of the events told so far, and forget the events."""
        names = [type(event).__name__ for event in self.events]
        self.events.clear()
        return names
