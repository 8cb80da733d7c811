"""Orders: their identity, their requests, and each awkward thing a broker may report of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from brokerport.domain.errors import BadInput, ContradictoryReport, InvalidOrder
from brokerport.domain.instruments import Option, OptionRight
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit, Side, StopLimit
from brokerport.domain.orders import (
    ClientOrderId,
    Order,
    OrderRequest,
    check_not_expired,
    is_client_order_id,
)
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    Executed,
    OrderReport,
    Rejected,
    Replaced,
    ReplaceRefused,
    Warned,
)
from tests.support.examples import AAPL, AAPL_PUT, KEY, MSFT, execution, facts, request, submitted
from tests.support.properties import PROPERTY

S = OrderStatus
OLD = Limit("190.00")
NEW = Limit("191.00")

ACK = Acknowledged(KEY, "17", 4711)


def told(order: Order, *reports: OrderReport) -> Order:
    """Return the order after these reports."""
    for report in reports:
        order = order.after(report)
    return order


def fill(quantity: int, execution_id: str = "e1", price: str = "190.00") -> Executed:
    """Return the report of a fill."""
    return Executed(KEY, execution(quantity, price, execution_id))


def working(quantity: int = 10) -> Order:
    """Return an order that the broker works."""
    return told(submitted(quantity), ACK)


def replacing(quantity: int, new_quantity: int, order_type: Limit = OLD) -> Order:
    """Return a working order with a change of terms under way."""
    return working(quantity).with_replace_requested(Decimal(new_quantity), order_type)


# --- identity ------------------------------------------------------------------------------------

names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,23}", fullmatch=True)
unique_parts = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26)


@PROPERTY
@given(names, unique_parts)
def test_a_client_order_id_survives_its_text(account: str, unique_part: str) -> None:
    """The text names the account and parses back; IBKR's fields have room for it."""
    client_order_id = ClientOrderId(account, unique_part)
    assert ClientOrderId.parse(str(client_order_id)) == client_order_id
    assert is_client_order_id(str(client_order_id))
    assert len(str(client_order_id)) <= 51


@PROPERTY
@given(st.text() | st.builds(lambda name, part: f"{name}.{part}", st.text(), st.text()))
def test_a_text_is_ours_or_refused(text: str) -> None:
    """Any orderRef of another program either is word for word one of ours, or is refused."""
    if is_client_order_id(text):
        assert str(ClientOrderId.parse(text)) == text
    else:
        with pytest.raises(BadInput):
            ClientOrderId.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "gen",
        "gen.",
        ".01JD2V8Y3W0000000000000001",
        KEY.lower(),
        KEY + "0",
        KEY[:-1],
        KEY + "\n",
    ]
    + [f"gen.01JD2V8Y3W000000000000000{letter}" for letter in "ILOU"],
)
def test_near_misses_are_not_ours(text: str | None) -> None:
    """Lower case, other lengths, and the four letters Crockford leaves out are refused."""
    assert not is_client_order_id(text)


# --- what is wanted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("quantity", Decimal(0), "greater than zero"),
        ("quantity", -1, "greater than zero"),
        ("quantity", "1.5", "a whole number"),
        ("quantity", 1.0, "not a float"),
        ("quantity", True, "not a float"),
        ("quantity", None, "not a float"),
        ("quantity", "ten", "decimal string"),
        ("quantity", "NaN", "finite"),
        ("quantity", "1E+40", "below 1,000,000,000,000"),
        ("instrument", "AAPL", "a Stock or Option"),
        ("side", "BUY", "a Side"),
        ("order_type", "LMT", "a Market or Limit or Stop or StopLimit"),
        ("order_type", None, "a Market or Limit or Stop or StopLimit"),
        ("time_in_force", "DAY", "a TimeInForce"),
    ],
)
def test_a_request_that_cannot_be_names_its_fault(field: str, value: object, allowed: str) -> None:
    """Every field refuses what it cannot be as an invalid order: name, value, what is allowed."""
    changes: dict[str, Any] = {field: value}
    with pytest.raises(InvalidOrder) as refused:
        evolve(request(), **changes)
    assert facts(refused.value.field, refused.value.value) == (field, value)
    assert allowed in str(refused.value)


@pytest.mark.parametrize("quantity", [10, "10", "10.0", "1E+1", Decimal("10.00")])
def test_a_whole_quantity_has_one_form(quantity: int | str | Decimal) -> None:
    """However a quantity is written, it is ten and reads "10"."""
    wanted = OrderRequest("gen", AAPL, Side.BUY, quantity, OLD)
    assert str(wanted.quantity) == "10"


@pytest.mark.parametrize(
    ("expiry", "today", "allowed"),
    [
        (date(2026, 1, 2), date(2026, 1, 2), True),
        (date(2026, 1, 2), date(2026, 1, 1), True),
        (date(2026, 1, 2), date(2026, 1, 3), False),
    ],
)
def test_an_expired_option_is_named(expiry: date, today: date, allowed: bool) -> None:
    """An option trades on its expiry date and not after; the error names expiry and first date."""
    option = Option("AAPL", expiry, Decimal(250), OptionRight.PUT)
    check_not_expired(AAPL, today)
    if allowed:
        check_not_expired(option, today)
        return
    with pytest.raises(
        InvalidOrder, match=r"instrument\.expiry is '2026-01-02', but must be 2026-01-03 or later"
    ):
        check_not_expired(option, today)


# --- what is reported ----------------------------------------------------------------------------


def test_the_plain_life_of_an_order() -> None:
    """Acknowledged, filled in two parts at two prices, done."""
    order = told(submitted(10), ACK, fill(4, "e1", "189.00"))
    assert facts(order.status, order.filled_quantity, order.remaining_quantity) == (S.WORKING, 4, 6)
    order = told(order, fill(6, "e2", "190.00"))
    assert facts(order.status, order.filled_quantity, order.remaining_quantity) == (S.FILLED, 10, 0)
    assert order.average_fill_price == Decimal("189.6")
    assert facts(order.broker_order_id, order.perm_id) == ("17", 4711)


def test_an_order_without_fills_has_no_average_price() -> None:
    """None, not zero, when nothing has traded."""
    assert working().average_fill_price is None


def test_a_fill_before_the_acknowledgement() -> None:
    """The last fill may come first; the acknowledgement then only adds the broker's numbers."""
    order = told(submitted(10), fill(10), ACK)
    assert facts(order.status, order.broker_order_id, order.perm_id) == (S.FILLED, "17", 4711)


def test_an_acknowledgement_without_a_perm_id_keeps_the_one_known() -> None:
    """TWS tells the permId with some messages and not with others."""
    assert told(working(), Acknowledged(KEY, "17")).perm_id == 4711


def test_a_fill_told_twice_counts_once() -> None:
    """A fill is known by its execution id, whoever repeats it."""
    once = told(working(), fill(4))
    assert told(once, fill(4)) is once


def test_a_fill_told_twice_differently_is_a_contradiction() -> None:
    """One execution id cannot have two quantities or two prices."""
    once = told(working(), fill(4))
    for other in (fill(5), fill(4, price="190.01")):
        with pytest.raises(ContradictoryReport, match=r"was told as 4 at 190\.00 and now as"):
            once.after(other)


def test_more_filled_than_ordered_is_a_contradiction() -> None:
    """An overfill is refused by execution, quantity and order."""
    with pytest.raises(ContradictoryReport, match=r"e2 would fill 11 of order .* for 10"):
        told(working(), fill(6), fill(5, "e2"))


@pytest.mark.parametrize(
    "stranger",
    [
        execution(1, side=Side.SELL),
        execution(1, instrument=MSFT),
        execution(1, instrument=AAPL_PUT),
    ],
)
def test_a_strangers_fill_is_a_contradiction(stranger: object) -> None:
    """A fill on the other side or in another instrument is not this order's."""
    with pytest.raises(ContradictoryReport, match="does not belong to order"):
        working().after(Executed(KEY, stranger))  # type: ignore[arg-type]


def test_a_report_on_another_order_is_a_contradiction() -> None:
    """A report belongs to the order it names."""
    with pytest.raises(ContradictoryReport, match="was given to"):
        working().after(Acknowledged("gen.01JD2V8Y3W0000000000000002", "17"))


def test_a_fill_after_the_cancel_counts() -> None:
    """What traded before the cancel took hold is real, whenever it is told."""
    order = told(working(), Cancelled(KEY), fill(4))
    assert facts(order.status, order.filled_quantity) == (S.CANCELLED, 4)
    assert told(order, fill(6, "e2")).status is S.FILLED


def test_a_fill_after_the_rejection_counts() -> None:
    """An order wrongly called rejected lives when it trades."""
    order = told(submitted(10), Rejected(KEY, "held", 201), fill(4))
    assert facts(order.status, order.filled_quantity) == (S.WORKING, 4)


def test_a_filled_order_cannot_be_cancelled_or_rejected() -> None:
    """All of it traded: nothing was left to cancel."""
    filled = told(working(), fill(10))
    for report in (Cancelled(KEY), Rejected(KEY, "no", 201)):
        with pytest.raises(ContradictoryReport, match="an order that is filled cannot be"):
            filled.after(report)


def test_a_refused_replace_leaves_the_old_terms() -> None:
    """The order works on as it was, and the refusal is its reason."""
    order = told(replacing(10, 20, NEW), ReplaceRefused(KEY, "price too far", 201))
    assert facts(order.status, order.quantity, order.order_type) == (S.WORKING, 10, OLD)
    assert facts(order.proposed, order.reason, order.code) == (None, "price too far", 201)


def test_a_replace_takes_the_new_terms() -> None:
    """Quantity and order type are those the broker says it works."""
    order = told(replacing(10, 20, NEW), Replaced(KEY, Decimal(20), NEW))
    assert facts(order.status, order.quantity, order.order_type) == (S.WORKING, 20, NEW)
    assert order.proposed is None


def test_a_reduction_to_what_is_filled_fills_the_order() -> None:
    """Nothing is left to trade once the order is for what it has."""
    order = told(replacing(10, 5), fill(5), Replaced(KEY, Decimal(5), OLD))
    assert facts(order.status, order.remaining_quantity) == (S.FILLED, 0)


def test_an_increase_refused_because_the_order_filled_leaves_it_filled() -> None:
    """Its last fill raced the replace: the refusal proves that the old terms were all."""
    order = told(replacing(10, 20), fill(10))
    assert order.status is S.PENDING_REPLACE
    order = told(order, ReplaceRefused(KEY, "cannot modify a filled order", 104))
    assert facts(order.status, order.remaining_quantity) == (S.FILLED, 0)


def test_an_order_rejected_after_all_of_it_traded_is_filled() -> None:
    """A late rejection of the new terms cannot undo the fills of the old ones."""
    order = told(replacing(10, 20), fill(10), Rejected(KEY, "no", 201))
    assert facts(order.status, order.proposed) == (S.FILLED, None)


def test_a_fill_that_only_the_new_terms_have_room_for_proves_them() -> None:
    """The broker fills more than the old quantity before it confirms the new one."""
    order = told(replacing(10, 20, NEW), fill(15))
    assert facts(order.status, order.quantity, order.order_type) == (S.WORKING, 20, NEW)
    assert facts(order.remaining_quantity, order.proposed) == (5, None)
    assert told(order, fill(5, "e2")).status is S.FILLED
    assert told(replacing(10, 20, NEW), fill(20)).status is S.FILLED


def test_the_whole_new_quantity_filled_in_doubt_is_filled() -> None:
    """The answer to a replace was lost, but the fills tell that it was taken."""
    order = told(replacing(10, 20, NEW).with_answer_lost(), fill(15))
    assert facts(order.status, order.quantity, order.remaining_quantity) == (S.WORKING, 20, 5)


def test_an_order_filled_during_a_change_of_price_has_nothing_proposed() -> None:
    """It ended: no change of terms is under way any more, and late news of one is harmless."""
    order = told(replacing(10, 10, NEW), fill(10))
    assert facts(order.status, order.proposed) == (S.FILLED, None)
    assert told(order, Replaced(KEY, Decimal(10), NEW)).status is S.FILLED


def test_an_order_is_not_filled_while_a_larger_quantity_is_asked_for() -> None:
    """The broker may have taken the increase, so the old quantity is not all there may be."""
    order = told(replacing(10, 20), fill(10), Replaced(KEY, Decimal(20), OLD))
    assert facts(order.status, order.remaining_quantity) == (S.WORKING, 10)


def test_a_cancel_of_what_only_the_new_terms_left_proves_them() -> None:
    """The old quantity had traded: what the broker cancelled was the increase."""
    order = told(replacing(10, 20, NEW), fill(10), Cancelled(KEY))
    assert facts(order.status, order.quantity, order.remaining_quantity) == (S.CANCELLED, 20, 10)


def test_late_news_of_other_terms_does_not_answer_a_replace() -> None:
    """The confirmation of an earlier change is believed, and the later one still awaited."""
    order = told(replacing(10, 20, NEW), Replaced(KEY, Decimal(15), OLD))
    assert facts(order.status, order.quantity, order.order_type) == (S.PENDING_REPLACE, 15, OLD)
    order = told(order, Replaced(KEY, Decimal(20), NEW))
    assert facts(order.status, order.quantity, order.order_type) == (S.WORKING, 20, NEW)


@pytest.mark.parametrize("quantity", [Decimal(0), Decimal(-1), Decimal(3)])
def test_terms_below_what_is_filled_are_a_contradiction(quantity: Decimal) -> None:
    """An order cannot be for less than has traded, nor for nothing."""
    with pytest.raises(ContradictoryReport, match="with 4 filled cannot be for"):
        told(working(), fill(4), Replaced(KEY, quantity, OLD))


def test_a_filled_order_cannot_grow() -> None:
    """More to trade on a filled order would leave it filled and not filled."""
    filled = told(working(), fill(10))
    with pytest.raises(ContradictoryReport, match="filled for 10, it cannot be for 20"):
        filled.after(Replaced(KEY, Decimal(20), OLD))
    assert told(filled, Replaced(KEY, Decimal(10), NEW)).status is S.FILLED


def test_a_refused_cancel_leaves_the_order_working() -> None:
    """The order is what it was, and the refusal is its reason."""
    order = told(working().with_cancel_requested(), CancelRefused(KEY, "too late", 10148))
    assert facts(order.status, order.reason, order.code) == (S.WORKING, "too late", 10148)


def test_the_reason_of_a_rejection_outlives_later_news() -> None:
    """TWS sends "Cancelled" after an error 201, and refuses cancels of what is gone."""
    order = told(
        submitted(10),
        Rejected(KEY, "insufficient funds", 201),
        Cancelled(KEY),
        Cancelled(KEY, "gone"),
        Rejected(KEY, "again", 202),
        CancelRefused(KEY, "no such order", 10147),
        ReplaceRefused(KEY, "no such order", 104),
    )
    assert facts(order.status, order.reason, order.code) == (S.REJECTED, "insufficient funds", 201)


def test_the_reason_of_a_cancel_is_the_first_one_given() -> None:
    """A reason may follow the bare news; later ones do not replace it, old refusals do not stay."""
    order = told(working(), CancelRefused(KEY, "too early", 161), Cancelled(KEY))
    assert facts(order.reason, order.code) == ("", None)
    order = told(
        order, Cancelled(KEY, "time in force ran out"), Cancelled(KEY), Cancelled(KEY, "x")
    )
    assert order.reason == "time in force ran out"
    assert told(order, CancelRefused(KEY, "gone", 10148)).reason == "time in force ran out"


def test_a_warning_changes_nothing_but_is_kept_once() -> None:
    """The broker's words are kept on the order, told twice or not."""
    warned = told(working(), Warned(KEY, "held until the open", 399), Warned(KEY, "b"))
    assert told(warned, Warned(KEY, "held until the open", 399)) == warned
    assert facts(warned.status, warned.warnings) == (S.WORKING, ("held until the open", "b"))


# --- what is asked and lost ----------------------------------------------------------------------


@pytest.mark.parametrize("quantity", [4, 3])
def test_a_replace_below_what_is_filled_is_refused(quantity: int) -> None:
    """New terms must leave something to trade."""
    with pytest.raises(InvalidOrder, match="more than the 4 already filled"):
        told(working(), fill(4)).with_replace_requested(Decimal(quantity), OLD)


@pytest.mark.parametrize(
    "order",
    [
        submitted(),
        told(working(), Cancelled(KEY)),
        replacing(10, 20),
        working().with_cancel_requested(),
        working().with_answer_lost(),
    ],
    ids=lambda order: order.status.name,
)
def test_a_replace_is_asked_of_a_working_order_only(order: Order) -> None:
    """Not while another request is open, nor when nobody knows where the order stands."""
    with pytest.raises(ContradictoryReport, match="cannot be replace requested"):
        order.with_replace_requested(Decimal(20), OLD)


def test_a_doubtful_order_may_be_cancelled_and_stays_doubtful() -> None:
    """Asking is safe; only a report tells whether there was anything to cancel."""
    asked = submitted().with_answer_lost().with_cancel_requested()
    assert asked.status is S.IN_DOUBT
    assert told(asked, CancelRefused(KEY, "no such order", 10147)).status is S.IN_DOUBT
    assert told(asked, Cancelled(KEY)).status is S.CANCELLED
    assert told(asked, ACK).status is S.WORKING


def test_nothing_sent_is_not_placed() -> None:
    """Proof that nothing left ends the order without doubt, and a lost answer does not."""
    assert submitted().with_nothing_sent().status is S.NOT_PLACED
    assert submitted().with_answer_lost().status is S.IN_DOUBT
    with pytest.raises(ContradictoryReport):
        submitted().with_answer_lost().with_nothing_sent()


def test_an_order_tells_what_it_is_of() -> None:
    """Account, instrument and side are those of the request."""
    order = Order.submitted(
        ClientOrderId("rev", "01JD2V8Y3W0000000000000001"),
        request(2, StopLimit(5, 4), account="rev", instrument=AAPL_PUT, side=Side.SELL),
    )
    assert facts(order.account, order.instrument, order.side) == ("rev", AAPL_PUT, Side.SELL)


FIRST, CORRECTED = "0000e0d5.6571a2bc.01.01", "0000e0d5.6571a2bc.01.02"


def test_a_correction_takes_the_place_of_its_fill() -> None:
    """The price is the corrected one, and the old revision told again changes nothing."""
    order = told(working(), fill(10, FIRST, "190.00"), fill(10, CORRECTED, "189.50"))
    again = told(order, fill(10, FIRST, "190.00"))
    assert (again.status, again.filled_quantity) == (S.FILLED, 10)
    assert again.average_fill_price == Decimal("189.50")


def test_a_correction_of_the_quantity_can_complete_an_order() -> None:
    """Six of ten were ten of ten after all."""
    order = told(working(), fill(6, FIRST), fill(10, CORRECTED))
    assert (order.status, order.filled_quantity) == (S.FILLED, 10)


@pytest.mark.parametrize("quantity", [9, 11])
def test_a_correction_that_leaves_an_ended_order_unexplained_is_kept_out(quantity: int) -> None:
    """Whether the rest of a filled order would trade again, nobody has said."""
    order = told(working(), fill(10, FIRST))
    with pytest.raises(ContradictoryReport, match=CORRECTED):
        order.after(fill(quantity, CORRECTED))


def test_an_acknowledgement_without_an_id_leaves_the_one_that_is_known() -> None:
    """TWS's completed orders name none."""
    order = submitted().after(Acknowledged(KEY, "17", 4711)).with_answer_lost()
    assert order.after(Acknowledged(KEY, "", 4711)).broker_order_id == "17"
