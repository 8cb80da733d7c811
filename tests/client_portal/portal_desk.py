"""A Client Portal gateway in a still world, driven in process: no socket, no waiting.

Rules:

- Two clocks, both still until they are moved: ``pass_seconds`` moves the wall's (idleness, pacing),
  ``world.advance`` the world's (market, midnight in New York).
- Every request goes through the whole application, as a client's would after the server.
- Pacing is off unless asked for; what a test leaves behind (tasks, faults) fails it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import date, timedelta
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import Limit, Market, OrderType, Side, TimeInForce
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.brokerage.orders import BrokerageOrder, OrderEntry, Ticket
from brokerport.simulator.gateways.client_portal.application import build_application
from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.served_portal import DOOR, ServedPortal
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World

Result = TypeVar("Result")

GEN, REV = BrokerAccount("DU1000001"), BrokerAccount("DU1000002")
AAPL, MSFT = Stock("AAPL"), Stock("MSFT")
PUT = Option("AAPL", date(2026, 1, 23), Decimal(250), OptionRight.PUT)
TICK = timedelta(seconds=1)
USER_AGENT = "portal-desk/1"


class HandClock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


TWO_ACCOUNTS = (AccountSetup(GEN, usd(100_000)), AccountSetup(REV, usd(50_000)))


def scripted_world(
    market: ScriptedMarket, accounts: tuple[AccountSetup, ...] = TWO_ACCOUNTS
) -> World:
    """Build a world of accounts: Monday 2026-01-05, 9:30 in New York, the session is open."""
    return World.build(Scenario(accounts=accounts, market=market))


class PortalDesk:
    """One gateway application, one client of it, and the world behind it.

    ``settings`` are those of ``PortalSettings``, by name.
    """

    def __init__(
        self, *, accounts: tuple[AccountSetup, ...] = TWO_ACCOUNTS, **settings: Any
    ) -> None:
        self.market = ScriptedMarket()
        self.show(AAPL, "250.00", "250.05")
        self.show(MSFT, "400.00", "400.10")
        self.show(PUT, "3.00", "3.20", 10)
        self.world = scripted_world(self.market, accounts)
        self.clock = HandClock()
        self.settings = PortalSettings(**{"enforces_pacing": False, **settings})
        self._runner = asyncio.Runner()
        self._expected_faults = 0

    def __enter__(self) -> Self:
        self.portal = ServedPortal(self.world, self.settings, self.clock)
        self.application = build_application(self.portal)
        self.run(self._open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.run(self._close())
        left_over = self.run(_other_tasks())
        self._runner.close()
        if kind is None:
            assert left_over == set(), "the gateway left tasks behind"
            assert self.portal.faults.count == self._expected_faults, "the gateway made a mistake"

    async def _open(self) -> None:
        self.portal.start()
        self.client = self.new_client()

    async def _close(self) -> None:
        await self.client.aclose()
        await self.portal.close()

    def new_client(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """Return a further client of the same application, from that address; close it."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.application, client=(address, 50_000)),
            base_url="https://localhost/v1/api",
            headers={"User-Agent": USER_AGENT},
            timeout=5,
        )

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine to its end."""
        return self._runner.run(work)

    @property
    def login(self) -> Login:
        """The gateway's own login."""
        assert self.portal.gateway_login is not None, "nobody is logged in"
        return self.portal.gateway_login

    def expect_faults(self, count: int) -> None:
        """Say how many of its own mistakes the gateway is made to make in this test."""
        self._expected_faults = count

    # --- requests -------------------------------------------------------------------------------

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> httpx.Response:
        """Send a GET for a path below /v1/api."""
        return self.request("GET", path, params=params)

    def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        """Send a POST with a JSON body, or an empty one."""
        return self.request("POST", path, json=json, **more)

    def put(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        """Send a PUT with a JSON body, or an empty one."""
        return self.request("PUT", path, json=json, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        """Send a DELETE."""
        return self.request("DELETE", path, **more)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send any request and return its answer."""
        return self.run(self.client.request(method, path, **more))

    def answer(self, method: str, path: str, **more: Any) -> Any:
        """Send a request that must be answered with 200; return the JSON."""
        response = self.request(method, path, **more)
        assert response.status_code == 200, (
            f"{method} {path}: {response.status_code} {response.text}"
        )
        return response.json()

    def prime(self) -> None:
        """Make the calls that must come before the others, as a careful client does."""
        self.answer("GET", "/iserver/accounts")
        self.answer("GET", "/portfolio/accounts")

    # --- time and the world ---------------------------------------------------------------------

    def pass_seconds(self, seconds: float) -> None:
        """Let time pass on the wall; the world stands still."""
        self.clock.seconds += seconds

    def pass_time(self, by: timedelta = TICK) -> None:
        """Let time pass in the world; the wall's clock stands still."""
        self.world.advance(by)

    def show(
        self, instrument: Instrument, bid: str | None, ask: str | None, size: int = 300
    ) -> None:
        """Display a quote."""
        self.market.set_quote(instrument, bid, ask, size, size)

    def place(
        self,
        side: Side,
        quantity: int,
        order_type: OrderType,
        *,
        instrument: Instrument = AAPL,
        account: BrokerAccount = GEN,
        order_reference: str = "",
        time_in_force: TimeInForce = TimeInForce.DAY,
        door: str = DOOR,
    ) -> BrokerageOrder:
        """Place an order at the broker directly, past the gateway."""
        entry = OrderEntry(door=door, client_id=0, order_id=0)
        ticket = Ticket(
            account=account,
            instrument=instrument,
            side=side,
            quantity=Decimal(quantity),
            order_type=order_type,
            time_in_force=time_in_force,
            order_reference=order_reference,
            entry=entry,
        )
        return self.world.brokerage.place(ticket)

    def buy(self, quantity: int, instrument: Instrument = AAPL, **terms: Any) -> BrokerageOrder:
        """Buy at the market and let the market take it."""
        order = self.place(Side.BUY, quantity, Market(), instrument=instrument, **terms)
        self.pass_time()
        return self.world.brokerage.order(order.perm_id)

    def bid(self, quantity: int, limit_price: str, **terms: Any) -> BrokerageOrder:
        """Place a limit order to buy."""
        return self.place(Side.BUY, quantity, Limit(limit_price), **terms)


async def _other_tasks() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}
