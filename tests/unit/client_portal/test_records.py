"""Orders and executions on record at Client Portal."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from brokerport.adapters.client_portal.contracts import Contracts
from brokerport.adapters.client_portal.records import ORDERS_MAX, Records
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import NotConnected, RequestRefused, RequestTimedOut, Unsupported
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import Limit, Market, Side, Stop, StopLimit, TimeInForce
from brokerport.ports.orders import BookedExecution, BrokerOrder, BrokerOrderStatus, ForeignOrder
from tests.unit.client_portal.fake_session import GEN, REV, FakeSession, run
from tests.unit.client_portal.test_account_data import FakeContracts

AAPL = Stock("AAPL")
PUT = Option("AAPL", date(2026, 1, 23), Decimal(250), OptionRight.PUT)
OURS = "gen.01HV2V8Y3WABCDEFGHJKMNP001"


class Known(FakeContracts):
    """Apple, an option over it, and a future that brokerport does not have."""

    def __init__(self) -> None:
        self.known = {265598: AAPL, 700: PUT, 5: None}


def order(**changes: Any) -> dict[str, Any]:
    """A row of /iserver/account/orders."""
    return {
        "acct": str(GEN),
        "conidex": "265598",
        "conid": 265598,
        "account": str(GEN),
        "orderId": 1370093238,
        "cashCcy": "USD",
        "orderDesc": "Buy 10 Limit 249.00, Day",
        "ticker": "AAPL",
        "secType": "STK",
        "remainingQuantity": 7.0,
        "filledQuantity": 3.0,
        "totalSize": 10.0,
        "status": "Submitted",
        "origOrderType": "LIMIT",
        "orderType": "Limit",
        "order_ref": OURS,
        "price": "249.00",
        "timeInForce": "CLOSE",
        "lastExecutionTime": "240425160326",
        "lastExecutionTime_r": 1714061006000,
        "side": "BUY",
        **changes,
    }


def trade(**changes: Any) -> dict[str, Any]:
    """A row of /iserver/account/trades."""
    return {
        "execution_id": "0000e0d5.6576fd38.01.01",
        "symbol": "AAPL",
        "side": "S",
        "trade_time": "20231211-18:00:49",
        "trade_time_r": 1702317649000,
        "size": 5.0,
        "price": "192.26",
        "order_ref": OURS,
        "commission": "1.01",
        "net_amount": 961.3,
        "account": str(GEN),
        "accountCode": str(GEN),
        "sec_type": "STK",
        "conid": 265598,
        "order_id": 17437897932,
        **changes,
    }


@pytest.fixture
def session() -> FakeSession:
    """A session without any order."""
    return FakeSession()


def records(session: FakeSession) -> Records:
    """The reads under test."""
    return Records(session.as_session, cast(Contracts, Known()))


def test_a_working_order_is_open_whole(session: FakeSession) -> None:
    """Every term of it, and how much is filled."""
    session.order_lists.order_rows = [order()]
    assert run(records(session).open_orders(GEN)) == (
        BrokerOrder(
            broker_order_id="1370093238",
            perm_id=1370093238,
            order_reference=OURS,
            broker_account=GEN,
            instrument=AAPL,
            side=Side.BUY,
            quantity=Decimal(10),
            order_type=Limit("249.00"),
            time_in_force=TimeInForce.DAY,
            status=BrokerOrderStatus.WORKING,
            filled_quantity=Decimal(3),
        ),
    )
    assert run(records(session).completed_orders(GEN)) == ()


@pytest.mark.parametrize(
    ("terms", "order_type"),
    [
        ({"orderType": "Market", "price": None}, Market()),
        ({"orderType": "Stop", "price": "", "auxPrice": "240.00"}, Stop("240.00")),
        (
            {"orderType": "Stop Limit", "price": "239.50", "auxPrice": "240.00"},
            StopLimit("240.00", "239.50"),
        ),
    ],
)
def test_every_order_type_is_read(
    session: FakeSession, terms: dict[str, Any], order_type: object
) -> None:
    """With its prices, each in its place."""
    session.order_lists.order_rows = [order(**terms)]
    (record,) = run(records(session).open_orders(GEN))
    assert isinstance(record, BrokerOrder)
    assert record.order_type == order_type


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Filled", BrokerOrderStatus.FILLED),
        ("Cancelled", BrokerOrderStatus.CANCELLED),
        ("Inactive", BrokerOrderStatus.REJECTED),
    ],
)
def test_an_ended_order_is_completed(
    session: FakeSession, status: str, expected: BrokerOrderStatus
) -> None:
    """It is not open, and why it ended is told."""
    why = "Order rejected - reason: MARGIN"
    session.order_lists.order_rows = [order(status=status, order_cancellation_by_system_reason=why)]
    (record,) = run(records(session).completed_orders(GEN))
    assert isinstance(record, BrokerOrder)
    assert (record.status, record.reason) == (expected, why)
    assert run(records(session).open_orders(GEN)) == ()


@pytest.mark.parametrize("status", ["PendingSubmit", "PreSubmitted", "PendingCancel", "WarnState"])
def test_an_order_on_its_way_is_open(session: FakeSession, status: str) -> None:
    """It may still trade."""
    session.order_lists.order_rows = [order(status=status)]
    (record,) = run(records(session).open_orders(GEN))
    assert isinstance(record, BrokerOrder)
    assert record.status is BrokerOrderStatus.WORKING


def test_another_accounts_order_is_left_out(session: FakeSession) -> None:
    """Even if the answer has it."""
    session.order_lists.order_rows = [order(account=str(REV), acct=str(REV)), order()]
    session.order_lists.trade_rows = [trade(account=str(REV))]
    assert len(run(records(session).open_orders(GEN))) == 1
    assert run(records(session).executions(GEN)) == ()


FOREIGN: dict[str, dict[str, Any]] = {
    "a trailing stop": {"orderType": "Trailing Stop"},
    "a future": {"conid": 5, "secType": "FUT", "ticker": "ES"},
    "an unknown contract": {"conid": 6},
    "a time in force": {"timeInForce": "OPG"},
    "a side": {"side": "SSHORT"},
    "a cash quantity": {"totalSize": None, "totalCashSize": 2500.0},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_an_order_without_words_is_foreign(session: FakeSession, what: str) -> None:
    """It is shown, and keeps no other order out."""
    session.order_lists.order_rows = [order(order_ref="by hand", **FOREIGN[what]), order(orderId=2)]
    foreign, ours = run(records(session).open_orders(GEN))
    assert isinstance(foreign, ForeignOrder)
    assert (foreign.perm_id, foreign.order_reference) == (1370093238, "by hand")
    assert (foreign.broker_account, ours.perm_id) == (GEN, 2)
    assert foreign.description != ""


@pytest.mark.parametrize("what", FOREIGN)
def test_an_order_of_ours_is_never_foreign(session: FakeSession, what: str) -> None:
    """We do not place such: somebody must look."""
    session.order_lists.order_rows = [order(**FOREIGN[what])]
    with pytest.raises(Unsupported, match=OURS):
        run(records(session).open_orders(GEN))


@pytest.mark.parametrize("wrong", [{"account": "", "acct": None}, {"orderId": None}, {"conid": ""}])
def test_a_row_that_names_nothing_is_refused(session: FakeSession, wrong: dict[str, Any]) -> None:
    """It could be anybody's, or anything."""
    session.order_lists.order_rows = [order(**wrong)]
    with pytest.raises(RequestRefused):
        run(records(session).open_orders(GEN))


def test_a_full_list_is_no_proof(session: FakeSession) -> None:
    """A thousand orders are shown at most, so there may be others."""
    rows = [order(orderId=number, order_ref=f"x{number}") for number in range(1, ORDERS_MAX + 1)]
    session.order_lists.order_rows = rows
    with pytest.raises(RequestRefused, match="no more than 1000"):
        run(records(session).open_orders(GEN))
    session.order_lists.order_rows = rows[1:]
    assert len(run(records(session).open_orders(GEN))) == ORDERS_MAX - 1


@pytest.mark.parametrize(
    "error", [NotConnected("cut"), RequestTimedOut("late"), RequestRefused("no bridge", 400)]
)
def test_a_failed_read_is_no_empty_list(session: FakeSession, error: Exception) -> None:
    """Of none of the three."""
    session.order_lists.error = error
    reads = records(session)
    for read in (reads.open_orders, reads.completed_orders, reads.executions):
        with pytest.raises(type(error)):
            run(read(GEN))


def test_a_strange_account_has_no_records(session: FakeSession) -> None:
    """Of which nothing is known."""
    reads = records(session)
    for read in (reads.open_orders, reads.completed_orders, reads.executions):
        with pytest.raises(RequestRefused, match="not managed"):
            run(read(BrokerAccount("DU9999999")))


def test_executions_come_in_order_with_their_commissions(session: FakeSession) -> None:
    """Oldest first; a commission that is not known yet is None."""
    later = trade(execution_id="later", trade_time_r=1702317650000, conid=700, commission="")
    session.order_lists.trade_rows = [later, trade()]
    first, second = run(records(session).executions(GEN))
    assert first == BookedExecution(
        Execution(
            execution_id="0000e0d5.6576fd38.01.01",
            broker_account=GEN,
            instrument=AAPL,
            side=Side.SELL,
            quantity=Decimal(5),
            price=Decimal("192.26"),
            executed_at=datetime(2023, 12, 11, 18, 0, 49, tzinfo=UTC),
            order_reference=OURS,
            perm_id=17437897932,
        ),
        Commission("0000e0d5.6576fd38.01.01", usd("1.01")),
    )
    assert (second.execution.instrument, second.commission) == (PUT, None)


def test_the_line_of_a_whole_combination_is_left_out(session: FakeSession) -> None:
    """Its legs are there each."""
    session.order_lists.trade_rows = [trade(sec_type="BAG", conid=28812380), trade()]
    assert len(run(records(session).executions(GEN))) == 1


@pytest.mark.parametrize("wrong", [{"conid": 5}, {"conid": 6}, {"size": 0}, {"price": ""}])
def test_an_execution_without_words_is_unsupported(
    session: FakeSession, wrong: dict[str, Any]
) -> None:
    """A list without it would be wrong."""
    session.order_lists.trade_rows = [trade(), trade(**wrong)]
    with pytest.raises(Unsupported):
        run(records(session).executions(GEN))


def test_an_unreadable_commission_is_refused(session: FakeSession) -> None:
    """It is neither nothing nor unknown."""
    session.order_lists.trade_rows = [trade(commission="much")]
    with pytest.raises(RequestRefused, match="commission"):
        run(records(session).executions(GEN))
