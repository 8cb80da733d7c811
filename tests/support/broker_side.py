"""The broker's side of one account: what trades do there, shown through the fake adapter."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from attrs import evolve

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Instrument, Option, Stock
from brokerport.domain.money import Money, usd
from brokerport.domain.order_types import Side
from brokerport.domain.positions import Holding
from brokerport.ports.orders import BookedExecution
from brokerport.ports.session import CommissionReported, ExecutionReported
from tests.support.examples import AAPL, GEN, execution
from tests.support.fake_adapter import FakeAdapter

COMMISSION = usd("1.00")


class BrokerSide:
    """Moves an account's holdings, cash and executions as a broker would."""

    def __init__(self, adapter: FakeAdapter, account: BrokerAccount = GEN) -> None:
        self._adapter = adapter
        self._account = account
        self._trades = 0

    @property
    def cash(self) -> Money:
        """What the broker shows as cash."""
        return self._adapter.account_data.cash[self._account]

    def held(self, instrument: Instrument) -> Decimal:
        """Return how much the broker shows of an instrument."""
        holdings = self._adapter.account_data.holdings.get(self._account, ())
        return sum((h.quantity for h in holdings if h.instrument == instrument), Decimal(0))

    def pay(self, amount: str | Decimal) -> None:
        """Move cash as no trade does: a dividend, interest, a fee."""
        self._adapter.account_data.cash[self._account] = self.cash + usd(amount)

    def move(self, instrument: Instrument, quantity: int | Decimal) -> None:
        """Change a holding as no trade does."""
        data = self._adapter.account_data
        now = self.held(instrument) + Decimal(quantity)
        others = [h for h in data.holdings.get(self._account, ()) if h.instrument != instrument]
        if now:
            others.append(Holding(instrument, now, Decimal(1)))
        data.holdings[self._account] = tuple(others)

    def settle(self, option: Option, shares: int) -> None:
        """End an option at expiry: so many shares bought (negative: sold) at the strike."""
        self.move(option, -self.held(option))
        if shares:
            self.move(Stock(option.underlying), shares)
            self.pay(-shares * option.strike)

    def trade(
        self,
        quantity: int,
        price: str = "190.00",
        instrument: Instrument = AAPL,
        *,
        order_reference: str | None = None,
        at: datetime | None = None,
        is_shown: bool = True,
    ) -> BookedExecution:
        """Trade (negative: sell), with a commission of a dollar; show it among the executions."""
        self._trades += 1
        fill = execution(
            abs(quantity),
            price,
            f"0000aaaa.{self._trades:08x}.01.01",
            instrument=instrument,
            side=Side.BUY if quantity > 0 else Side.SELL,
            broker_account=self._account,
            order_reference=order_reference,
        )
        if at is not None:
            fill = evolve(fill, executed_at=at)
        booked = BookedExecution(fill, Commission(fill.execution_id, COMMISSION))
        self.move(instrument, quantity)
        self.pay(fill.cash_flow.amount - COMMISSION.amount)
        if is_shown:
            self._adapter.orders.booked.append(booked)
        return booked

    def correct(self, booked: BookedExecution, price: str) -> Execution:
        """Correct the price of a fill, as IBKR does: the next revision takes its place."""
        before = booked.execution
        family, revision = before.family, before.revision + 1
        after = evolve(before, execution_id=f"{family}.{revision:02d}", price=Decimal(price))
        self.pay(after.cash_flow.amount - before.cash_flow.amount)
        orders = self._adapter.orders
        commission = Commission(after.execution_id, COMMISSION)
        orders.booked = [
            BookedExecution(after, commission) if one is booked else one for one in orders.booked
        ]
        return after

    def tell(self, booked: BookedExecution) -> None:
        """Report a fill and its commission over the line."""
        session = self._adapter.session
        session.tell(ExecutionReported(booked.execution))
        if booked.commission is not None:
            session.tell(CommissionReported(self._account, booked.commission))

    def forget_executions(self) -> None:
        """Show no executions any more, as on the next day."""
        self._adapter.orders.booked.clear()
