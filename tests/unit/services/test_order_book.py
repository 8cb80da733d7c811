"""The client's order book: every order, changed by reports alone, none of them believed blindly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import UnknownAccount, UnknownOrder
from brokerport.domain.events import (
    BrokerEvent,
    CommissionCharged,
    ContradictionFound,
    ExecutionReceived,
    OrderChanged,
)
from brokerport.domain.executions import Commission
from brokerport.domain.journal_fold import recorded_book
from brokerport.domain.money import usd
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit, Side
from brokerport.domain.reports import Acknowledged, Cancelled, Executed, Rejected, Replaced
from brokerport.services.order_book import OrderBook
from tests.support.examples import GEN, KEY, REV, account_map, execution, submitted

S = OrderStatus
ACK = Acknowledged(KEY, "17", 4711)


class Listener:
    """A book and everything it told."""

    def __init__(self) -> None:
        self.told: list[BrokerEvent] = []
        self.book = OrderBook(account_map(), self.told.append, MemoryJournal())


def test_a_report_changes_its_order_and_is_told() -> None:
    """The new order stands in the book, and the change is told with its report."""
    listener = Listener()
    listener.book.enter(submitted())
    changed = listener.book.apply(ACK)
    assert changed is not None
    assert changed.status is S.WORKING
    assert listener.book.order("gen", KEY) == changed
    assert listener.told == [OrderChanged(submitted()), OrderChanged(changed, ACK)]


def test_news_that_changes_nothing_is_not_told_again() -> None:
    """A repeated report leaves no second event."""
    listener = Listener()
    listener.book.enter(submitted())
    listener.book.apply(ACK)
    listener.book.apply(ACK)
    assert len(listener.told) == 2


def test_a_contradiction_is_kept_out_and_shown() -> None:
    """An overfill does not enter the order; it is told with the report, for a person to see."""
    listener = Listener()
    listener.book.enter(submitted(10))
    overfill = Executed(KEY, execution(11))
    assert listener.book.apply(overfill) == submitted(10)
    assert listener.book.order("gen", KEY) == submitted(10)
    found = listener.told[-1]
    assert isinstance(found, ContradictionFound)
    assert (found.client_order_id, found.report) == (KEY, overfill)
    assert "would fill 11" in found.detail


@pytest.mark.parametrize(
    ("broker_account", "where"),
    [(REV, "in account 'rev'"), (BrokerAccount("DU9999999"), "in an unmapped account")],
)
def test_a_fill_in_another_account_is_a_contradiction(
    broker_account: BrokerAccount, where: str
) -> None:
    """Our reference on a fill in somebody else's account is not our fill."""
    listener = Listener()
    listener.book.enter(submitted(10))
    listener.book.apply_execution(execution(5, broker_account=broker_account))
    assert listener.book.order("gen", KEY).filled_quantity == 0
    found = listener.told[-1]
    assert isinstance(found, ContradictionFound)
    assert where in found.detail


def test_a_fill_is_told_once_however_often_it_comes() -> None:
    """TWS repeats executions when they are read; a listener that adds them up stays right."""
    listener = Listener()
    listener.book.enter(submitted(10))
    for _time in range(3):
        listener.book.apply_execution(execution(5))
    fills = [event for event in listener.told if isinstance(event, ExecutionReceived)]
    assert fills == [ExecutionReceived("gen", execution(5))]
    assert listener.book.order("gen", KEY).filled_quantity == 5


@pytest.mark.parametrize(
    ("broker_account", "account"),
    [(GEN, "gen"), (REV, "rev"), (BrokerAccount("DU9999999"), None)],
)
@pytest.mark.parametrize("reference", [None, "somebody else's", KEY])
def test_a_strangers_fill_is_told_too(
    broker_account: BrokerAccount, account: str | None, reference: str | None
) -> None:
    """A person's trade in a managed account is news, and changes no order."""
    listener = Listener()
    stranger = execution(5, broker_account=broker_account, order_reference=reference)
    assert listener.book.apply_execution(stranger) is None
    assert listener.told == [ExecutionReceived(account, stranger)]


def test_open_orders_are_those_not_done() -> None:
    """An order leaves the open ones when it ends, and comes back if it proves alive."""
    listener = Listener()
    listener.book.enter(submitted(10))
    assert [order.status for order in listener.book.open_orders()] == [S.PENDING_SUBMIT]
    listener.book.apply(Rejected(KEY, "held", 201))
    assert list(listener.book.open_orders()) == []
    listener.book.apply_execution(execution(4))
    assert [order.filled_quantity for order in listener.book.open_orders()] == [4]
    listener.book.apply(Cancelled(KEY))
    assert list(listener.book.open_orders()) == []
    assert listener.book.order("gen", KEY).status is S.CANCELLED


def test_an_order_is_found_in_its_own_account_only() -> None:
    """A wrong account or id is named in the error."""
    listener = Listener()
    listener.book.enter(submitted())
    with pytest.raises(UnknownAccount, match="'com' is not mapped"):
        listener.book.order("com", KEY)
    with pytest.raises(UnknownOrder, match=f"account 'rev' has no order '{KEY}'"):
        listener.book.order("rev", KEY)
    with pytest.raises(UnknownOrder, match="has no order 'nonsense'"):
        listener.book.order("gen", "nonsense")
    assert listener.book.find("nonsense") is None


def test_reports_that_come_before_an_order_is_adopted_are_applied_then() -> None:
    """Between the read and the entry it filled and was cancelled: neither is lost."""
    listener = Listener()
    listener.book.apply_execution(execution(4))
    listener.book.apply(Cancelled(KEY, "by hand"))
    listener.book.adopt(submitted(10).after(ACK))
    order = listener.book.order("gen", KEY)
    assert (order.status, order.executions, order.reason) == (
        S.CANCELLED,
        (execution(4),),
        "by hand",
    )


def test_an_early_acknowledgement_does_not_revive_an_adopted_order() -> None:
    """The read was newer than it: a rejected order stays rejected."""
    listener = Listener()
    listener.book.apply(ACK)
    listener.book.adopt(submitted(10).after(Rejected(KEY, "no", 201)))
    assert listener.book.order("gen", KEY).status is S.REJECTED


def test_after_adoption_reports_on_unknown_orders_are_let_go() -> None:
    """What belongs to no order of ours is not kept for ever."""
    listener = Listener()
    listener.book.apply(Cancelled(KEY))
    listener.book.end_adoption()
    listener.book.apply(Cancelled(KEY))
    listener.book.adopt(submitted(10).after(ACK))
    assert listener.book.order("gen", KEY).status is S.WORKING


def test_a_fill_on_the_wrong_side_is_a_contradiction() -> None:
    """The order's own rules are asked, not only the account."""
    listener = Listener()
    listener.book.enter(submitted(10))
    listener.book.apply_execution(evolve(execution(5), side=Side.SELL))
    assert isinstance(listener.told[-1], ContradictionFound)


def test_a_fill_heard_before_its_order_was_known_survives_a_restart() -> None:
    """It was told and journalled before the order was taken over; read back, the order has it."""
    storage = MemoryStorage()
    book = OrderBook(account_map(), lambda _event: None, MemoryJournal(storage))
    book.begin_adoption()
    book.apply_execution(execution(4))
    book.adopt(submitted(10).after(ACK))
    order = book.order("gen", KEY)
    assert order.filled_quantity == 4
    assert recorded_book(storage.entries["gen"]).orders[KEY] == order


def test_a_fill_that_had_no_room_at_first_survives_a_restart() -> None:
    """Kept out, then taken because the order is for more: the journal must say so, too."""
    storage = MemoryStorage()
    book = OrderBook(account_map(), lambda _event: None, MemoryJournal(storage))
    book.enter(submitted(10))
    book.apply(ACK)
    book.apply_execution(execution(12))
    assert book.order("gen", KEY).filled_quantity == 0
    book.apply(Replaced(KEY, Decimal(20), Limit("190.00")))
    book.apply_execution(execution(12))
    order = book.order("gen", KEY)
    assert order.filled_quantity == 12
    assert recorded_book(storage.entries["gen"]).orders[KEY] == order


def test_a_commission_is_told_once_over_restarts() -> None:
    """Whoever adds them up must not count one twice because the process was restarted."""
    storage, told = MemoryStorage(), list[BrokerEvent]()
    charged = Commission("e1", usd(1))
    for _life in range(2):
        book = OrderBook(account_map(), told.append, MemoryJournal(storage))
        book.load(recorded_book(storage.entries.get("gen", [])))
        book.record_commission(GEN, charged)
    assert told == [CommissionCharged("gen", charged)]
    assert len(storage.entries["gen"]) == 1
