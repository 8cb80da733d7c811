"""The journal's entries: what happened to one logical account, in the order of happening.

An entry is written before what it tells of is acted on: an intent before it is sent, a report
before a caller hears of it. Reading them back gives the books again (``journal_fold``).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from attrs import field, frozen

from brokerport.domain.executions import Commission, Execution, utc
from brokerport.domain.instruments import Option
from brokerport.domain.money import Money
from brokerport.domain.orders import Order
from brokerport.domain.positions import Holding
from brokerport.domain.reports import OrderReport


@frozen
class OrderRecorded:
    """An order as it became by something we did or concluded.

    It was submitted, asked to be replaced or cancelled, not sent after all, in doubt, proved absent
    or taken over from the broker's record.
    """

    order: Order


@frozen
class ReportRecorded:
    """The broker reported something of an order of ours, and it was believed.

    A fill is here only when its order took it later than the account did: it was told before the
    order was known, or before the terms that have room for it.
    """

    report: OrderReport


@frozen
class ExecutionRecorded:
    """The account had a fill, or a correction of one; of an order of ours or of anyone's."""

    execution: Execution


@frozen
class CommissionRecorded:
    """The broker charged commission for an execution of the account."""

    commission: Commission


@frozen
class HistoryRecorded:
    """Our books of the account begin here; these fills, by id, are older than they are."""

    executions: tuple[str, ...]


@frozen
class BaselineRecorded:
    """What the broker showed of the account at ``at`` (UTC), from which its ledger begins anew.

    ``executions`` are the ids of those fills whose effect is in ``cash`` and ``holdings`` already.
    """

    cash: Money
    holdings: tuple[Holding, ...]
    executions: tuple[str, ...]
    at: datetime = field(converter=utc)
    reason: str


@frozen
class SettlementRecorded:
    """An option position ended on its expiry date.

    ``quantity`` is the position in contracts, negative when it was short. ``stock_quantity`` is the
    change in the underlying, in shares; zero when it expired worthless.
    """

    option: Option
    quantity: Decimal
    stock_quantity: Decimal


@frozen
class QuarantineRecorded:
    """The account was closed for opening orders; ``reasons`` are the discrepancies, in words."""

    reasons: tuple[str, ...]


@frozen
class ReleaseRecorded:
    """Somebody looked at the account and opened it again; ``note`` is what they wrote."""

    note: str


JournalEntry: TypeAlias = (
    OrderRecorded
    | ReportRecorded
    | ExecutionRecorded
    | CommissionRecorded
    | HistoryRecorded
    | BaselineRecorded
    | SettlementRecorded
    | QuarantineRecorded
    | ReleaseRecorded
)
