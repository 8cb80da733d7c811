"""A flood of reads and orders on one TWS session: IBKR's limit is kept, and cancels do not wait.

Adapter, ib_async and gateway run on a virtual clock with sockets in memory, so a message arrives at
the instant at which it leaves. The judge is the gateway's own count.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import async_solipsism
import pytest
from attrs import frozen

from brokerport.adapters.pacing_limits import LIMITS
from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.adapters.tws.allowance import MESSAGES_PER_SECOND_MAX, WINDOW_SECONDS, Lane, places
from brokerport.config import TwsSettings
from brokerport.domain.money import usd
from brokerport.domain.order_types import Limit, Side, TimeInForce
from brokerport.ports.orders import OrderTicket
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.gateways.tws import session as gateway_session
from brokerport.simulator.gateways.tws.server import TwsGateway
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.wire.tws.messages.orders import CancelOrder, PlaceOrder
from brokerport.simulator.world import World
from tests.contract.harness import AAPL, GEN

CLIENT_ID = 7
SLOT_SECONDS = WINDOW_SECONDS / places(Lane.READ)


@frozen
class Arrival:
    """A message at the gateway."""

    at: float
    request: object


class Desk:
    """An adapter in session with a gateway that notes what arrives when."""

    def __init__(self, gateway: TwsGateway, adapter: TwsAdapter, arrivals: list[Arrival]) -> None:
        self.gateway, self.adapter, self.arrivals = gateway, adapter, arrivals
        self._orders = 0

    @property
    def now(self) -> float:
        """The loop's time, seconds."""
        return asyncio.get_running_loop().time()

    async def bid(self) -> str:
        """Place an order that rests, and return its ClientOrderId."""
        self._orders += 1
        ticket = OrderTicket(
            client_order_id=f"gen.01HV2V8Y3WABCDEFGHJKMN{self._orders:04d}",
            broker_account=GEN,
            instrument=AAPL,
            side=Side.BUY,
            quantity=Decimal(1),
            order_type=Limit("100"),
            time_in_force=TimeInForce.DAY,
        )
        await self.adapter.orders.place(ticket)
        return ticket.client_order_id

    def read(self, number: int) -> Coroutine[Any, Any, object]:
        """One of several kinds of reads, none of which shares its answer with others."""
        adapter = self.adapter
        match number % 4:
            case 0:
                return adapter.session.broker_time()
            case 1:
                return adapter.contracts.find("AAPL")
            case 2:
                return adapter.orders.executions(GEN)
            case _:
                return adapter.contracts.details(AAPL)

    def arrived(self, kind: type) -> list[Arrival]:
        """What arrived of one kind."""
        return [arrival for arrival in self.arrivals if isinstance(arrival.request, kind)]

    def most_in_a_second(self) -> int:
        """The most messages that arrived in any second, wherever it begins."""
        times = [arrival.at for arrival in self.arrivals]
        first, most = 0, 0
        for last, at in enumerate(times):
            while times[first] <= at - 1.0:
                first += 1
            most = max(most, last - first + 1)
        return most


def on_a_desk(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[Desk], Coroutine[Any, Any, None]]
) -> Desk:
    """Run ``work`` on a desk of its own in virtual time, and judge its pacing."""
    arrivals: list[Arrival] = []
    handle = gateway_session.Session.handle

    def noted(self: gateway_session.Session, request: Any, now_seconds: float) -> None:
        arrivals.append(Arrival(asyncio.get_running_loop().time(), request))
        handle(self, request, now_seconds)

    monkeypatch.setattr(gateway_session.Session, "handle", noted)
    market = ScriptedMarket()
    market.set_quote(AAPL, "250.00", "250.05", 300, 300)
    accounts = (AccountSetup(GEN, usd(10_000_000)),)
    world = World.build(Scenario(accounts=accounts, market=market))

    async def run() -> Desk:
        async with TwsGateway(world) as gateway:
            settings = TwsSettings(port=gateway.port, client_id=CLIENT_ID)
            desk = Desk(gateway, TwsAdapter(settings, world.clock), arrivals)
            await desk.adapter.session.connect(lambda _event: None)
            await desk.adapter.contracts.details(AAPL)
            await work(desk)
            assert gateway.pacing_violations(CLIENT_ID) == 0
            await desk.adapter.session.disconnect()
        return desk

    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        desk = runner.run(run())
    assert desk.most_in_a_second() <= MESSAGES_PER_SECOND_MAX < LIMITS["messages"].limit.requests
    return desk


def test_a_flood_of_reads_and_orders_keeps_ibkrs_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 reads, 200 orders and their cancels at once: all are served, none too early."""

    async def flood(desk: Desk) -> None:
        async def place_and_cancel() -> None:
            await desk.adapter.orders.cancel(await desk.bid())

        trading = [place_and_cancel() for _ in range(200)]
        reading = [desk.read(number) for number in range(2000)]
        await asyncio.gather(*reading, *trading)

    desk = on_a_desk(monkeypatch, flood)
    kinds = Counter(type(arrival.request).__name__ for arrival in desk.arrivals)
    assert kinds["PlaceOrder"] == kinds["CancelOrder"] == 200
    assert kinds["ReqCurrentTime"] == kinds["ReqMatchingSymbols"] == kinds["ReqExecutions"] == 500
    last_order = max(desk.arrived(PlaceOrder), key=lambda arrival: arrival.at)
    assert last_order.at < desk.arrivals[-1].at / 3, "orders waited for reads"
    sent = [arrival.request.order_id for arrival in desk.arrived(PlaceOrder)]  # type: ignore[attr-defined]
    assert sent == sorted(sent)


def test_a_cancel_waits_for_one_slot_at_most_in_a_flood_of_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whenever it is asked for, it is the next message that leaves, and within one slot."""
    asked_at: list[float] = []

    async def flood(desk: Desk) -> None:
        orders = [await desk.bid() for _ in range(40)]
        reading = [asyncio.ensure_future(desk.read(number)) for number in range(1000)]
        for number, order in enumerate(orders):
            # Pauses of many lengths, so that it comes at any point of a slot and of a second.
            await asyncio.sleep(0.2 + 0.0137 * number)
            asked_at.append(desk.now)
            await desk.adapter.orders.cancel(order)
        await asyncio.gather(*reading)

    desk = on_a_desk(monkeypatch, flood)
    cancels = desk.arrived(CancelOrder)
    assert len(cancels) == len(asked_at) == 40
    for asked, cancel in zip(asked_at, cancels, strict=True):
        between = [arrival for arrival in desk.arrivals if asked < arrival.at < cancel.at]
        assert len(between) <= 1
        assert cancel.at - asked <= SLOT_SECONDS
    reads_after = [one for one in desk.arrivals if one.at > cancels[-1].at]
    assert reads_after, "the flood was over before the last cancel"


@pytest.mark.parametrize("phase_seconds", [0.0, 0.21, 0.42, 0.63, 0.84])
def test_many_cancels_at_once_wait_for_each_other_only(
    monkeypatch: pytest.MonkeyPatch, phase_seconds: float
) -> None:
    """In a flood of reads the n-th of 45 leaves one slot after the n-th at the latest.

    Wherever in a second they come: reads that left in bursts would block them until its end.
    """
    asked_at: list[float] = []

    async def flood(desk: Desk) -> None:
        orders = [await desk.bid() for _ in range(MESSAGES_PER_SECOND_MAX)]
        reading = [asyncio.ensure_future(desk.read(number)) for number in range(400)]
        await asyncio.sleep(5.01 + phase_seconds)
        asked_at.append(desk.now)
        await asyncio.gather(*(desk.adapter.orders.cancel(order) for order in orders))
        assert not all(read.done() for read in reading), "the flood is over"
        await asyncio.gather(*reading)

    desk = on_a_desk(monkeypatch, flood)
    slot_seconds = WINDOW_SECONDS / MESSAGES_PER_SECOND_MAX
    waits = [cancel.at - asked_at[0] for cancel in desk.arrived(CancelOrder)]
    assert len(waits) == MESSAGES_PER_SECOND_MAX
    for number, wait in enumerate(waits, start=1):
        assert wait <= (number + 1) * slot_seconds
