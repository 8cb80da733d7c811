"""Orders through the TWS gateway: what a client is told, in which order, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from brokerport.simulator.brokerage.orders import BrokerageStatus
from brokerport.simulator.wire.tws.messages.conditions import TimeCondition
from brokerport.simulator.wire.tws.messages.executions import CommissionReport, ExecDetails
from brokerport.simulator.wire.tws.messages.order_values import WireOrder
from brokerport.simulator.wire.tws.messages.orders import (
    CancelOrder,
    ExerciseOptions,
    OpenOrder,
    OrderStatus,
    PlaceOrder,
    ReqGlobalCancel,
)
from brokerport.simulator.wire.tws.messages.session import ErrorMessage, NextValidId, ReqIds
from brokerport.simulator.wire.tws.messages.values import WireContract
from tests.simulation.trading_floor import AAPL, CASH_ACCOUNT, CLOSING, MARGIN_ACCOUNT
from tests.simulation.tws_door import (
    AAPL_ID,
    OPTION,
    STOCK,
    Door,
    errors,
    every,
    limit_order,
    names,
    only,
    order,
    place,
    play,
)

D = Decimal


def statuses(messages: list[Any]) -> list[str]:
    """Return the status of each orderStatus, in order."""
    return [message.status for message in every(OrderStatus, messages)]


def test_a_market_order_is_told_in_the_captured_sequence() -> None:
    """TWS's own sequence: working, the fill, filled, filled again with commission, commission."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(place(101, order()))
        assert names(messages) == [
            "OpenOrder",
            "OrderStatus",
            "ExecDetails",
            "OpenOrder",
            "OrderStatus",
            "OpenOrder",
            "OrderStatus",
            "CommissionReport",
        ]
        assert statuses(messages) == ["Submitted", "Filled", "Filled"]
        orders = every(OpenOrder, messages)
        assert [m.order_state.commission for m in orders] == [None, None, D("1.00")]
        assert len({m.order.perm_id for m in orders}) == 1
        last = every(OrderStatus, messages)[-1]
        assert (last.filled, last.remaining, last.avg_fill_price) == (10, 0, D("270.02"))

    play(story)


def test_an_execution_says_whose_it_is_and_what_it_cost() -> None:
    """execDetails is unsolicited (-1) and names the order; the commission follows by its id."""

    async def story(door: Door) -> None:
        client = await door.client(3)
        messages = await client.ask(place(101, order(order_ref="ref|1")))
        told = only(ExecDetails, messages)
        assert (told.request_id, told.order_id) == (-1, 101)
        assert told.contract.con_id == AAPL_ID
        execution = told.execution
        assert (execution.side, execution.shares, execution.price) == ("BOT", 10, D("270.02"))
        assert (execution.client_id, execution.order_ref) == (3, "ref|1")
        assert (execution.cum_qty, execution.avg_price) == (10, D("270.02"))
        assert execution.time == "20260105 09:30:00 US/Eastern"
        commission = only(CommissionReport, messages)
        assert commission == CommissionReport(execution.exec_id, D("1.00"), "USD", None)

    play(story)


def test_an_old_client_reads_the_old_form_of_time() -> None:
    """Below version 174 a time has two blanks and no zone."""

    async def story(door: Door) -> None:
        client = await door.client(max_version=157)
        told = only(ExecDetails, await client.ask(place(101, order())))
        assert told.execution.time == "20260105  09:30:00"

    play(story)


def test_closing_a_position_tells_the_profit() -> None:
    """The commission report of a closing trade carries what it realized."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, order()))
        door.show(AAPL, "275.00", "275.02")
        messages = await client.ask(place(102, order("SELL")))
        # 10 x (275.00 - 270.02), less the commission of both trades and the sale's fees if any.
        realised = only(CommissionReport, messages).realized_pnl
        assert realised == D("49.80") - 1 - only(CommissionReport, messages).commission

    play(story)


def test_a_resting_order_is_echoed() -> None:
    """openOrder repeats the terms, the account and the contract in full."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(
            place(101, limit_order("250.00", tif="GTC", order_ref="x", outside_rth=True))
        )
        assert names(messages) == ["OpenOrder", "OrderStatus"]
        told = only(OpenOrder, messages)
        assert told.order_state.status == "Submitted"
        assert told.order == WireOrder(
            action="BUY",
            total_quantity=D(10),
            order_type="LMT",
            lmt_price=D(250),
            aux_price=D(0),
            tif="GTC",
            account=MARGIN_ACCOUNT.account_id,
            order_ref="x",
            client_id=1,
            perm_id=told.order.perm_id,
            outside_rth=True,
        )
        contract = told.contract
        assert (contract.con_id, contract.symbol, contract.sec_type) == (AAPL_ID, "AAPL", "STK")
        assert (contract.local_symbol, contract.trading_class) == ("AAPL", "NMS")
        assert contract.exchange == "SMART"

    play(story)


@pytest.mark.parametrize(
    "reference", ["plain", "GEN.7f3a-01", "  blanks  ", "ümläut", "a,b;c|d", "x" * 200, ""]
)
def test_an_order_reference_is_echoed_letter_for_letter(reference: str) -> None:
    """The reference is how a program finds its orders again: nothing of it may be lost."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(place(101, order(order_ref=reference)))
        assert {m.order.order_ref for m in every(OpenOrder, messages)} == {reference}
        assert only(ExecDetails, messages).execution.order_ref == reference

    play(story)


def test_an_order_fills_as_the_market_offers() -> None:
    """A displayed size that is too small fills a part; the rest fills from the next quote."""

    async def story(door: Door) -> None:
        client = await door.client()
        door.show(AAPL, "270.00", "270.02", 30)
        messages = await client.ask(place(101, limit_order("270.02", quantity=100)))
        last = every(OrderStatus, messages)[-1]
        assert (last.status, last.filled, last.remaining) == ("Submitted", 30, 70)
        door.show(AAPL, "270.00", "270.01", 70)
        door.tick()
        messages = await client.ask()
        last = every(OrderStatus, messages)[-1]
        assert (last.status, last.filled, last.remaining) == ("Filled", 100, 0)
        assert last.last_fill_price == D("270.01")
        assert last.avg_fill_price == D("270.013")

    play(story)


def test_a_stop_order_waits_and_is_triggered() -> None:
    """A stop is PreSubmitted until the market trades through it."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(
            place(101, order("BUY", order_type="STP", aux_price=D(280))),
            place(102, order("BUY", order_type="STP LMT", aux_price=D(290), lmt_price=D(300))),
        )
        assert statuses(messages) == ["PreSubmitted", "PreSubmitted"]
        first, second = every(OpenOrder, messages)
        assert (first.order.aux_price, first.order.lmt_price) == (280, 0)
        assert (second.order.aux_price, second.order.lmt_price) == (290, 300)
        door.show(AAPL, "280.98", "281.00", last="281.00")
        door.tick()
        assert statuses(await client.ask())[-1] == "Filled"

    play(story)


def test_an_option_order_is_priced_per_share() -> None:
    """Selling a put: the contract is named in full and the price is per share."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(place(101, limit_order("1.00", "SELL", 2), OPTION))
        told = only(ExecDetails, messages)
        assert (told.execution.side, told.execution.price) == ("SLD", D("1.00"))
        assert told.contract.local_symbol == "AAPL  260109P00260000"
        assert (told.contract.right, told.contract.multiplier) == ("P", "100")
        assert told.contract.strike == 260

    play(story)


# --- order ids ----------------------------------------------------------------------------------


def test_an_id_that_was_used_or_passed_is_refused() -> None:
    """Ids only go up: a lower one is a duplicate (103), used or not."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(150, limit_order("1.00")))
        messages = await client.ask(place(149, limit_order("1.00")))
        assert errors(messages) == [(149, 103)]
        assert len(door.brokerage.orders()) == 1

    play(story)


def test_a_refused_order_has_used_its_id_up() -> None:
    """The id of an order that was refused is a duplicate from then on."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(place(101, order(order_type="TRAIL")), place(101, order()))
        assert errors(messages) == [(101, 387), (101, 103)]
        assert door.brokerage.orders() == ()

    play(story)


@pytest.mark.parametrize("order_id", [0, -1])
def test_an_id_that_is_no_id_is_refused(order_id: int) -> None:
    """Zero and below are 10149."""

    async def story(door: Door) -> None:
        client = await door.client()
        assert errors(await client.ask(place(order_id, order()))) == [(order_id, 10149)]
        assert door.brokerage.orders() == ()

    play(story)


def test_the_ids_of_two_clients_are_their_own() -> None:
    """Two clients may use the same id for different orders."""

    async def story(door: Door) -> None:
        first, second = await door.client(1), await door.client(2)
        [told, *_] = await first.ask(place(101, limit_order("1.00")))
        [other, *_] = await second.ask(place(101, limit_order("2.00")))
        assert told.order.perm_id != other.order.perm_id
        assert await first.ask() == []

    play(story)


# --- modifying ----------------------------------------------------------------------------------


def test_the_same_id_modifies_the_order() -> None:
    """New terms under the same id: the same perm id, and the order is told again."""

    async def story(door: Door) -> None:
        client = await door.client()
        [before, *_] = await client.ask(place(101, limit_order("250.00")))
        messages = await client.ask(place(101, limit_order("251.00", quantity=20)))
        assert names(messages) == ["OpenOrder", "OrderStatus"]
        after = only(OpenOrder, messages)
        assert after.order.perm_id == before.order.perm_id
        assert (after.order.lmt_price, after.order.total_quantity) == (251, 20)
        [open_order] = door.brokerage.open_orders()
        assert open_order.quantity == 20

    play(story)


def test_an_order_may_change_its_type() -> None:
    """A limit order becomes a market order and fills."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, limit_order("250.00")))
        assert statuses(await client.ask(place(101, order())))[-1] == "Filled"

    play(story)


@pytest.mark.parametrize(
    ("contract", "changed"),
    [
        (WireContract(symbol="MSFT", sec_type="STK", exchange="SMART"), limit_order("250.00")),
        (STOCK, limit_order("250.00", "SELL")),
        (STOCK, limit_order("250.00", account=CASH_ACCOUNT.account_id)),
        (STOCK, limit_order("250.00", order_ref="another")),
        (STOCK, limit_order("250.00", outside_rth=True)),
    ],
    ids=["contract", "side", "account", "reference", "hours"],
)
def test_what_cannot_change_is_a_mismatch(contract: WireContract, changed: WireOrder) -> None:
    """Error 105, and the original lives on as it was."""
    account = MARGIN_ACCOUNT.account_id
    asked = changed if changed.account else limit_with_account(changed, account)

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, limit_order("250.00", account=account)))
        before = door.brokerage.open_orders()
        messages = await client.ask(place(101, asked, contract))
        assert errors(messages) == [(101, 105)]
        assert door.brokerage.open_orders() == before

    play(story, accounts=(MARGIN_ACCOUNT, CASH_ACCOUNT))


def limit_with_account(wire_order: WireOrder, account: str) -> WireOrder:
    """Return the order with an account."""
    return limit_order(
        str(wire_order.lmt_price),
        wire_order.action,
        account=account,
        order_ref=wire_order.order_ref,
        outside_rth=wire_order.outside_rth,
    )


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (limit_order("250.001"), 110),
        (limit_order("250.00", quantity=0), 434),
        (limit_order("250.00", quantity=10**7), 201),
        (order(order_type="TRAIL", aux_price=D(1)), 387),
        (limit_order("250.00", tif="OPG"), 10052),
    ],
)
def test_a_refused_change_leaves_the_order_alone(changed: WireOrder, code: int) -> None:
    """Whatever is wrong with new terms, the old ones go on working."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, limit_order("249.00")))
        before = door.brokerage.open_orders()
        assert errors(await client.ask(place(101, changed))) == [(101, code)]
        assert door.brokerage.open_orders() == before
        # The same id modifies it still.
        assert names(await client.ask(place(101, limit_order("248.00"))))[0] == "OpenOrder"

    play(story)


def test_an_order_that_is_done_is_not_modified() -> None:
    """Filled is 104, cancelled is a duplicate id (103)."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, order()), place(102, limit_order("1.00")), CancelOrder(102))
        messages = await client.ask(place(101, order()), place(102, limit_order("1.00")))
        assert errors(messages) == [(101, 104), (102, 103)]
        assert len(door.brokerage.executions()) == 1

    play(story)


# --- cancelling ---------------------------------------------------------------------------------


def test_a_cancel_is_told_before_its_error() -> None:
    """orderStatus Cancelled comes first, then error 202."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, limit_order("250.00")))
        messages = await client.ask(CancelOrder(101))
        assert names(messages) == ["OrderStatus", "ErrorMessage"]
        assert statuses(messages) == ["Cancelled"]
        assert messages[1] == ErrorMessage(101, 202, "Order Canceled - reason:")
        assert door.brokerage.open_orders() == ()

    play(story)


def test_what_cannot_be_cancelled_says_why() -> None:
    """Unknown is 10147, filled 161, cancelled already 10148; another's order is unknown."""

    async def story(door: Door) -> None:
        client, other = await door.client(1), await door.client(2)
        await client.ask(place(101, order()), place(102, limit_order("1.00")), CancelOrder(102))
        await other.ask(place(777, limit_order("1.00")))
        messages = await client.ask(*[CancelOrder(number) for number in (999, 101, 102, 777)])
        assert errors(messages) == [(999, 10147), (101, 161), (102, 10148), (777, 10147)]
        assert "102" in every(ErrorMessage, messages)[2].error_string
        assert len(door.brokerage.open_orders()) == 1

    play(story)


def test_a_global_cancel_takes_every_client_s_orders() -> None:
    """Each client hears of its own orders."""

    async def story(door: Door) -> None:
        first, second = await door.client(1), await door.client(2)
        await first.ask(place(101, limit_order("1.00")), place(102, limit_order("2.00")))
        await second.ask(place(101, limit_order("3.00")))
        assert errors(await first.ask(ReqGlobalCancel())) == [(101, 202), (102, 202)]
        assert errors(await second.ask()) == [(101, 202)]
        assert door.brokerage.open_orders() == ()

    play(story)


def test_a_day_order_ends_with_the_session() -> None:
    """At the close it is Cancelled with 202 and a reason; a GTC order stays."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(
            place(101, limit_order("250.00")), place(102, limit_order("250.00", tif="GTC"))
        )
        door.world.advance_to(CLOSING)
        messages = await client.ask()
        assert statuses(messages)[0] == "Cancelled"
        assert (101, 202) in errors(messages)
        assert [o.entry.order_id for o in door.brokerage.open_orders()] == [102]

    play(story)


# --- refusals -----------------------------------------------------------------------------------


def test_an_order_that_cannot_be_afforded_is_rejected_in_sequence() -> None:
    """Error 201 first, then openOrder Inactive, then orderStatus Inactive."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(place(101, order(quantity=100_000)))
        assert names(messages) == ["ErrorMessage", "OpenOrder", "OrderStatus"]
        assert errors(messages) == [(101, 201)]
        assert messages[0].error_string.startswith("Order rejected - reason:")
        assert messages[1].order_state.status == messages[2].status == "Inactive"

    play(story)


@pytest.mark.parametrize(
    ("contract", "wire_order", "code"),
    [
        (STOCK, limit_order("250.001"), 110),
        (STOCK, order(quantity=0), 434),
        (STOCK, order(quantity="1.5"), 10243),
        (STOCK, order(quantity="1e30"), 383),
        (STOCK, WireOrder(action="BUY", order_type="MKT"), 434),
        (STOCK, order("SSHORT"), 303),
        (STOCK, order(order_type="TRAIL", trailing_percent=D(2)), 387),
        (STOCK, order(order_type="MIDPRICE"), 387),
        (STOCK, order(order_type=""), 387),
        (STOCK, WireOrder(action="BUY", order_type="LMT", total_quantity=D(1)), 107),
        (STOCK, WireOrder(action="BUY", order_type="STP", total_quantity=D(1)), 107),
        (STOCK, limit_order("0"), 145),
        (STOCK, order(tif="GTD", good_till_date="20260110 16:00:00"), 10052),
        (STOCK, order(tif="forever"), 10052),
        (STOCK, order(transmit=False), 145),
        (STOCK, order(parent_id=7), 145),
        (STOCK, order(oca_group="pair"), 145),
        (STOCK, order(conditions=(TimeCondition(True, True, "20260105 15:00:00"),)), 145),
        (STOCK, order(algo_strategy="Adaptive"), 145),
        (STOCK, order(good_after_time="20260105 15:00:00"), 145),
        (STOCK, order(display_size=5), 145),
        (STOCK, order(hidden=True), 145),
        (STOCK, order(all_or_none=True), 145),
        (STOCK, order(min_qty=5), 145),
        (STOCK, order(cash_qty=D(1000)), 145),
        (STOCK, order(trigger_method=2), 145),
        (STOCK, order(account="U9999999"), 321),
        (WireContract(symbol="NOSUCH", sec_type="STK", exchange="SMART"), order(), 200),
        (WireContract(symbol="AAPL", sec_type="OPT", exchange="SMART"), order(), 200),
        (WireContract(symbol="EUR", sec_type="CASH", exchange="IDEALPRO"), order(), 200),
        (WireContract(sec_type="BAG", symbol="AAPL", exchange="SMART"), order(), 200),
        (WireContract(con_id=AAPL_ID, symbol="MSFT", exchange="SMART"), order(), 478),
        (WireContract(symbol="AAPL", sec_type="STK", exchange="LSE"), order(), 200),
    ],
)
def test_an_order_that_cannot_be_worked_is_refused_and_not_placed(
    contract: WireContract, wire_order: WireOrder, code: int
) -> None:
    """Every refusal names the order, and nothing reaches the broker's book."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(PlaceOrder(101, contract, wire_order))
        assert errors(messages) == [(101, code)]
        assert names(messages) == ["ErrorMessage"]
        assert door.brokerage.orders() == ()
        assert await client.ask(ReqIds()) == [NextValidId(102)]

    play(story)


def test_with_several_accounts_an_order_must_name_one() -> None:
    """Error 435 without an account; with one, the order is that account's."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(
            place(101, order()), place(102, order(account=CASH_ACCOUNT.account_id))
        )
        assert errors(messages) == [(101, 435)]
        [placed] = door.brokerage.orders()
        assert placed.account == CASH_ACCOUNT

    play(story, accounts=(MARGIN_ACCOUNT, CASH_ACCOUNT))


def test_old_clients_defaults_are_warned_about_and_work() -> None:
    """Official 9.81 sets eTradeOnly and firmQuoteOnly: TWS warns with 2168 and 2169."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(place(101, order(e_trade_only=True, firm_quote_only=True)))
        assert errors(messages) == [(101, 2168), (101, 2169)]
        assert statuses(messages)[-1] == "Filled"

    play(story)


def test_an_exercise_is_refused() -> None:
    """Options are exercised at their expiry only."""

    async def story(door: Door) -> None:
        client = await door.client()
        request = ExerciseOptions(5, OPTION, 1, 1, MARGIN_ACCOUNT.account_id, 0)
        assert errors(await client.ask(request)) == [(5, 322)]

    play(story)


# --- what if ------------------------------------------------------------------------------------


def test_a_what_if_order_is_answered_with_numbers_and_not_placed() -> None:
    """openOrder carries every margin as a number, and the id is not used up."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(place(101, order(quantity=100, what_if=True)))
        state = only(OpenOrder, messages).order_state
        assert names(messages) == ["OpenOrder"]
        assert state.init_margin_before == 0
        assert state.init_margin_change == state.init_margin_after == D("13500.50")
        assert state.maint_margin_after == D("6750.25")
        assert state.equity_with_loan_before == 1_000_000
        assert state.commission == 1
        assert messages[0].order.what_if
        assert door.brokerage.orders() == ()
        assert names(await client.ask(place(101, order())))[0] == "OpenOrder"

    play(story)


@pytest.mark.parametrize(
    ("order_id", "wire_order", "code"),
    [
        (0, order(what_if=True), 10149),
        (101, order(what_if=True), 103),
        (102, order(what_if=True, transmit=False), 413),
        (102, order(what_if=True, order_type="TRAIL"), 387),
        (102, order(quantity=0, what_if=True), 434),
        (102, limit_order("1.001", what_if=True), 110),
    ],
)
def test_a_what_if_order_is_checked_like_an_order(
    order_id: int, wire_order: WireOrder, code: int
) -> None:
    """What could not be placed cannot be tried out either."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, limit_order("1.00")))
        assert errors(await client.ask(place(order_id, wire_order))) == [(order_id, code)]
        assert [o.status for o in door.brokerage.orders()] == [BrokerageStatus.SUBMITTED]

    play(story)
