"""``ssd``/``usd`` and ``sld``/``uld``: an account's summary and its ledger, every ten seconds.

Rules (Web API, "Subscribe Account Summary", "Subscribe Account Ledger"):

- The first message shows everything asked for. Ten seconds (of the wall) later, and so on, comes
  one with what changed; the ledger names every currency even so, the rest of them blank.
- ``AccountCode`` is in every message of the summary that has it: it says whose summary this is.
- Ending one is answered, with a message that has no topic.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from attrs import define

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.gateways.client_portal.errors import PortalError
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.stream.frame import Frame
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.client_portal.stream.topics.topic import Command, Topic
from brokerport.simulator.gateways.client_portal.translate.account_figures import AccountFigures
from brokerport.simulator.gateways.client_portal.translate.account_values import summary_message
from brokerport.simulator.gateways.client_portal.translate.ledger import (
    blank_row,
    ledger_message,
)
from brokerport.simulator.gateways.client_portal.valuation import figures_of
from brokerport.simulator.gateways.log import gateway_logger
from brokerport.simulator.gateways.turn import EndOfTurn

EVERY_SECONDS = 10.0
NAMES_THE_ACCOUNT = "AccountCode"

Row = dict[str, Any]
ReadRows = Callable[[AccountFigures, Collection[str], Collection[str]], list[Row]]
SelectRows = Callable[[list[Row], list[Row]], list[Row]]

_log = gateway_logger(__name__)


@define(eq=False)
class ValueSubscription:
    """One connection's wish to hear of an account; remembers the rows it was told."""

    subscriber: Subscriber
    account: BrokerAccount
    keys: tuple[str, ...]
    fields: tuple[str, ...]
    told: list[Row]
    due_at: float


class AccountValuesTopic(Topic):
    """The subscriptions to one kind of account values."""

    def __init__(
        self,
        portal: ServedPortal,
        end_of_turn: EndOfTurn,
        *,
        letters: str,
        name: str,
        read_rows: ReadRows,
        select_rows: SelectRows,
    ) -> None:
        """Set the kind up: ``letters`` is ``sd`` or ``ld``, ``name`` what the answers call it."""
        super().__init__(portal, end_of_turn)
        self._letters = letters
        self._name = name
        self._read_rows = read_rows
        self._select_rows = select_rows
        self._subscriptions: dict[tuple[Subscriber, BrokerAccount], ValueSubscription] = {}

    def commands(self) -> Mapping[str, Command]:
        """Return what clients may ask for."""
        return {
            f"s{self._letters}": Command(self._subscribe),
            f"u{self._letters}": Command(self._unsubscribe),
        }

    def on_time(self, seconds: float) -> None:
        """Tell those whose ten seconds are over what has changed."""
        for subscription in tuple(self._subscriptions.values()):
            if subscription.due_at <= seconds:
                subscription.due_at = seconds + EVERY_SECONDS
                self._tell_changes(subscription)

    def next_due(self) -> float | None:
        """Return when the next ten seconds are over."""
        return min((one.due_at for one in self._subscriptions.values()), default=None)

    def end_brokerage(self, subscriber: Subscriber) -> None:
        """Go on: account values do not take the brokerage session."""

    def end(self, subscriber: Subscriber) -> None:
        """End every subscription of a connection."""
        for key in [key for key in self._subscriptions if key[0] is subscriber]:
            del self._subscriptions[key]

    def _subscribe(self, subscriber: Subscriber, frame: Frame) -> None:
        account = self.portal.account(frame.target(0, "accountId"))
        keys, fields = frame.texts("keys"), frame.texts("fields")
        rows = self._read_rows(figures_of(self.portal, account), keys, fields)
        self._subscriptions[subscriber, account] = ValueSubscription(
            subscriber, account, keys, fields, rows, self.portal.monotonic() + EVERY_SECONDS
        )
        self._send(subscriber, account, rows)

    def _unsubscribe(self, subscriber: Subscriber, frame: Frame) -> None:
        account = self.portal.account(frame.target(0, "accountId"))
        self._subscriptions.pop((subscriber, account), None)
        subscriber.send({"result": f"unsubscribed from {self._name}"})

    def _tell_changes(self, subscription: ValueSubscription) -> None:
        account = subscription.account
        try:
            figures = figures_of(self.portal, account)
        except PortalError as unpriced:
            _log.warning("portal_stream.unpriced", account=account.masked, cause=str(unpriced))
            return
        rows = self._read_rows(figures, subscription.keys, subscription.fields)
        selected = self._select_rows(subscription.told, rows)
        subscription.told = rows
        if selected:
            self._send(subscription.subscriber, account, selected)

    def _send(self, subscriber: Subscriber, account: BrokerAccount, rows: list[Row]) -> None:
        subscriber.send({"result": rows, "topic": f"s{self._letters}+{account.account_id}"})


def account_summary(portal: ServedPortal, end_of_turn: EndOfTurn) -> AccountValuesTopic:
    """Return the topic of account summaries."""
    return AccountValuesTopic(
        portal,
        end_of_turn,
        letters="sd",
        name="summary",
        read_rows=summary_message,
        select_rows=_changed_rows,
    )


def account_ledger(portal: ServedPortal, end_of_turn: EndOfTurn) -> AccountValuesTopic:
    """Return the topic of account ledgers."""
    return AccountValuesTopic(
        portal,
        end_of_turn,
        letters="ld",
        name="ledger",
        read_rows=ledger_message,
        select_rows=_changed_or_blank,
    )


def _changed_rows(told: list[Row], rows: list[Row]) -> list[Row]:
    before = {row["key"]: _content(row) for row in told}
    changed = [row for row in rows if before.get(row["key"]) != _content(row)]
    if not changed:
        return []
    named = [row for row in rows if row["key"] == NAMES_THE_ACCOUNT and row not in changed]
    return named + changed


def _changed_or_blank(told: list[Row], rows: list[Row]) -> list[Row]:
    before = {row["key"]: _content(row) for row in told}
    return [row if before.get(row["key"]) != _content(row) else blank_row(row) for row in rows]


def _content(row: Row) -> Row:
    return {name: what for name, what in row.items() if name != "timestamp"}
