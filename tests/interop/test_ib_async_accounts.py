"""ib_async with several accounts, and as client 0, which sees what others enter by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from ib_async import LimitOrder, MarketOrder

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.order_types import Limit, Side, TimeInForce
from brokerport.simulator.brokerage.orders import BrokerageOrder, OrderEntry, Ticket
from tests.interop.floor import AAPL, ACCOUNT, VERSIONS, Floor
from tests.interop.ib_async_desk import IbAsyncDesk, play, stock

pytestmark = pytest.mark.interop
D = Decimal
ACCOUNTS = ("DU1000001", "DU1000002", "DU1000003")


@pytest.mark.parametrize("version", VERSIONS)
def test_several_accounts(version: int) -> None:
    """An order trades in the account it names, and in no other; one that names none is refused."""

    async def story(desk: IbAsyncDesk) -> None:
        ib = desk.ib
        assert ib.managedAccounts() == list(ACCOUNTS)
        net = {v.account: v.value for v in ib.accountValues() if v.tag == "NetLiquidation"}
        assert net == dict.fromkeys(ACCOUNTS, "1000000.00")
        trade = ib.placeOrder(stock("AAPL"), MarketOrder("BUY", 100, account=ACCOUNTS[1]))
        refused = ib.placeOrder(stock("AAPL"), MarketOrder("BUY", 100))
        await desk.settle()
        assert trade.orderStatus.status == "Filled"
        assert [fill.execution.acctNumber for fill in trade.fills] == [ACCOUNTS[1]]
        assert desk.errors == [(refused.order.orderId, 435)]
        held = {p.account: (p.contract.symbol, p.position) for p in ib.positions()}
        assert held == {ACCOUNTS[1]: ("AAPL", 100)}
        cash = {
            v.account: v.value
            for v in ib.accountValues()
            if (v.tag, v.currency) == ("TotalCashValue", "USD")
        }
        assert cash == {
            ACCOUNTS[0]: "1000000.00",
            ACCOUNTS[1]: "972997.00",
            ACCOUNTS[2]: "1000000.00",
        }
        summary = await ib.accountSummaryAsync()
        assert {v.account: v.value for v in summary if v.tag == "TotalCashValue"} == cash

    play(story, version=version, errors=(435,), accounts=ACCOUNTS)


def enter_by_hand(floor: Floor, price: str) -> BrokerageOrder:
    """Enter an order at the broker through no gateway."""
    return floor.world.brokerage.place(
        Ticket(
            account=BrokerAccount(ACCOUNT),
            instrument=AAPL,
            side=Side.BUY,
            quantity=D(10),
            order_type=Limit(D(price)),
            time_in_force=TimeInForce.DAY,
            order_reference=None,
            entry=OrderEntry("by hand", 0, 0),
        )
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_client_0_sees_orders_entered_by_hand(version: int) -> None:
    """Client 0 binds manual orders when it connects: it sees them fill and can cancel them."""

    async def story(desk: IbAsyncDesk) -> None:
        ib = desk.ib
        entered = enter_by_hand(desk.floor, "269.00")
        another = enter_by_hand(desk.floor, "250.00")
        await desk.settle()
        filling, resting = ib.openTrades()
        assert [t.order.permId for t in (filling, resting)] == [entered.perm_id, another.perm_id]
        assert filling.order.orderId < 0
        assert (filling.order.lmtPrice, filling.orderStatus.status) == (269.0, "Submitted")
        await desk.show(AAPL, "268.95", "268.99")
        assert filling.orderStatus.status == "Filled"
        (fill,) = filling.fills
        assert (fill.execution.price, fill.commissionReport.commission) == (268.99, 1.0)
        # Its own orders keep ordinary ids next to the bound ones.
        mine = ib.placeOrder(stock("AAPL"), LimitOrder("BUY", 1, 240.0))
        client: Any = ib.client
        client.cancelOrder(resting.order.orderId, "")
        await desk.settle()
        assert mine.order.orderId > 0
        assert resting.orderStatus.status == "Cancelled"
        assert desk.errors == [(resting.order.orderId, 202)]
        assert desk.floor.world.brokerage.open_orders() == (
            desk.floor.world.brokerage.order(mine.order.permId),
        )

    play(story, version=version, errors=(202,), client_id=0)
