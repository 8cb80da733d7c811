"""Profit and loss, of accounts and of single positions (requests 92 and 94).

Rules (TWS API, "Profit And Loss (P&L)"): daily is since the last session's close, unrealized since
the position was opened, realized is what this day's closing trades booked. A position's daily
figure is what it is worth now, less what it was worth at the last close, less what was paid for it
(net of what was received) since; it counts prices, not commissions. It is unset when the market
knows no last close.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from attrs import define

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import FinalError
from brokerport.domain.instruments import Instrument
from brokerport.simulator.brokerage.brokerage import Brokerage
from brokerport.simulator.brokerage.orders import BrokerageExecution
from brokerport.simulator.gateways.log import gateway_logger
from brokerport.simulator.gateways.turn import EndOfTurn
from brokerport.simulator.gateways.tws.session import Session
from brokerport.simulator.wire.tws.messages.account import PnL, PnLSingle
from brokerport.simulator.world import World

ZERO = Decimal(0)

_log = gateway_logger(__name__)


@define(eq=False)
class ProfitSubscription:
    """One client's wish to hear of a profit and loss; ``instrument`` None means the account's."""

    session: Session
    request_id: int
    account: BrokerAccount
    instrument: Instrument | None = None
    told: PnL | PnLSingle | None = None


class ProfitAndLossFeed:
    """The subscriptions to profit and loss."""

    def __init__(self, world: World, now: Callable[[], datetime], end_of_turn: EndOfTurn) -> None:
        self._world = world
        self._now = now
        self._end_of_turn = end_of_turn
        self._subscriptions: dict[tuple[Session, int], ProfitSubscription] = {}

    def subscribe(self, subscription: ProfitSubscription) -> None:
        """Begin with the figures of now."""
        self._tell(subscription)
        self._subscriptions[subscription.session, subscription.request_id] = subscription

    def unsubscribe(self, session: Session, request_id: int) -> bool:
        """End a subscription; False when there is none."""
        return self._subscriptions.pop((session, request_id), None) is not None

    def forget(self, session: Session) -> None:
        """End every subscription of a client."""
        for key in [key for key in self._subscriptions if key[0] is session]:
            del self._subscriptions[key]

    def on_change(self) -> None:
        """Compute the figures again at the end of this turn."""
        if self._subscriptions:
            self._end_of_turn.ask(self._tell_all)

    def _tell_all(self) -> None:
        for subscription in tuple(self._subscriptions.values()):
            try:
                self._tell(subscription)
            except FinalError as cause:
                _log.warning(
                    "tws_gateway.unpriced",
                    account=subscription.account.masked,
                    cause=str(cause),
                )

    def _tell(self, subscription: ProfitSubscription) -> None:
        message: PnL | PnLSingle
        if subscription.instrument is None:
            message = self._of_account(subscription)
        else:
            message = self._of_position(subscription, subscription.instrument)
        if message != subscription.told:
            subscription.told = message
            subscription.session.send(message)

    def _of_account(self, subscription: ProfitSubscription) -> PnL:
        found = self._brokerage.profit_and_loss(subscription.account)
        return PnL(
            subscription.request_id,
            found.daily.amount,
            found.unrealised.amount,
            found.realised.amount,
        )

    def _of_position(self, subscription: ProfitSubscription, instrument: Instrument) -> PnLSingle:
        held = next(
            (
                holding
                for holding in self._brokerage.portfolio(subscription.account)
                if holding.position.instrument == instrument
            ),
            None,
        )
        quantity = ZERO if held is None else held.position.quantity
        value = ZERO if held is None else held.market_value
        booked = self._booked_today(subscription.account, instrument)
        return PnLSingle(
            request_id=subscription.request_id,
            pos=quantity,
            daily_pnl=self._daily(instrument, quantity, value, booked),
            unrealized_pnl=ZERO if held is None else held.unrealised_pnl,
            realized_pnl=sum(
                (
                    fill.commission.realised_pnl.amount
                    for fill in booked
                    if fill.commission.realised_pnl is not None
                ),
                ZERO,
            ),
            value=value,
        )

    def _daily(
        self,
        instrument: Instrument,
        quantity: Decimal,
        value: Decimal,
        booked: list[BrokerageExecution],
    ) -> Decimal | None:
        bought = sum((b.execution.side.sign * b.execution.quantity for b in booked), ZERO)
        received = sum((b.execution.cash_flow.amount for b in booked), ZERO)
        at_last_close = quantity - bought
        worth_then = ZERO
        if at_last_close:
            close = self._world.market.statistics(instrument, self._now()).previous_close
            if close is None:
                return None
            worth_then = at_last_close * close * instrument.multiplier
        return value - worth_then + received

    def _booked_today(
        self, account: BrokerAccount, instrument: Instrument
    ) -> list[BrokerageExecution]:
        session = self._world.calendar.latest_session(self._now())
        last_close = self._world.calendar.previous_session(session.day).closes_at
        return [
            booked
            for booked in self._brokerage.executions(last_close)
            if booked.execution.broker_account == account
            and booked.execution.instrument == instrument
        ]

    @property
    def _brokerage(self) -> Brokerage:
        return self._world.brokerage
