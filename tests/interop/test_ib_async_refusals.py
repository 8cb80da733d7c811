"""How ib_async is told no: orders, questions, connections; and how it keeps within the limits."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ib_async import LimitOrder, MarketOrder, Order

from brokerport.simulator.gateways.tws import GatewaySettings
from tests.interop.floor import (
    OPENING,
    VERSIONS,
)
from tests.interop.ib_async_desk import CLIENT_ID, IbAsyncDesk, play, stock

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("version", VERSIONS)
def test_refused_orders(version: int) -> None:
    """Each kind of refusal comes under its order's id, and changes nothing else."""

    async def story(desk: IbAsyncDesk) -> None:
        ib, aapl = desk.ib, stock("AAPL")

        async def code_of(order: Order, symbol: str = "AAPL") -> tuple[int, str]:
            before = len(desk.errors)
            trade = ib.placeOrder(stock(symbol), order)
            await desk.settle()
            ((order_id, code),) = desk.errors[before:]
            assert order_id == trade.order.orderId
            return code, trade.orderStatus.status

        working = ib.placeOrder(aapl, LimitOrder("BUY", 10, 260.00))
        await desk.settle()
        assert await code_of(MarketOrder("BUY", 100_000)) == (201, "Inactive")
        assert await code_of(LimitOrder("BUY", 10, 260.005)) == (110, "Cancelled")
        assert await code_of(MarketOrder("BUY", 10), "NOSUCH") == (200, "Cancelled")
        assert await code_of(MarketOrder("BUY", 10, account="DU9999999")) == (
            *(321, "ValidationError"),
        )
        assert await code_of(MarketOrder("BUY", 0)) == (434, "ValidationError")
        assert await code_of(LimitOrder("BUY", 10, 260, orderId=1)) == (103, "Cancelled")
        assert await code_of(LimitOrder("BUY", 10, 260, parentId=5)) == (145, "Cancelled")
        assert await code_of(Order(action="BUY", totalQuantity=1, orderType="MIT")) == (
            *(387, "Cancelled"),
        )

        # A modification that is refused leaves the order as it was.
        working.order.lmtPrice = 259.995
        ib.placeOrder(aapl, working.order)
        await desk.settle()
        assert desk.errors[-1] == (working.order.orderId, 110)
        (order,) = desk.floor.world.brokerage.open_orders()
        assert order.order_type.limit_price == 260  # type: ignore[union-attr]
        (still,) = await ib.reqOpenOrdersAsync()
        assert (still.order.permId, still.order.lmtPrice) == (working.order.permId, 260.00)
        assert still.orderStatus.status == "Submitted"

        untyped: Any = ib
        untyped.client.cancelOrder(99_999, "")
        await desk.settle()
        assert desk.errors[-1] == (99_999, 10147)
        untyped.reqGlobalCancel()
        await desk.settle()
        assert desk.errors[-1] == (working.order.orderId, 202)
        assert working.orderStatus.status == "Cancelled"
        assert desk.floor.world.brokerage.open_orders() == ()
        assert desk.floor.cash == 1_000_000

    play(story, version=version, errors=(201, 110, 200, 103, 145, 387, 10147, 202))


@pytest.mark.parametrize("version", VERSIONS)
def test_refused_questions(version: int) -> None:
    """A question that cannot be answered is ended with an error under its own id."""

    async def story(desk: IbAsyncDesk) -> None:
        ib, nobody = desk.ib, stock("NOSUCH")
        assert await ib.reqContractDetailsAsync(nobody) == []
        assert await ib.qualifyContractsAsync(nobody) == [None]
        assert len(await ib.reqHistoricalDataAsync(nobody, "", "1 D", "1 day", "TRADES", True)) == 0
        aapl = stock("AAPL")
        for size, duration in (("7 mins", "1 D"), ("1 day", "nonsense")):
            assert (
                len(await ib.reqHistoricalDataAsync(aapl, "", duration, size, "TRADES", True)) == 0
            )
        assert await ib.reqHistogramDataAsync(aapl, True, "1 day") == []
        assert [code for _, code in desk.errors] == [200, 200, 200, 162, 162, 322]
        assert len({request_id for request_id, _ in desk.errors}) == 6
        client: Any = ib.client
        for cancel, code in (
            (client.cancelMktData, 300),
            (client.cancelRealTimeBars, 300),
            (client.cancelHistoricalData, 366),
            (client.cancelTickByTickData, 300),
        ):
            cancel(9_000)
            await desk.settle()
            assert desk.errors[-1] == (9_000, code)
        assert ib.isConnected()
        assert await ib.reqCurrentTimeAsync() == OPENING

    play(story, version=version, errors=(200, 200, 200, 162, 162, 322, 300, 300, 366, 300))


def test_a_client_id_in_use() -> None:
    """A second client with the same id is told 326 and closed; the first one lives on."""

    async def story(desk: IbAsyncDesk) -> None:
        late = desk.new_client()
        connecting = asyncio.ensure_future(desk.connect(CLIENT_ID, late))
        # ib_async would go on waiting for its time-out: it takes a closed socket for no answer.
        closed = await late.client.apiError
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert closed == "Peer closed connection. clientId 7 already in use?"
        assert desk.errors == [(-1, 326)]
        await desk.floor.dropped(1)
        assert await desk.ib.reqCurrentTimeAsync() == OPENING

    faults = (
        "Peer closed connection. clientId 7 already in use?",
        "API connection failed: CancelledError()",
    )
    play(story, errors=(326,), faults=faults)


def test_ib_async_s_own_throttle_keeps_within_the_limit() -> None:
    """With both sides' default limits, a burst of 60 requests meets no error 100."""

    async def story(desk: IbAsyncDesk) -> None:
        desk.ib.client.MaxRequests = type(desk.ib.client).MaxRequests
        details = await asyncio.gather(
            *(desk.ib.reqContractDetailsAsync(stock("AAPL")) for _ in range(60))
        )
        assert [len(found) for found in details] == [1] * 60
        assert desk.floor.gateway.pacing_violations(CLIENT_ID) == 0
        assert desk.errors == []

    play(story, settings=GatewaySettings())
