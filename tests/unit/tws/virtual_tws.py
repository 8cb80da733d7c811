"""A gateway of a few lines and an adapter in session with it, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import async_solipsism

from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.adapters.tws.code_table import CodeTable
from brokerport.adapters.tws.codes import CODES
from brokerport.domain.reports import OrderReport
from brokerport.ports.order_ids import OrderIdReserve
from brokerport.ports.session import OrderReported
from tests.unit.tws.fake_tws import FakeTws, Fields
from tests.unit.tws.test_session import Heard


def contract_data(fields: list[str]) -> list[Fields]:
    """Answer reqContractDetails with the one contract there is."""
    head = ("AAPL", "STK", "", 0, "", "SMART", "USD", "AAPL", "NMS", "NMS", 265598, 0.01)
    middle = ("", "LMT,MKT", "SMART", 1, 0, "APPLE INC", "NASDAQ", "", "", "", "", "US/Eastern")
    tail = ("", "", "", 0, 0, 1, "", "", "", "", "COMMON", 1, 1, 1)
    return [(10, fields[2], *head, *middle, *tail), (52, 1, fields[2])]


class VirtualTws(FakeTws):
    """A gateway that knows AAPL and leaves orders and reads of executions unanswered."""

    def __init__(self) -> None:
        super().__init__({"9": contract_data})

    def says_code(self, about: int, code: int, text: str) -> None:
        """Say an error or a notice about a request, an order or -1."""
        self.say((4, 2, about, code, text, ""))

    def says_working(self, order_id: int) -> None:
        """Say that an order works."""
        perm_id, client_id = 900_000 + order_id, 7
        self.say((3, order_id, "Submitted", 0, 100, 0, perm_id, 0, 0, client_id, "", 0))

    def placed_ids(self) -> list[int]:
        """Return the ids of all placeOrder messages, in order of arrival."""
        return [int(fields[1]) for fields in self.sent("3")]


def in_virtual_time(work: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine on a clock that jumps to what is next."""

    async def run() -> None:
        await work()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        runner.run(run())


async def connected(
    tws: FakeTws, *, order_ids: OrderIdReserve | None = None, codes: CodeTable = CODES
) -> tuple[TwsAdapter, Heard]:
    """Return an adapter in session with the gateway, and what it hears."""
    adapter, heard = TwsAdapter(tws.settings(), order_ids=order_ids, codes=codes), Heard()
    await adapter.session.connect(heard.append)
    return adapter, heard


def reports_on(heard: Heard, client_order_id: str) -> list[OrderReport]:
    """Return what was reported of an order."""
    reports = [event.report for event in heard if isinstance(event, OrderReported)]
    return [report for report in reports if report.client_order_id == client_order_id]
