"""``sor`` and ``str``: every change of an order and every execution, in the world's order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.order_types import Limit, Market, Side, Stop
from tests.client_portal.portal_desk import AAPL, MSFT, REV
from tests.client_portal.stream_desk import Message, StreamDesk, orders_of


def _events(messages: list[Message]) -> list[tuple[str, Any]]:
    """Return what each message tells: an execution with its commission, or an order's status."""
    told: list[tuple[str, Any]] = []
    for message in messages:
        for row in message["args"]:
            if message["topic"] == "str":
                commission = row.get("commission")
                told.append(("str", None if commission is None else Decimal(commission)))
            else:
                told.append(("sor", row.get("status")))
    return told


def test_the_first_message_shows_the_live_orders_and_there_is_none_without_any() -> None:
    """Whole rows, the same as in the list of live orders, of every account."""
    with StreamDesk() as desk:
        line = desk.connect()
        assert line.hear("sor+{}", "uor+{}") == []
        mine = desk.bid(10, "240.00")
        other = desk.bid(5, "241.00", account=REV)
        (message,) = line.hear("sor+{}")
        assert message["topic"] == "sor"
        assert [row["orderId"] for row in message["args"]] == [mine.perm_id, other.perm_id]
        desk.prime()
        desk.answer("GET", "/iserver/account/orders")
        listed = desk.answer("GET", "/iserver/account/orders")["orders"]
        assert message["args"][0] == listed[0]


@pytest.mark.parametrize("form", ["sor", "sor+", "sor+{}", " sor+{} ", "s+or+{}"])
def test_every_sloppy_form_of_sor_subscribes(form: str) -> None:
    """Clients leave out the arguments, or write the old form with a plus sign."""
    with StreamDesk() as desk:
        desk.bid(10, "240.00")
        assert len(desk.connect().said("sor", form)) == 1


def test_a_new_order_is_shown_whole_and_a_change_of_it_only_as_what_changed() -> None:
    """Account and id are always there, and nothing that the connection already knows."""
    with StreamDesk() as desk:
        line = desk.connect()
        line.hear("sor+{}")
        order = desk.bid(10, "240.00", order_reference="gen.1")
        (whole,) = orders_of(line.hear())
        assert whole["orderId"] == order.perm_id
        assert whole["order_ref"] == "gen.1"
        assert whole["status"] == "Submitted"
        assert whole["price"] == "240.00"
        desk.world.brokerage.replace(order.perm_id, Decimal(10), Limit("241.00"))
        (changed,) = orders_of(line.hear())
        assert changed.keys() == {"acct", "orderId", "price", "orderDesc"}
        assert (changed["acct"], changed["orderId"]) == ("DU1000001", order.perm_id)
        assert changed["price"] == "241.00"
        desk.world.brokerage.cancel(order.perm_id)
        (ended,) = orders_of(line.hear())
        assert ended["status"] == "Cancelled"
        assert "price" not in ended


def test_a_fill_is_told_as_execution_then_order_then_commission() -> None:
    """The execution comes before the order that shows it; its commission has the same id."""
    with StreamDesk() as desk:
        line = desk.connect()
        assert line.hear("str+{}", "sor+{}") == [{"topic": "str", "args": []}]
        order = desk.buy(100)
        messages = line.hear()
        assert _events(messages) == [
            ("sor", "Submitted"),
            ("str", None),
            ("sor", "Filled"),
            ("str", order.commission_total),
        ]
        first, second = (message["args"][0] for message in messages if message["topic"] == "str")
        assert first["execution_id"] == second["execution_id"]
        assert {name: what for name, what in second.items() if name != "commission"} == first
        assert first["order_id"] == order.perm_id


def test_partial_fills_keep_the_worlds_order_through_any_number_of_ticks_in_a_turn() -> None:
    """Nothing of orders and executions is conflated, however much happens at once."""
    with StreamDesk() as desk:
        line = desk.connect()
        line.hear("str+{}", "sor+{}")
        desk.show(AAPL, "250.00", "250.05", 30)
        order = desk.place(Side.BUY, 100, Limit("250.05"))
        for _ in range(5):
            desk.show(AAPL, "250.00", "250.05", 30)
            desk.world.advance(timedelta(seconds=1))
        messages = line.hear()
        executed = Decimal(0)
        filled = Decimal(0)
        for message in messages:
            (row,) = message["args"]
            if message["topic"] == "str" and "commission" not in row:
                assert executed == filled, "an execution came before the last one's order"
                executed += Decimal(str(row["size"]))
            elif message["topic"] == "sor" and "filledQuantity" in row:
                filled = Decimal(str(row["filledQuantity"]))
                assert executed == filled, "an order shows a fill that was not told"
        assert filled == 100 == desk.world.brokerage.order(order.perm_id).filled
        assert executed == 100


def test_orders_of_every_door_are_told() -> None:
    """An order placed through the TWS door is the same user's."""
    with StreamDesk() as desk:
        line = desk.connect()
        line.hear("sor+{}")
        desk.bid(10, "240.00", door="tws")
        assert [row["status"] for row in orders_of(line.hear())] == ["Submitted"]


def test_a_refused_order_is_told() -> None:
    """Insufficient funds: the order is Inactive, with the broker's reason."""
    with StreamDesk() as desk:
        line = desk.connect()
        line.hear("sor+{}")
        desk.place(Side.BUY, 1_000_000, Market())
        assert [row["status"] for row in orders_of(line.hear())] == ["Inactive"]


def test_status_filters_of_the_subscription_choose_what_is_told() -> None:
    """Only orders in that status are shown, whichever way it is written."""
    with StreamDesk() as desk:
        line = desk.connect()
        resting = desk.bid(10, "240.00")
        desk.world.brokerage.cancel(desk.bid(10, "239.00").perm_id)
        (message,) = line.hear('sor+{"filters":["Submitted"]}')
        assert [row["orderId"] for row in message["args"]] == [resting.perm_id]
        desk.world.brokerage.cancel(resting.perm_id)
        assert line.hear() == []
        assert line.hear('sor+{"filters":["pre_submitted"]}') == []
        (rows,) = line.hear('sor+{"filters":["cancelled"]}')
        assert len(rows["args"]) == 2


def test_an_order_that_leaves_the_filter_and_returns_is_shown_whole() -> None:
    """The connection has not been told what became of it in between."""
    with StreamDesk() as desk:
        line = desk.connect()
        order = desk.bid(10, "240.00")
        line.hear('sor+{"filters":["Submitted"]}')
        desk.world.brokerage.replace(order.perm_id, Decimal(10), Stop("260.00"))
        assert line.hear() == []
        desk.world.brokerage.replace(order.perm_id, Decimal(10), Limit("241.00"))
        (returned,) = orders_of(line.hear())
        assert returned["ticker"] == "AAPL"
        assert returned["price"] == "241.00"


def test_a_filtered_list_breaks_the_stream_until_a_forced_one() -> None:
    """IBKR's habit: after filters nothing is told, after force everything anew."""
    with StreamDesk() as desk:
        line = desk.connect()
        order = desk.bid(10, "240.00")
        desk.prime()
        line.hear("sor+{}")
        desk.answer("GET", "/iserver/account/orders", params={"filters": "filled"})
        desk.world.brokerage.replace(order.perm_id, Decimal(10), Limit("241.00"))
        desk.bid(10, "239.00")
        assert line.hear() == []
        assert line.hear("sor+{}") == []
        desk.answer("GET", "/iserver/account/orders", params={"force": "true"})
        (shown,) = line.hear()
        assert [row["price"] for row in shown["args"]] == ["241.00", "239.00"]
        desk.bid(10, "238.00")
        assert [row["price"] for row in orders_of(line.hear())] == ["238.00"]


def test_uor_and_utr_end_the_streams_silently() -> None:
    """Ending one is not answered, ending it twice neither."""
    with StreamDesk() as desk:
        line = desk.connect()
        line.hear("sor+{}", "str+{}")
        assert line.hear("uor+{}", "utr", "uor", "utr+{}") == []
        desk.buy(10)
        assert line.hear() == []


def test_trades_show_the_history_that_is_asked_for() -> None:
    """Today's unless days says otherwise, none with realtimeUpdatesOnly in either spelling."""
    with StreamDesk() as desk:
        desk.buy(10)
        desk.pass_time(timedelta(days=1))
        desk.portal.sessions.open_brokerage(desk.login, compete=True)
        desk.buy(20, MSFT)
        line = desk.connect()
        assert [row["size"] for row in orders_of(line.hear("str"))] == [20]
        assert [row["size"] for row in orders_of(line.hear('str+{"days":2}'))] == [10, 20]
        assert all(row["commission"] for row in orders_of(line.hear('str+{"days":"7"}')))
        for name in ("realtimeUpdatesOnly", "realtime_updates_only"):
            assert line.hear(f'str+{{"{name}":true}}') == [{"topic": "str", "args": []}]
        desk.buy(30)
        assert [row["size"] for row in orders_of(line.hear())] == [30, 30]


def test_two_connections_hear_the_same_and_each_remembers_for_itself() -> None:
    """One that came later has not been shown what the other one knows."""
    with StreamDesk() as desk:
        early, late = desk.connect(), desk.connect()
        early.hear("sor+{}")
        order = desk.bid(10, "240.00")
        late.hear("sor+{}")
        early.hear()
        desk.world.brokerage.replace(order.perm_id, Decimal(20), Limit("240.00"))
        assert early.hear() == late.hear() != []


def test_an_order_through_the_gateway_is_told_before_the_next_tic_is_answered() -> None:
    """What a REST answer has acknowledged is in the stream ahead of the barrier."""
    with StreamDesk(questions=()) as desk:
        line = desk.connect()
        desk.prime()
        line.hear("sor+{}", "str+{}")
        ticket = {
            "conid": desk.conid_of_aapl,
            "orderType": "MKT",
            "side": "BUY",
            "quantity": 10,
            "tif": "DAY",
            "cOID": "gen.7",
        }
        (placed,) = desk.answer(
            "POST", "/iserver/account/DU1000001/orders", json={"orders": [ticket]}
        )
        desk.pass_time()
        messages = line.hear()
        assert [kind for kind, _ in _events(messages)][-3:] == ["str", "sor", "str"]
        shown = orders_of([message for message in messages if message["topic"] == "sor"])
        assert {str(row["orderId"]) for row in shown} == {placed["order_id"]}
        assert shown[0]["order_ref"] == "gen.7"
