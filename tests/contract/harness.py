"""What the contract needs of an adapter under test: a scripted market, a still clock, an adapter.

Rules:

- The world stands still except where ``pass_time`` moves it.
- ``settle`` is a barrier: what the broker has said until then has been heard. Every act that makes
  the broker say something settles before it returns.
- One event loop, driven by hand: nothing happens between two calls.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, TypeVar

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.executions import Execution
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import Limit, Market, OrderType, Side, TimeInForce
from brokerport.domain.reports import OrderReport
from brokerport.ports.adapter import BrokerAdapter, Capability
from brokerport.ports.orders import BrokerOrder, OrderTicket
from brokerport.ports.session import AdapterEvent, ExecutionReported, OrderReported
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World

Result = TypeVar("Result")
Event = TypeVar("Event")
Report = TypeVar("Report")

GEN, REV = BrokerAccount("DU1000001"), BrokerAccount("DU1000002")
AAPL, MSFT = Stock("AAPL"), Stock("MSFT")
PUT = Option("AAPL", date(2026, 1, 23), Decimal(250), OptionRight.PUT)
TICK = timedelta(seconds=1)


class AdapterHarness(ABC):
    """One adapter in one world, and what was heard from it.

    ``tells_realised_profit`` says that the commission of a closing fill comes with what the trade
    booked, ``tells_model_prices`` that greeks come with the model's price and the underlying's it
    assumed: an API without them has None there.
    """

    tells_realised_profit = True
    tells_model_prices = True

    def __init__(self) -> None:
        self.market = ScriptedMarket()
        self.show(AAPL, "250.00", "250.05", 300)
        self.show(MSFT, "400.00", "400.10", 300)
        self.show(PUT, "3.00", "3.20", 10)
        accounts = (AccountSetup(GEN, usd(100_000)), AccountSetup(REV, usd(50_000)))
        self.world = World.build(Scenario(accounts=accounts, market=self.market))
        self.heard: list[AdapterEvent] = []
        self._runner = asyncio.Runner()
        self._orders = 0
        self._adapter: BrokerAdapter | None = None

    def __enter__(self) -> Self:
        self.run(self.start())
        self._adapter = self.new_adapter()
        self.connect()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.run(self.adapter.session.disconnect())
        self.run(self.stop())
        assert self._left_over() == set(), "the adapter left tasks behind"
        self._runner.close()

    @abstractmethod
    async def start(self) -> None:
        """Bring up what the adapter connects to."""

    @abstractmethod
    async def stop(self) -> None:
        """Take it down."""

    @abstractmethod
    def new_adapter(self) -> BrokerAdapter:
        """Return a further adapter onto the same world, not connected."""

    @property
    def adapter(self) -> BrokerAdapter:
        """The adapter under test."""
        assert self._adapter is not None, "the harness was not entered"
        return self._adapter

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine to its end."""
        return self._runner.run(work)

    def connect(self) -> None:
        """Open the session, and forget what was said while it was opened."""
        self.run(self.adapter.session.connect(self.heard.append))
        self.settle()
        self.heard.clear()

    def settle(self) -> None:
        """Hear everything the broker has said until now."""
        self.run(self.adapter.session.broker_time())

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Let the loop turn until something holds in the world."""

        async def turn() -> None:
            async with asyncio.timeout(5):
                while not condition():  # noqa: ASYNC110 - a state of the world, not an event
                    await asyncio.sleep(0)

        self.run(turn())

    def show(
        self, instrument: Instrument, bid: str | None, ask: str | None, size: int = 300
    ) -> None:
        """Display a quote."""
        self.market.set_quote(instrument, bid, ask, size, size)

    def pass_time(self, by: timedelta = TICK) -> None:
        """Let simulated time pass, orders match, and hear what happened."""
        self.world.advance(by)
        self.settle()

    def ticket(
        self,
        side: Side,
        quantity: int,
        order_type: OrderType,
        *,
        instrument: Instrument = AAPL,
        account: BrokerAccount = GEN,
        time_in_force: TimeInForce = TimeInForce.DAY,
    ) -> OrderTicket:
        """Write an order under a ClientOrderId of its own."""
        self._orders += 1
        return OrderTicket(
            client_order_id=f"gen.01HV2V8Y3WABCDEFGHJKMNP{self._orders:03d}",
            broker_account=account,
            instrument=instrument,
            side=side,
            quantity=Decimal(quantity),
            order_type=order_type,
            time_in_force=time_in_force,
        )

    def place(self, ticket: OrderTicket) -> str:
        """Place an order, hear what came of it, and return its ClientOrderId."""
        self.run(self.adapter.orders.place(ticket))
        self.settle()
        return ticket.client_order_id

    def bid(self, quantity: int, limit_price: str, **terms: Any) -> str:
        """Place a limit order to buy."""
        return self.place(self.ticket(Side.BUY, quantity, Limit(limit_price), **terms))

    def offer(self, quantity: int, limit_price: str, **terms: Any) -> str:
        """Place a limit order to sell."""
        return self.place(self.ticket(Side.SELL, quantity, Limit(limit_price), **terms))

    def buy(self, quantity: int, **terms: Any) -> str:
        """Place a market order to buy, and let the market take it."""
        client_order_id = self.place(self.ticket(Side.BUY, quantity, Market(), **terms))
        self.pass_time()
        return client_order_id

    def sell(self, quantity: int, **terms: Any) -> str:
        """Place a market order to sell, and let the market take it."""
        client_order_id = self.place(self.ticket(Side.SELL, quantity, Market(), **terms))
        self.pass_time()
        return client_order_id

    def replace(self, client_order_id: str, quantity: int, order_type: OrderType) -> None:
        """Ask for new terms and hear the answer."""
        self.run(self.adapter.orders.replace(client_order_id, Decimal(quantity), order_type))
        self.settle()

    def cancel(self, client_order_id: str) -> None:
        """Ask to cancel and hear the answer."""
        self.run(self.adapter.orders.cancel(client_order_id))
        self.settle()

    def code(self, code: int) -> int | None:
        """Return IBKR's code of a refusal as this adapter tells it."""
        return code if Capability.MESSAGE_CODES in self.adapter.capabilities else None

    def events(self, kind: type[Event]) -> list[Event]:
        """Return what was heard of one kind, in order."""
        return [event for event in self.heard if isinstance(event, kind)]

    def reports(self, client_order_id: str) -> list[OrderReport]:
        """Return what was reported of one order, in order."""
        reports = [event.report for event in self.events(OrderReported)]
        return [report for report in reports if report.client_order_id == client_order_id]

    def only_open_order(self, account: BrokerAccount) -> BrokerOrder:
        """Return the one order that is open in an account, as the broker has it on record."""
        (record,) = self.run(self.adapter.orders.open_orders(account))
        assert isinstance(record, BrokerOrder)
        return record

    def only_report(self, client_order_id: str, kind: type[Report]) -> Report:
        """Return the one report of a kind on an order; none or several fail the test."""
        (report,) = (one for one in self.reports(client_order_id) if isinstance(one, kind))
        return report

    def fills(self, client_order_id: str) -> list[Execution]:
        """Return an order's fills as they were heard."""
        executions = [event.execution for event in self.events(ExecutionReported)]
        return [fill for fill in executions if fill.order_reference == client_order_id]

    def _left_over(self) -> set[asyncio.Task[Any]]:
        async def others() -> set[asyncio.Task[Any]]:
            return asyncio.all_tasks() - {asyncio.current_task()}

        return self.run(others())
