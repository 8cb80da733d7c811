"""What TWS answers about orders, fills and contracts, message by message."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from ib_async.contract import Contract
from ib_async.order import Order as TwsOrder
from ib_async.order import OrderState
from ib_async.util import UNSET_DOUBLE

from brokerport.adapters.shared_read import SharedRead
from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.adapters.tws.book import TwsOrderBook
from brokerport.adapters.tws.records import completed_order, open_orders
from brokerport.adapters.tws.rows import CompletedOrderRow, OpenOrderRow, OrderStatusRow
from brokerport.adapters.tws.translate_orders import to_tws_order
from brokerport.domain.errors import (
    NotConnected,
    RequestRefused,
    RequestTimedOut,
    UnknownContract,
    Unsupported,
)
from brokerport.domain.instruments import Stock
from brokerport.domain.order_types import Limit
from brokerport.domain.reports import Rejected, ReplaceRefused
from brokerport.ports.orders import BrokerOrder, BrokerOrderStatus, ForeignOrder, OrderRecord
from brokerport.ports.session import ConnectionLost, OrderReported
from tests.unit.tws.fake_tws import FakeTws, Fields
from tests.unit.tws.sample_orders import (
    ACCOUNT,
    CLIENT_ID,
    ORDER_ID,
    OURS,
    PERM_ID,
    placed_book,
    ticket,
)
from tests.unit.tws.test_session import Heard, until, with_fake_tws

AAPL = Contract(secType="STK", conId=265598, symbol="AAPL", currency="USD")


def shown(status: str = "Submitted", **changes: object) -> OpenOrderRow:
    """The sample order's openOrder message."""
    order = to_tws_order(ticket(), Decimal(100), Limit("250.05"), reference=OURS)
    order.orderId, order.clientId, order.permId = ORDER_ID, CLIENT_ID, PERM_ID
    for name, value in changes.items():
        setattr(order, name, value)
    return OpenOrderRow(AAPL, order, OrderState(status=status))


def stands(status: str, filled: float = 0.0, why_held: str = "") -> OrderStatusRow:
    """The sample order's orderStatus message."""
    return OrderStatusRow(CLIENT_ID, ORDER_ID, PERM_ID, status, filled, why_held)


def ours(record: OrderRecord) -> BrokerOrder:
    """Return a record that must be in our words."""
    assert isinstance(record, BrokerOrder)
    return record


def test_the_last_of_each_message_counts() -> None:
    """Live news of an order may come in the middle of an answer."""
    rows = [
        shown(),
        stands("Submitted"),
        shown(totalQuantity=150),
        stands("Submitted", filled=40.0),
    ]
    (record,) = open_orders(rows, ACCOUNT)
    assert (ours(record).quantity, ours(record).filled_quantity) == (Decimal(150), Decimal(40))


@pytest.mark.parametrize("status", ["Filled", "Cancelled", "ApiCancelled"])
def test_an_order_that_ends_during_the_answer_is_not_open(status: str) -> None:
    """The status that came last says so."""
    assert open_orders([shown(), stands("Submitted"), stands(status)], ACCOUNT) == ()


def test_an_inactive_order_is_neither_hidden_nor_working() -> None:
    """Unless TWS says why it is held."""
    (refused,) = open_orders([shown("Inactive"), stands("Inactive")], ACCOUNT)
    assert ours(refused).status is BrokerOrderStatus.REJECTED
    (held,) = open_orders([shown("Inactive"), stands("Inactive", why_held="locate")], ACCOUNT)
    assert ours(held).status is BrokerOrderStatus.WORKING


def test_an_order_without_its_status_is_no_answer() -> None:
    """How much of it is filled is unknown, so it is not made up."""
    with pytest.raises(RequestRefused, match=str(PERM_ID)):
        open_orders([shown()], ACCOUNT)


def test_an_order_of_someone_else_that_we_have_no_words_for_is_shown_as_foreign() -> None:
    """Leaving it out would say that it is not there; refusing to read would hide our own."""
    (foreign,) = open_orders(
        [shown(orderType="TRAIL", orderRef="by hand"), stands("Submitted")], ACCOUNT
    )
    assert isinstance(foreign, ForeignOrder)
    assert (foreign.order_reference, foreign.broker_account) == ("by hand", ACCOUNT)
    assert "TRAIL" in foreign.description


def test_an_order_of_ours_that_we_have_no_words_for_is_no_answer() -> None:
    """Someone changed it by hand into what we never place: it must be looked at."""
    with pytest.raises(Unsupported, match="TRAIL"):
        open_orders([shown(orderType="TRAIL"), stands("Submitted")], ACCOUNT)


def completed(status: str, quantity: float, filled: float, words: str = "") -> CompletedOrderRow:
    """A completedOrder message under our ClientOrderId."""
    order: TwsOrder = shown().order
    order.orderId = order.clientId = 0
    order.totalQuantity, order.filledQuantity = quantity, filled
    return CompletedOrderRow(AAPL, order, OrderState(status=status, completedStatus=words))


def test_a_completed_order_has_no_order_id_of_tws() -> None:
    """What the book knows stands in; else it is empty."""
    row = completed("Filled", 100.0, 100.0, "Filled Size: 100")
    assert completed_order(row, placed_book()[0]).broker_order_id == str(ORDER_ID)
    stranger = ours(completed_order(row, TwsOrderBook()))
    assert (stranger.broker_order_id, stranger.perm_id) == ("", PERM_ID)
    assert stranger.reason == ""


def test_a_completed_orders_quantity_may_be_left_out() -> None:
    """TWS may send 0: then what was ordered here, or what was filled, is known."""
    left_out = completed("Filled", 0.0, 60.0)
    assert ours(completed_order(left_out, TwsOrderBook())).quantity == 60
    cancelled = completed("Cancelled", 0.0, 60.0)
    assert ours(completed_order(cancelled, placed_book()[0])).quantity == 100
    record = ours(completed_order(completed("Filled", 100.0, UNSET_DOUBLE), TwsOrderBook()))
    assert record.filled_quantity == 100


def test_a_refused_order_keeps_its_words() -> None:
    """Completed as Inactive is rejected."""
    row = completed("Inactive", 100.0, 0.0, "Rejected: margin")
    record = ours(completed_order(row, TwsOrderBook()))
    assert (record.status, record.reason) == (BrokerOrderStatus.REJECTED, "Rejected: margin")


def execution(request_id: str, execution_id: str, at: str, kind: str = "STK") -> Fields:
    """An execDetails message as it stands on the wire at version 178."""
    contract = (265598, "AAPL", kind, "", 0, "", "", "SMART", "USD", "AAPL", "NMS")
    order = (PERM_ID, CLIENT_ID, 0, 10, 250.05, OURS, "", "", "", 2, 0)
    fill = (execution_id, at, "DU1000001", "ISLAND", "BOT", 10, 250.05)
    return (11, request_id, ORDER_ID, *contract, *fill, *order)


def test_executions_are_read_in_their_latest_revision_and_in_order() -> None:
    """A correction replaces what it corrects; a combination's own line is no fill."""

    def answer(fields: list[str]) -> list[Fields]:
        request_id = fields[2]
        return [
            execution(request_id, "0000e0d5.6571a2bd.01.01", "20260105 09:32:00 US/Eastern"),
            execution(request_id, "0000e0d5.6571a2bc.01.01", "20260105 09:31:00 US/Eastern"),
            execution(request_id, "0000e0d5.6571a2bc.01.02", "20260105 09:31:00 US/Eastern"),
            execution(request_id, "0000e0d5.6571a2be.01.01", "20260105 09:30:00 US/Eastern", "BAG"),
            (59, 1, "0000e0d5.6571a2bc.01.02", "1.25", "USD", "1.7976931348623157E308", "", ""),
            (55, 1, request_id),
        ]

    async def use(adapter: TwsAdapter, heard: Heard) -> None:
        first, second = await adapter.orders.executions(ACCOUNT)
        assert first.execution.execution_id == "0000e0d5.6571a2bc.01.02"
        assert second.execution.execution_id == "0000e0d5.6571a2bd.01.01"
        assert first.commission is not None
        assert first.commission.amount.amount == Decimal("1.25")
        assert second.commission is None
        assert heard == []

    with_fake_tws(FakeTws({"7": answer}), use)


@pytest.mark.parametrize(("zone", "hour"), [("EST", 14), ("Europe/Berlin", 8)])
def test_a_time_without_a_zone_is_in_the_login_zone(zone: str, hour: int) -> None:
    """The older form has two blanks and no zone; the handshake named it."""
    at = "20260105  09:31:00"

    def answer(fields: list[str]) -> list[Fields]:
        return [execution(fields[2], "0000e0d5.6571a2bc.01.01", at), (55, 1, fields[2])]

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        (booked,) = await adapter.orders.executions(ACCOUNT)
        assert booked.execution.executed_at.isoformat() == f"2026-01-05T{hour:02d}:31:00+00:00"

    tws = FakeTws({"7": answer})
    tws.handshake_time = f"20260105 09:30:00 {zone}"
    with_fake_tws(tws, use)


def contract_data(request_id: str, contract_id: int, exchange: str) -> Fields:
    """A contractData message as it stands on the wire at version 178, without a market rule."""
    head = ("AAPL", "STK", "", 0, "", "SMART", "USD", "AAPL", "NMS", "NMS", contract_id, 0.01)
    middle = ("", "LMT,MKT", "SMART", 1, 0, "APPLE INC", exchange, "", "", "", "", "US/Eastern")
    return (10, request_id, *head, *middle, "", "", "", 0, 0, 1, "", "", "", "", "COMMON", 1, 1, 1)


def test_several_contracts_are_unknown_and_named() -> None:
    """A guess between two would trade the wrong one."""

    def answer(fields: list[str]) -> list[Fields]:
        rows = [contract_data(fields[2], 265598, "NASDAQ"), contract_data(fields[2], 1, "LSE")]
        return [*rows, (52, 1, fields[2])]

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        with pytest.raises(UnknownContract, match=r"NASDAQ.*265598.*LSE"):
            await adapter.contracts.details(Stock("AAPL"))

    with_fake_tws(FakeTws({"9": answer}), use)


def test_one_contract_told_twice_is_one() -> None:
    """Rows of the same contract id do not make it ambiguous; minTick is its only step."""

    def answer(fields: list[str]) -> list[Fields]:
        return [*[contract_data(fields[2], 265598, "NASDAQ")] * 2, (52, 1, fields[2])]

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        details = await adapter.contracts.details(Stock("AAPL"))
        assert (details.contract_id, details.tick_size(Decimal(1))) == (265598, Decimal("0.01"))

    with_fake_tws(FakeTws({"9": answer}), use)


def test_an_order_leaves_once_with_a_new_id_and_everything_that_names_it() -> None:
    """Above every id seen, with conid, SMART, account and our ClientOrderId."""

    def answer(fields: list[str]) -> list[Fields]:
        return [contract_data(fields[2], 265598, "NASDAQ"), (52, 1, fields[2])]

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        tws.say((3, 5000, "Submitted", 0, 1, 0, 77, 0, 0, 99, "", 0))
        await adapter.session.broker_time()
        await adapter.orders.place(ticket())
        await adapter.session.broker_time()
        (sent,) = tws.sent("3")
        assert int(sent[1]) > 5000
        assert (sent[2], sent[3], sent[11]) == ("265598", "AAPL", "USD")
        assert sent[9] == "SMART"
        assert sent[16:22] == ["BUY", "100", "LMT", "250.05", "", "DAY"]
        assert sent[23] == "DU1000001"
        assert OURS in sent

    tws = FakeTws({"9": answer})
    with_fake_tws(tws, use)


def test_many_orders_at_once_look_an_instrument_up_once() -> None:
    """Its contract id never changes."""

    def contract(fields: list[str]) -> list[Fields]:
        return [contract_data(fields[2], 265598, "NASDAQ"), (52, 1, fields[2])]

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        tickets = [ticket(f"{OURS[:-1]}{digit}") for digit in range(10)]
        await asyncio.gather(*(adapter.orders.place(one) for one in tickets))
        await adapter.session.broker_time()
        assert (len(tws.sent("9")), len(tws.sent("3"))) == (1, 10)

    tws = FakeTws({"9": contract})
    with_fake_tws(tws, use)


def test_new_terms_for_an_order_that_ended_are_not_sent() -> None:
    """Under its id they could bring a rejected order to life."""

    def contract(fields: list[str]) -> list[Fields]:
        return [contract_data(fields[2], 265598, "NASDAQ"), (52, 1, fields[2])]

    def refused(fields: list[str]) -> list[Fields]:
        return [(4, 2, fields[1], 201, "no margin", "")]

    async def use(adapter: TwsAdapter, heard: Heard) -> None:
        await adapter.orders.place(ticket())
        await adapter.session.broker_time()
        await adapter.orders.replace(OURS, Decimal(1), Limit("1"))
        await adapter.session.broker_time()
        assert len(tws.sent("3")) == 1
        assert [type(event.report) for event in heard if isinstance(event, OrderReported)] == [
            Rejected,
            ReplaceRefused,
        ]

    tws = FakeTws({"9": contract, "3": refused})
    with_fake_tws(tws, use)


def summary(fields: list[str]) -> list[Fields]:
    """An account summary in euros."""
    tags = [
        "TotalCashValue",
        "NetLiquidation",
        "BuyingPower",
        "InitMarginReq",
        "MaintMarginReq",
        "AvailableFunds",
        "ExcessLiquidity",
    ]
    rows: list[Fields] = [(63, 1, fields[2], "DU1000001", tag, "5.5", "EUR") for tag in tags]
    return [*rows, (64, 1, fields[2])]


def test_a_what_if_travels_without_our_name_and_under_a_new_id() -> None:
    """Nothing may take it for the order; a warning about it is not its answer."""

    def contract(fields: list[str]) -> list[Fields]:
        return [contract_data(fields[2], 265598, "NASDAQ"), (52, 1, fields[2])]

    def answer(fields: list[str]) -> list[Fields]:
        return [
            (4, 2, fields[1], 10349, "TIF was set to DAY", ""),
            (4, 2, fields[1], 201, "no margin", ""),
        ]

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        tws.say((3, 5000, "Submitted", 0, 1, 0, 77, 0, 0, 99, "", 0))
        await adapter.session.broker_time()
        with pytest.raises(RequestRefused, match="no margin"):
            await adapter.orders.margin_impact(ticket())
        (sent,) = tws.sent("3")
        assert int(sent[1]) > 5000
        assert OURS not in sent

    tws = FakeTws({"9": contract, "62": summary, "3": answer})
    with_fake_tws(tws, use)


def test_a_position_of_nothing_is_not_held() -> None:
    """TWS may list what was held and is closed."""
    contract = (265598, "AAPL", "STK", "", 0, "", "", "", "USD", "AAPL", "NMS")
    rows: list[Fields] = [(61, 3, "DU1000001", *contract, 0, 0), (62, 1)]

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        assert await adapter.account_data.positions(ACCOUNT) == ()

    with_fake_tws(FakeTws({"61": rows}), use)


def test_profit_and_loss_waits_until_it_is_computed() -> None:
    """TWS sends its largest double until then; the subscription is ended afterwards."""
    unset = "1.7976931348623157E308"

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        result = await adapter.account_data.profit_and_loss(ACCOUNT)
        assert (result.daily.amount, result.daily.currency) == (Decimal("1.5"), "EUR")
        assert (result.unrealised.amount, result.realised.amount) == (Decimal(2), Decimal(-1))
        await adapter.session.broker_time()
        assert tws.sent("93")[0][1] == tws.sent("92")[0][1]

    tws = FakeTws(
        {
            "62": summary,
            "92": lambda fields: [
                (94, fields[1], unset, unset, unset),
                (94, fields[1], 1.5, unset, 0),
                (94, fields[1], 1.5, 2, -1),
            ],
        }
    )
    with_fake_tws(tws, use)


def test_a_balance_that_is_left_out_is_no_answer() -> None:
    """It is not taken for zero."""

    def balances(fields: list[str]) -> list[Fields]:
        return [(63, 1, fields[2], "DU1000001", "NetLiquidation", "5.5", "USD"), (64, 1, fields[2])]

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        with pytest.raises(RequestRefused, match="buying_power"):
            await adapter.account_data.balances(ACCOUNT)

    with_fake_tws(FakeTws({"62": balances}), use)


def test_a_shared_read_shares_its_error_too() -> None:
    """Callers who wait together give up together; who comes later asks again."""
    fetched: list[int] = []

    async def fetch() -> int:
        fetched.append(1)
        await asyncio.sleep(0)
        if len(fetched) < 3:
            raise RequestTimedOut("no answer")
        return 7

    async def run() -> None:
        read = SharedRead(fetch)
        results = await asyncio.gather(*(read() for _ in range(5)), return_exceptions=True)
        assert [type(result) for result in results] == [RequestTimedOut] * 5
        assert len(fetched) == 2
        assert await read() == 7

    asyncio.run(run())


def test_a_line_that_breaks_just_after_its_last_answer_is_not_kept_quiet_about() -> None:
    """Either there is no session, or its loss is told."""

    def last_answer(_fields: list[str]) -> list[Fields]:
        tws.say((62, 1))
        tws.hang_up()
        return []

    tws = FakeTws({"61": last_answer})

    async def run() -> None:
        async with tws:
            adapter, heard = TwsAdapter(tws.settings()), Heard()
            try:
                await adapter.session.connect(heard.append)
            except NotConnected:
                return
            await until(lambda: heard.of(ConnectionLost))
            assert not adapter.session.is_connected

    asyncio.run(run())
