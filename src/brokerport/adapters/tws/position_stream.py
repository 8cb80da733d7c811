"""The stream of positions that TWS keeps up after the first request for them.

What comes before the first ``positionEnd`` is the state at the start; after it, a line that differs
from what was known is news. Re-reading the positions sends them all again, so only a difference is.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from ib_async.contract import Contract

from brokerport.adapters.tws.translate_contracts import to_instrument
from brokerport.adapters.tws.translate_numbers import number
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BadInput, Unsupported
from brokerport.domain.positions import Holding
from brokerport.ports.session import AdapterEvent, NoticeReported, PositionReported


class PositionRow(NamedTuple):
    """One position message."""

    account: str
    contract: Contract
    quantity: Decimal
    average_cost: Decimal

    @property
    def holding(self) -> Holding:
        """The position as a value.

        Raises:
            Unsupported: the instrument is none that brokerport has.
        """
        return Holding(to_instrument(self.contract), self.quantity, self.average_cost)


class PositionStream:
    """What TWS last said each account holds, and whether that is all of it."""

    def __init__(self, emit: Callable[[AdapterEvent], None]) -> None:
        self._emit = emit
        self._known: dict[tuple[str, int], tuple[Decimal, Decimal]] = {}
        self._is_complete = False

    def hear(
        self, account: str, contract: Contract, quantity: float, average_cost: float
    ) -> PositionRow:
        """Take in one position, report it if it is news, and return it."""
        row = PositionRow(
            account, contract, number(quantity, "position"), number(average_cost, "avgCost")
        )
        key, value = (account, contract.conId), (row.quantity, row.average_cost)
        is_news = self._known.get(key) != value
        self._known[key] = value
        if self._is_complete and is_news:
            self._report(row)
        return row

    def complete(self) -> None:
        """Take in that all positions have been told."""
        self._is_complete = True

    def _report(self, row: PositionRow) -> None:
        try:
            self._emit(PositionReported(BrokerAccount(row.account), row.holding))
        except (BadInput, Unsupported) as error:
            self._emit(NoticeReported(None, f"a position of {row.quantity} is not shown: {error}"))
