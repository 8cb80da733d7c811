"""The lifecycle of an order: one table, and nothing else decides a status.

What the table has to admit, because brokers do it:

- a fill may come before the acknowledgement, and the acknowledgement after the last fill;
- a cancelled or rejected order may still report a fill that happened before: it counts;
- a refused replace or cancel leaves the order live, on its old terms;
- an order whose answer was lost is IN_DOUBT until the broker reports something of it; a refused
  cancel is no proof either way, and only proof (``FOUND_ABSENT``) may end that doubt as NOT_PLACED
  (doubt about new terms outlasts news that the order lives: see ``orders.Order``);
- the same news may be told twice;
- IBKR reports an order whose time in force ran out as cancelled, so there is no status of its own
  for it: the reason says so.

``PENDING_REPLACE`` and ``PENDING_CANCEL`` are requests under way on a live order. How much is
filled is a quantity of the order, not a status: a partly filled order is still WORKING.
"""

from __future__ import annotations

from enum import Enum

from brokerport.domain.errors import ContradictoryReport


class OrderStatus(Enum):
    """Where an order stands."""

    PENDING_SUBMIT = "pending submit"
    WORKING = "working"
    PENDING_REPLACE = "pending replace"
    PENDING_CANCEL = "pending cancel"
    IN_DOUBT = "in doubt"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    NOT_PLACED = "not placed"

    @property
    def is_done(self) -> bool:
        """Whether the order can no longer trade, as far as the broker has told."""
        return self in _DONE

    @property
    def is_live(self) -> bool:
        """Whether the broker has the order and may fill it."""
        return self in _LIVE


class OrderTrigger(Enum):
    """What can happen to an order."""

    ACKNOWLEDGED = "acknowledged"
    PARTIALLY_FILLED = "partially filled"
    FULLY_FILLED = "fully filled"
    REPLACE_REQUESTED = "replace requested"
    REPLACED = "replaced"
    REPLACE_REJECTED = "replace rejected"
    CANCEL_REQUESTED = "cancel requested"
    CANCEL_REJECTED = "cancel rejected"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    NOT_SENT = "not sent"
    ANSWER_LOST = "answer lost"
    FOUND_ABSENT = "found absent"


_S = OrderStatus
_T = OrderTrigger

_LIVE = frozenset({_S.WORKING, _S.PENDING_REPLACE, _S.PENDING_CANCEL})
_DONE = frozenset({_S.FILLED, _S.CANCELLED, _S.REJECTED, _S.NOT_PLACED})

TRANSITIONS: dict[OrderStatus, dict[OrderTrigger, OrderStatus]] = {
    _S.PENDING_SUBMIT: {
        _T.ACKNOWLEDGED: _S.WORKING,
        _T.PARTIALLY_FILLED: _S.WORKING,
        _T.FULLY_FILLED: _S.FILLED,
        _T.CANCELLED: _S.CANCELLED,
        _T.REJECTED: _S.REJECTED,
        _T.NOT_SENT: _S.NOT_PLACED,
        _T.ANSWER_LOST: _S.IN_DOUBT,
    },
    _S.WORKING: {
        _T.ACKNOWLEDGED: _S.WORKING,
        _T.PARTIALLY_FILLED: _S.WORKING,
        _T.FULLY_FILLED: _S.FILLED,
        _T.REPLACE_REQUESTED: _S.PENDING_REPLACE,
        _T.REPLACED: _S.WORKING,
        _T.REPLACE_REJECTED: _S.WORKING,
        _T.CANCEL_REQUESTED: _S.PENDING_CANCEL,
        _T.CANCEL_REJECTED: _S.WORKING,
        _T.CANCELLED: _S.CANCELLED,
        _T.REJECTED: _S.REJECTED,
        _T.ANSWER_LOST: _S.IN_DOUBT,
    },
    _S.PENDING_REPLACE: {
        _T.ACKNOWLEDGED: _S.PENDING_REPLACE,
        _T.PARTIALLY_FILLED: _S.PENDING_REPLACE,
        _T.FULLY_FILLED: _S.FILLED,
        _T.REPLACED: _S.WORKING,
        _T.REPLACE_REJECTED: _S.WORKING,
        _T.CANCEL_REQUESTED: _S.PENDING_CANCEL,
        _T.CANCEL_REJECTED: _S.PENDING_REPLACE,
        _T.CANCELLED: _S.CANCELLED,
        _T.REJECTED: _S.REJECTED,
        _T.ANSWER_LOST: _S.IN_DOUBT,
    },
    _S.PENDING_CANCEL: {
        _T.ACKNOWLEDGED: _S.PENDING_CANCEL,
        _T.PARTIALLY_FILLED: _S.PENDING_CANCEL,
        _T.FULLY_FILLED: _S.FILLED,
        _T.REPLACED: _S.PENDING_CANCEL,
        _T.REPLACE_REJECTED: _S.PENDING_CANCEL,
        _T.CANCEL_REQUESTED: _S.PENDING_CANCEL,
        _T.CANCEL_REJECTED: _S.WORKING,
        _T.CANCELLED: _S.CANCELLED,
        _T.REJECTED: _S.REJECTED,
        _T.ANSWER_LOST: _S.IN_DOUBT,
    },
    _S.IN_DOUBT: {
        _T.ACKNOWLEDGED: _S.WORKING,
        _T.PARTIALLY_FILLED: _S.WORKING,
        _T.FULLY_FILLED: _S.FILLED,
        _T.REPLACED: _S.WORKING,
        _T.REPLACE_REJECTED: _S.WORKING,
        # A refused cancel proves nothing ("no such order" is one), so asking must not end doubt.
        _T.CANCEL_REQUESTED: _S.IN_DOUBT,
        _T.CANCEL_REJECTED: _S.IN_DOUBT,
        _T.CANCELLED: _S.CANCELLED,
        _T.REJECTED: _S.REJECTED,
        _T.ANSWER_LOST: _S.IN_DOUBT,
        _T.FOUND_ABSENT: _S.NOT_PLACED,
    },
    _S.FILLED: {
        # Late news of a filled order changes nothing, but is no contradiction.
        _T.ACKNOWLEDGED: _S.FILLED,
        _T.FULLY_FILLED: _S.FILLED,
        _T.REPLACED: _S.FILLED,
        _T.REPLACE_REJECTED: _S.FILLED,
        _T.CANCEL_REJECTED: _S.FILLED,
        _T.ANSWER_LOST: _S.FILLED,
    },
    _S.CANCELLED: {
        _T.ACKNOWLEDGED: _S.CANCELLED,
        _T.PARTIALLY_FILLED: _S.CANCELLED,
        _T.FULLY_FILLED: _S.FILLED,
        _T.REPLACED: _S.CANCELLED,
        _T.REPLACE_REJECTED: _S.CANCELLED,
        _T.CANCEL_REJECTED: _S.CANCELLED,
        _T.CANCELLED: _S.CANCELLED,
        _T.ANSWER_LOST: _S.CANCELLED,
    },
    _S.REJECTED: {
        # A held or wrongly called dead order can come to life: its fills are real money.
        _T.ACKNOWLEDGED: _S.WORKING,
        _T.PARTIALLY_FILLED: _S.WORKING,
        _T.FULLY_FILLED: _S.FILLED,
        _T.REJECTED: _S.REJECTED,
        _T.CANCELLED: _S.REJECTED,
        _T.CANCEL_REJECTED: _S.REJECTED,
        _T.REPLACE_REJECTED: _S.REJECTED,
        _T.ANSWER_LOST: _S.REJECTED,
    },
    _S.NOT_PLACED: {
        _T.ACKNOWLEDGED: _S.WORKING,
        _T.PARTIALLY_FILLED: _S.WORKING,
        _T.FULLY_FILLED: _S.FILLED,
        _T.FOUND_ABSENT: _S.NOT_PLACED,
    },
}


def next_status(status: OrderStatus, trigger: OrderTrigger) -> OrderStatus:
    """Return where an order goes from ``status`` when ``trigger`` happens.

    Raises:
        ContradictoryReport: the table has no such transition.
    """
    try:
        return TRANSITIONS[status][trigger]
    except KeyError:
        raise ContradictoryReport(
            f"an order that is {status.value} cannot be {trigger.value}"
        ) from None
