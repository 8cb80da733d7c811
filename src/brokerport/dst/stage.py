"""The stage: the world with its clock, the real gateway, and the network before it."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from brokerport.config import (
    AccountSettings,
    ClientPortalSettings,
    OrderSettings,
    ReconciliationSettings,
    SessionSettings,
    Settings,
    TwsSettings,
)
from brokerport.domain.accounts import BrokerAccount, Role
from brokerport.domain.instruments import Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import Market, TimeInForce
from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE
from brokerport.dst.generation import OPENING_PRICES
from brokerport.dst.mischief import EndingPortalMischief, EndingTwsMischief
from brokerport.dst.network import HOST, Network
from brokerport.dst.plan import Fault, Move, Plan, Stranger
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.brokerage.orders import OrderEntry, Ticket
from brokerport.simulator.brokerage.refusals import OrderRefused
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.faults.plan import FaultPlan
from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.gateways.tws.server import TwsGateway
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.pacemaker import Pacemaker
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import DEFAULT_FIRST_DAY, World

BROKER_ACCOUNTS = {"gen": "DU1000001", "rev": "DU1000002", "com": "DU1000003"}
ROLES = {"gen": Role.GEN, "rev": Role.REV, "com": Role.COM}
OPENING_CASH = 1_000_000
PACE_SECONDS = 0.5
# While nothing but time passes the world is advanced in longer steps.
SLOW_PACE_SECONDS = 60.0
CLIENT_ID = 7
GATEWAY_PORT = 4002


@cache
def _first_close() -> datetime:
    """Return when the first session closes; a calendar takes a while to build."""
    session = TradingCalendar().session_on(DEFAULT_FIRST_DAY)
    if session is None:
        raise RuntimeError("the first day has no session")
    return session.closes_at


class Stage:
    """One world behind one gateway behind one network."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.market = ScriptedMarket()
        for symbol, price in OPENING_PRICES.items():
            self.market.set_quote(Stock(symbol), price, price + Decimal("0.05"), 300, 300)
        starts_at = _first_close() - timedelta(seconds=plan.starts_before_close_seconds)
        self.world = World.build(
            Scenario(
                seed=plan.seed,
                accounts=tuple(
                    AccountSetup(BrokerAccount(BROKER_ACCOUNTS[name]), usd(OPENING_CASH))
                    for name in plan.accounts
                ),
                market=self.market,
                tick_seconds=plan.tick_seconds,
                starts_at=starts_at,
            )
        )
        self.network = Network(plan.latency_seconds, random.Random(f"network {plan.seed}"))  # noqa: S311
        self.pacing_violations: list[str] = []
        self.gateway_faults: list[str] = []
        faults = FaultPlan(plan.seed, plan.vendor_faults)
        self._tws_mischief = EndingTwsMischief(faults)
        self._portal_mischief = EndingPortalMischief(faults)
        self._gateway: TwsGateway | ClientPortalGateway | None = None
        self._pace: asyncio.Task[None] | None = None
        self._restart: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the gateway and the network, and let time pass."""
        await self._open_gateway()
        await self.network.start()
        self.pace(slowly=False)

    async def close(self) -> None:
        """End everything."""
        if self._restart is not None:
            await self._restart
        if self._pace is not None:
            self._pace.cancel()
        await self.network.close()
        await self._close_gateway()

    def midnights(self, seconds: float) -> tuple[float, ...]:
        """Return when days begin in New York within so many seconds of the start."""
        began = self.world.clock.now()
        day = began.astimezone(EXCHANGE_TIME_ZONE).replace(hour=0, minute=0, second=0)
        count = int(seconds // 86_400) + 1
        nights = ((day + timedelta(days=number + 1) - began) for number in range(count))
        return tuple(night.total_seconds() for night in nights)

    def settings(self) -> Settings:
        """Return what the client is configured with."""
        plan = self.plan
        return Settings(
            adapter=plan.adapter,
            accounts=tuple(
                AccountSettings(name, ROLES[name], BROKER_ACCOUNTS[name]) for name in plan.accounts
            ),
            tws=TwsSettings(port=self.network.port, client_id=CLIENT_ID),
            client_portal=ClientPortalSettings(
                base_url=f"http://{HOST}:{self.network.port}/v1/api",
                # Who logged in elsewhere never logs out again.
                takes_over_session=True,
            ),
            orders=OrderSettings(),
            session=SessionSettings(heartbeat_seconds=plan.heartbeat_seconds),
            # Often enough to find what a gateway kept to itself before the final quiet is over.
            reconciliation=ReconciliationSettings(every_seconds=plan.reconciliation_seconds),
        )

    def pace(self, *, slowly: bool) -> None:
        """Let the world follow the loop's time, in short steps or in long ones."""
        if self._pace is not None:
            self._pace.cancel()
        seconds = SLOW_PACE_SECONDS if slowly else PACE_SECONDS
        self._pace = asyncio.get_running_loop().create_task(
            Pacemaker(self.world, interval_seconds=seconds).run(), name="pacemaker"
        )

    def check_pace(self) -> None:
        """Raise what ended the world's time, if anything did."""
        if self._pace is not None and self._pace.done() and not self._pace.cancelled():
            self._pace.result()

    def move(self, step: Move) -> None:
        """Show a new quote."""
        self.market.set_quote(Stock(step.symbol), step.bid, step.ask, step.size, step.size)

    def trade_as_a_stranger(self, step: Stranger) -> None:
        """Place somebody else's market order in the account."""
        ticket = Ticket(
            account=BrokerAccount(BROKER_ACCOUNTS[step.account]),
            instrument=Stock(step.symbol),
            side=step.side,
            quantity=step.quantity,
            order_type=Market(),
            time_in_force=TimeInForce.DAY,
            order_reference=None,
            entry=OrderEntry("by hand", 0, 0),
        )
        try:
            self.world.brokerage.place(ticket)
        except OrderRefused:
            return

    def strike(self, fault: Fault, seconds: float) -> None:
        """Begin a fault of the network or of the gateway."""
        gateway = self._gateway
        match fault:
            case Fault.RESTART_GATEWAY:
                if self._restart is None:
                    self._restart = asyncio.get_running_loop().create_task(
                        self._restart_gateway(seconds), name="gateway restart"
                    )
            case Fault.LOSE_SESSION:
                if isinstance(gateway, ClientPortalGateway):
                    gateway.lose_brokerage_session()
            case Fault.COMPETE:
                if isinstance(gateway, ClientPortalGateway):
                    gateway.compete_elsewhere()
            case _:
                self.network.strike(fault, seconds)

    async def heal(self) -> None:
        """End every fault."""
        if self._restart is not None:
            await self._restart
        self.network.heal()
        self._tws_mischief.end()
        self._portal_mischief.end()

    async def _restart_gateway(self, seconds: float) -> None:
        await self._close_gateway()
        await asyncio.sleep(seconds)
        await self._open_gateway()
        self._restart = None

    async def _open_gateway(self) -> None:
        if self.plan.adapter == "tws":
            self._gateway = TwsGateway(self.world, mischief=self._tws_mischief)
        else:
            self._gateway = ClientPortalGateway(
                self.world,
                settings=PortalSettings(is_plain_http=True),
                mischief=self._portal_mischief,
            )
        await self._gateway.start()
        self.network.upstream_port = self._gateway.port

    async def _close_gateway(self) -> None:
        gateway, self._gateway = self._gateway, None
        if gateway is None:
            return
        self.network.upstream_port = 0
        self.count(gateway)
        await gateway.close()

    def count(self, gateway: TwsGateway | ClientPortalGateway) -> None:
        """Add up what a gateway complains of, and what it did wrong itself."""
        if isinstance(gateway, TwsGateway):
            if gateway.pacing_violations(CLIENT_ID):
                self.pacing_violations.append(f"{gateway.pacing_violations(CLIENT_ID)} of TWS's")
        else:
            counted = sorted(gateway.portal.pacing.violations.items())
            self.pacing_violations += [f"{count} of {limit}" for limit, count in counted]
        if gateway.faults.count:
            self.gateway_faults.append(f"{gateway.faults.count} mistakes of the gateway's own")
