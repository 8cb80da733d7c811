"""Account values, portfolio and account summaries, told when they change.

Rules (TWS API, "Account & Portfolio Data"): a subscriber first gets everything and an end marker;
later only what changed, after a trade at once and otherwise every three minutes. Changes within one
turn of the event loop are told together, so that a burst of fills prices an account once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from attrs import define, field

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.brokerage.brokerage import Brokerage
from brokerport.simulator.brokerage.marks import NoMarkPrice
from brokerport.simulator.gateways.log import gateway_logger
from brokerport.simulator.gateways.turn import EndOfTurn
from brokerport.simulator.gateways.tws.session import Session
from brokerport.simulator.gateways.tws.times import clock_time
from brokerport.simulator.gateways.tws.translate.account_values import (
    AccountFigures,
    ValueKey,
    figures,
)
from brokerport.simulator.gateways.tws.translate.contracts import ContractBook
from brokerport.simulator.wire.tws.messages.account import (
    AccountDownloadEnd,
    AccountSummary,
    AccountSummaryEnd,
    AccountUpdateMulti,
    AccountUpdateMultiEnd,
    AccountUpdateTime,
    AccountValue,
    PortfolioValue,
)

_log = gateway_logger(__name__)

SelectValues = Callable[[AccountFigures], dict[ValueKey, str]]
SendValue = Callable[[Session, BrokerAccount, str, str, str], None]


@define(eq=False)
class ValueSubscription:
    """One client's wish to hear of some of an account's values; remembers what it was told."""

    session: Session
    accounts: tuple[BrokerAccount, ...]
    select: SelectValues
    send_value: SendValue
    with_portfolio: bool = False
    told_values: dict[tuple[BrokerAccount, ValueKey], str] = field(factory=dict)
    told_portfolio: dict[int, PortfolioValue] = field(factory=dict)


SubscriptionKey = tuple[Session, str, int]


class AccountFeed:
    """The subscriptions to account values, of every kind."""

    def __init__(
        self,
        brokerage: Brokerage,
        contracts: ContractBook,
        now: Callable[[], datetime],
        end_of_turn: EndOfTurn,
        update_seconds: int,
    ) -> None:
        self._brokerage = brokerage
        self._contracts = contracts
        self._now = now
        self._end_of_turn = end_of_turn
        self._update_every = timedelta(seconds=update_seconds)
        self._subscriptions: dict[SubscriptionKey, ValueSubscription] = {}
        self._changed: dict[BrokerAccount, None] = {}
        self._priced_at = now()

    def subscribe_updates(self, session: Session, account: BrokerAccount) -> BrokerAccount | None:
        """Begin account updates (request 6); return the account they replace, if another."""
        key = (session, "updates", 0)
        replaced = self._subscriptions.get(key)
        self._begin(
            key,
            ValueSubscription(
                session, (account,), AccountFigures.all_values, _send_update, with_portfolio=True
            ),
        )
        session.send(AccountUpdateTime(clock_time(self._now())))
        session.send(AccountDownloadEnd(account.account_id))
        if replaced is None or replaced.accounts == (account,):
            return None
        return replaced.accounts[0]

    def subscribe_multi(
        self, session: Session, request_id: int, account: BrokerAccount, ledger_only: bool
    ) -> None:
        """Begin account updates of one account or model (request 76)."""

        def send(to: Session, of: BrokerAccount, key: str, value: str, currency: str) -> None:
            to.send(AccountUpdateMulti(request_id, of.account_id, "", key, value, currency))

        select = AccountFigures.ledger_and_value if ledger_only else AccountFigures.all_values
        self._begin(
            (session, "multi", request_id), ValueSubscription(session, (account,), select, send)
        )
        session.send(AccountUpdateMultiEnd(request_id))

    def subscribe_summary(
        self,
        session: Session,
        request_id: int,
        accounts: tuple[BrokerAccount, ...],
        tags: tuple[str, ...],
    ) -> None:
        """Begin an account summary (request 62)."""

        def send(to: Session, of: BrokerAccount, key: str, value: str, currency: str) -> None:
            to.send(AccountSummary(request_id, of.account_id, key, value, currency))

        def select(account: AccountFigures) -> dict[ValueKey, str]:
            return account.summary(tags)

        self._begin(
            (session, "summary", request_id), ValueSubscription(session, accounts, select, send)
        )
        session.send(AccountSummaryEnd(request_id))

    def summaries_of(self, session: Session) -> int:
        """Return how many account summaries a client is subscribed to."""
        return sum(1 for key in self._subscriptions if key[0] is session and key[1] == "summary")

    def unsubscribe(self, session: Session, kind: str, request_id: int = 0) -> bool:
        """End a subscription; False when there is none."""
        return self._subscriptions.pop((session, kind, request_id), None) is not None

    def forget(self, session: Session) -> None:
        """End every subscription of a client."""
        for key in [key for key in self._subscriptions if key[0] is session]:
            del self._subscriptions[key]

    def on_change(self, account: BrokerAccount) -> None:
        """Take note that an account's values changed; its subscribers hear of it soon."""
        if not self._subscriptions:
            return
        self._changed[account] = None
        self._end_of_turn.ask(self._tell_changes)

    def on_tick(self, at: datetime) -> None:
        """Price every account again when it is time."""
        if at - self._priced_at < self._update_every:
            return
        self._priced_at = at
        for account in self._brokerage.accounts:
            self.on_change(account)

    def _begin(self, key: SubscriptionKey, subscription: ValueSubscription) -> None:
        # A request that cannot be answered leaves no subscription behind.
        self._tell(subscription, {a: figures(self._brokerage, a) for a in subscription.accounts})
        self._subscriptions[key] = subscription

    def _tell_changes(self) -> None:
        changed = tuple(self._changed)
        self._changed.clear()
        priced: dict[BrokerAccount, AccountFigures] = {}
        for account in changed:
            try:
                priced[account] = figures(self._brokerage, account)
            except NoMarkPrice as unpriced:
                _log.warning("tws_gateway.unpriced", account=account.masked, cause=str(unpriced))
        for subscription in tuple(self._subscriptions.values()):
            self._tell(subscription, priced)

    def _tell(
        self, subscription: ValueSubscription, priced: dict[BrokerAccount, AccountFigures]
    ) -> None:
        for account in subscription.accounts:
            if account not in priced:
                continue
            told = subscription.told_values
            for key, value in subscription.select(priced[account]).items():
                if told.get((account, key)) != value:
                    told[account, key] = value
                    tag, currency = key
                    subscription.send_value(subscription.session, account, tag, value, currency)
            if subscription.with_portfolio:
                self._tell_portfolio(subscription, priced[account])

    def _tell_portfolio(self, subscription: ValueSubscription, account: AccountFigures) -> None:
        told = subscription.told_portfolio
        items = {item.contract.con_id: item for item in account.portfolio(self._contracts)}
        changes = [item for con_id, item in items.items() if told.get(con_id) != item]
        changes += [
            account.closed(item, self._realised(account.account, con_id))
            for con_id, item in told.items()
            if con_id not in items
        ]
        for item in changes:
            subscription.session.send(item)
        subscription.told_portfolio = items

    def _realised(self, account: BrokerAccount, con_id: int) -> Decimal:
        return self._brokerage.position(account, self._contracts.instrument(con_id)).realised_pnl


def _send_update(
    session: Session, account: BrokerAccount, key: str, value: str, currency: str
) -> None:
    session.send(AccountValue(key, value, currency, account.account_id))
