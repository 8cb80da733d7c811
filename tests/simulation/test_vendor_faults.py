"""The gateways misbehave as a plan says: what a client is told then, and what stays true."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from attrs import frozen

from brokerport.simulator.brokerage.orders import BrokerageStatus
from brokerport.simulator.faults.plan import FaultPlan
from brokerport.simulator.faults.tws_mischief import TwsMischief
from brokerport.simulator.gateways.tws import TwsGateway
from brokerport.simulator.wire.tws.messages.executions import (
    CommissionReport,
    ExecDetails,
    ReqExecutions,
)
from brokerport.simulator.wire.tws.messages.market_data import ReqMktData, TickPrice
from brokerport.simulator.wire.tws.messages.orders import (
    CancelOrder,
    CompletedOrder,
    CompletedOrdersEnd,
    OpenOrder,
    OrderStatus,
    ReqCompletedOrders,
    ReqOpenOrders,
)
from brokerport.simulator.wire.tws.messages.session import NextValidId, ReqIds, StartApi
from tests.simulation.trading_floor import AAPL
from tests.simulation.tws_door import (
    STOCK,
    Door,
    RawClient,
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


@frozen
class Scene:
    """A client of a gateway that misbehaves."""

    door: Door
    gateway: TwsGateway
    client: RawClient
    greeting: list[Any]
    mischief: TwsMischief

    @property
    def played(self) -> list[str]:
        """The kinds that were played, in order."""
        return [done.kind for done in self.mischief.log]

    async def fill(self, order_id: int = 101) -> list[Any]:
        """Place a market order, which fills, and return what is told of it."""
        return await self.client.ask(place(order_id, order()))

    async def rest(self, order_id: int = 101) -> list[Any]:
        """Place an order that rests, and return what is told of it."""
        return await self.client.ask(place(order_id, limit_order("250")))

    async def another(self) -> RawClient:
        """Return a client that starts after the first has left."""
        await self.client.hang_up()
        client = await self.door.knock_at(self.gateway)
        await client.shake_hands()
        await client.ask(StartApi(1))
        return client


def stage(story: Callable[[Scene], Awaitable[None]], *faults: dict[str, Any]) -> None:
    """Run a story with a client of a gateway that plays these faults."""

    async def whole(door: Door) -> None:
        mischief = TwsMischief(FaultPlan.from_mapping({"faults": list(faults)}))
        async with TwsGateway(door.world, mischief=mischief) as gateway:
            client = await door.knock_at(gateway)
            await client.shake_hands()
            greeting = await client.ask(StartApi(1))
            await story(Scene(door, gateway, client, greeting, mischief))
            await door.leave()
        assert gateway.faults.count == 0

    play(whole)


FILLED = [
    "OpenOrder",
    "OrderStatus",
    "ExecDetails",
    "OpenOrder",
    "OrderStatus",
    "OpenOrder",
    "OrderStatus",
    "CommissionReport",
]


def test_a_plan_without_vendor_faults_changes_nothing() -> None:
    """The captured sequence, through the mischief."""

    async def story(scene: Scene) -> None:
        assert names(await scene.fill()) == FILLED
        assert scene.played == []

    stage(story, {"kind": "drop"})


def test_lost_and_repeated_statuses() -> None:
    """Of one kind of message, or of both; a list is honest."""

    async def lost(scene: Scene) -> None:
        assert names(await scene.fill()) == [name for name in FILLED if name != "OrderStatus"]
        await scene.rest(102)
        listed = await scene.client.ask(ReqOpenOrders())
        assert names(listed) == ["OpenOrder", "OrderStatus", "OpenOrderEnd"]

    async def twice(scene: Scene) -> None:
        assert names(await scene.rest()) == ["OpenOrder", "OpenOrder", "OrderStatus", "OrderStatus"]
        assert scene.played == ["tws.repeated_status"] * 2

    stage(lost, {"kind": "tws.lost_status", "containing": "OrderStatus"})
    stage(twice, {"kind": "tws.repeated_status"})


def test_a_false_status_and_the_truth_after_it() -> None:
    """The order works on; only the status of a working order lies."""

    async def story(scene: Scene) -> None:
        told = await scene.rest()
        assert only(OrderStatus, told).status == "Cancelled"
        assert only(OpenOrder, told).order_state.status == "Submitted"
        changed = await scene.client.ask(place(101, limit_order("251")))
        assert only(OrderStatus, changed).status == "Submitted"
        assert [one.status for one in scene.door.brokerage.open_orders()] == [
            BrokerageStatus.SUBMITTED
        ]

    stage(story, {"kind": "tws.false_status", "status": "Cancelled", "nth": 1})


def test_a_notice_follows_the_status_of_a_live_order() -> None:
    """Code 10349, with the order's id."""

    async def story(scene: Scene) -> None:
        told = await scene.rest()
        assert names(told) == ["OpenOrder", "OrderStatus", "ErrorMessage"]
        assert errors(told) == [(101, 10349)]

    stage(story, {"kind": "tws.order_notice", "code": 10349})


def test_lost_and_repeated_executions() -> None:
    """Its commission comes all the same, and the list of executions has it once."""

    async def lost(scene: Scene) -> None:
        assert names(await scene.fill()) == [name for name in FILLED if name != "ExecDetails"]
        listed = await scene.client.ask(ReqExecutions(7))
        assert names(listed) == ["ExecDetails", "CommissionReport", "ExecDetailsEnd"]

    async def twice(scene: Scene) -> None:
        first, second = every(ExecDetails, await scene.fill())
        assert first == second

    stage(lost, {"kind": "tws.lost_execution"})
    stage(twice, {"kind": "tws.repeated_execution"})


def test_a_late_execution_comes_after_its_commission() -> None:
    """It is the last to come, whatever is told meanwhile."""

    async def story(scene: Scene) -> None:
        scene.client.send(place(101, order()))
        told = [await scene.client.read() for _ in FILLED]
        assert names(told) == [*(name for name in FILLED if name != "ExecDetails"), "ExecDetails"]

    stage(story, {"kind": "tws.late_execution", "latency_ms_min": 30, "latency_ms_max": 30})


def test_a_correction_follows_an_execution_and_stands_in_lists() -> None:
    """``.02`` with another price, ``.03`` with the old one if it is taken back; commissions too."""

    def ids(messages: list[Any]) -> list[tuple[str, Decimal]]:
        return [
            (one.execution.exec_id[-3:], one.execution.price)
            for one in every(ExecDetails, messages)
        ]

    async def kept(scene: Scene) -> None:
        told = await scene.fill()
        assert ids(told) == [(".01", D("270.02")), (".02", D("269.97"))]
        charged = [one.exec_id[-3:] for one in every(CommissionReport, told)]
        assert charged == [".01", ".02"]
        listed = await (await scene.another()).ask(ReqExecutions(7))
        assert ids(listed) == ids(told)
        assert [one.exec_id[-3:] for one in every(CommissionReport, listed)] == charged

    async def taken_back(scene: Scene) -> None:
        told = ids(await scene.fill())
        assert told == [(".01", D("270.02")), (".02", D("269.97")), (".03", D("270.02"))]
        assert ids(await scene.client.ask(ReqExecutions(7))) == told

    fault = {"kind": "tws.correction", "price_offset": -0.05}
    stage(kept, fault | {"is_taken_back": False})
    stage(taken_back, fault)


def test_an_answer_that_is_never_sent() -> None:
    """The session hears nothing of the order, not even its fill; lists and the next one do."""

    async def placing(scene: Scene) -> None:
        assert await scene.fill() == []
        assert names(await scene.fill(102)) == FILLED
        assert len(scene.door.brokerage.executions()) == 2
        assert len(every(ExecDetails, await scene.client.ask(ReqExecutions(7)))) == 2

    async def cancelling(scene: Scene) -> None:
        assert names(await scene.rest()) == ["OpenOrder", "OrderStatus"]
        assert await scene.client.ask(CancelOrder(101)) == []
        assert scene.door.brokerage.open_orders() == ()
        listed = await (await scene.another()).ask(ReqCompletedOrders(True))
        assert only(CompletedOrder, listed).order_state.status == "Cancelled"

    kind = {"kind": "tws.lost_acknowledgement"}
    stage(placing, kind | {"containing": "PlaceOrder", "nth": 1})
    stage(cancelling, kind | {"containing": "CancelOrder"})


def test_a_connection_that_ends_with_the_order() -> None:
    """The order is placed, and not a word is said; the next session finds it."""

    async def story(scene: Scene) -> None:
        scene.client.send(place(101, limit_order("250")))
        assert await scene.client.until_closed() == []
        assert len(scene.door.brokerage.open_orders()) == 1
        listed = await (await scene.another()).ask(ReqOpenOrders())
        assert only(OpenOrder, listed).order_id == 101

    stage(story, {"kind": "tws.disconnect_on_order"})


def test_an_outage_is_told_and_what_happens_meanwhile_is_lost() -> None:
    """1100, then 1101; the fill in between is never told, and quotes from before are dead."""

    async def story(scene: Scene) -> None:
        client = scene.client
        await client.ask(ReqMktData(1, STOCK))
        client.send(place(101, order()))
        assert errors([await client.read()]) == [(-1, 1100)]
        assert errors([await client.read()]) == [(-1, 1101)]
        assert len(scene.door.brokerage.executions()) == 1
        scene.door.show(AAPL, "269.00", "269.04")
        scene.door.tick()
        assert await client.ask(ReqIds()) == [NextValidId(102)]
        again = await client.ask(ReqMktData(2, STOCK))
        assert {tick.request_id for tick in every(TickPrice, again)} == {2}
        assert names(await scene.fill(102)) == FILLED

    fault = {"kind": "tws.outage", "containing": "OpenOrder", "times_max": 1}
    stage(story, fault | {"restored_code": 1101, "outage_ms_min": 5, "outage_ms_max": 5})


def test_a_next_valid_id_is_too_low_or_told_twice() -> None:
    """At the start as when asked; never below 1."""

    async def low(scene: Scene) -> None:
        assert only(NextValidId, scene.greeting).order_id == 61
        await scene.rest(200)
        assert await scene.client.ask(ReqIds()) == [NextValidId(161)]

    async def twice(scene: Scene) -> None:
        assert every(NextValidId, scene.greeting) == [NextValidId(101)] * 2

    async def least(scene: Scene) -> None:
        assert only(NextValidId, scene.greeting).order_id == 1

    stage(low, {"kind": "tws.low_order_id", "rolled_back_by": 40})
    stage(twice, {"kind": "tws.low_order_id"})
    stage(least, {"kind": "tws.low_order_id", "rolled_back_by": 1000})


def test_completed_orders_are_empty() -> None:
    """The end marker alone; the next list has them."""

    async def story(scene: Scene) -> None:
        await scene.fill()
        assert await scene.client.ask(ReqCompletedOrders(True)) == [CompletedOrdersEnd()]
        listed = await scene.client.ask(ReqCompletedOrders(True))
        assert names(listed) == ["CompletedOrder", "CompletedOrdersEnd"]

    stage(story, {"kind": "tws.no_completed_orders", "nth": 1})
