"""From a seed to a plan: a random user, a moving market, and things that go wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal

from attrs import evolve

from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.dst.plan import (
    Cancel,
    Crash,
    Fault,
    Move,
    Place,
    Plan,
    Read,
    Replace,
    Restart,
    Step,
    Stranger,
    Strike,
)
from brokerport.simulator.faults import vendor
from brokerport.simulator.faults.fault import Fault as VendorFault

ACCOUNTS = ("gen", "rev", "com")
SYMBOLS = ("AAPL", "MSFT")
OPENING_PRICES = {"AAPL": Decimal(250), "MSFT": Decimal(400)}
SESSION_SECONDS = int(6.5 * 3600)
DAY_SECONDS = 24 * 3600
# From a close to the next opening, for a night between two weekdays.
NIGHT_SECONDS = DAY_SECONDS - SESSION_SECONDS
HEARTBEAT_SECONDS = 30.0
RECONCILIATION_SECONDS = 60.0
RECONCILIATION_SECONDS_OF_A_NIGHT = 600.0
# Through a night every heartbeat costs, and shows nothing new.
HEARTBEAT_SECONDS_OF_A_NIGHT = 600.0

# What a gateway does wrong, and a client can still be right about. Lists that leave out what is
# there (``NoCompletedOrders``, ``EmptyOrders``, ``StaleOrders``) and an end that was none
# (``FalseStatus``) are not among them: nobody who has only IBKR's word can tell.
TWS_FAULTS: tuple[VendorFault, ...] = (
    vendor.LostStatus(),
    vendor.RepeatedStatus(),
    vendor.OrderNotice(code=399),
    vendor.OrderNotice(code=10349),
    vendor.LostExecution(),
    vendor.RepeatedExecution(),
    vendor.LateExecution(latency_ms_max=3000),
    vendor.ExecutionCorrection(),
    vendor.LostAcknowledgement(),
    vendor.DisconnectOnOrder(),
    vendor.Outage(outage_ms_min=100, outage_ms_max=20_000, times_max=2),
    vendor.LowOrderId(rolled_back_by=5),
)
PORTAL_FAULTS: tuple[VendorFault, ...] = (
    vendor.UnansweredOrder(),
    vendor.LostBrokerageSession(moment="before", times_max=3),
    vendor.LostBrokerageSession(moment="after", times_max=3),
    vendor.CompetingSession(times_max=2),
    vendor.Unavailable(times_max=4),
    vendor.TooManyRequests(times_max=2),
    vendor.LostNews(),
    vendor.RepeatedNews(),
    vendor.QuestionsReturn(),
    vendor.ForgottenReply(),
)

_NETWORK_FAULTS = (
    Fault.CUT,
    Fault.CUT,
    Fault.CUT_MID_FRAME,
    Fault.LOSE_ANSWERS,
    Fault.LOSE_ANSWERS,
    Fault.LOSE_REQUESTS,
    Fault.BLACK_HOLE,
    Fault.STALL,
    Fault.STALL_OPEN,
    Fault.STALL_OPEN,
    Fault.REFUSE,
    Fault.RESTART_GATEWAY,
    Fault.DISK_FULL,
)
_PORTAL_FAULTS = (*_NETWORK_FAULTS, Fault.LOSE_SESSION, Fault.LOSE_SESSION, Fault.COMPETE)


def plan_of(seed: int, adapter: str) -> Plan:
    """Return the plan of a seed."""
    source = random.Random(f"{adapter} {seed}")  # noqa: S311 - repeatable on purpose
    return _Planner(source, adapter).plan(seed)


class _Planner:
    def __init__(self, source: random.Random, adapter: str) -> None:
        self._random = source
        self._adapter = adapter
        self._prices = dict(OPENING_PRICES)
        self._names: list[str] = []
        self._now = 0.0

    def plan(self, seed: int) -> Plan:
        source = self._random
        accounts = ACCOUNTS[: source.randint(1, 3)]
        before_close = source.choice((SESSION_SECONDS, 600, 120, 30))
        sees_night = source.random() < 0.2
        if self._adapter == "client_portal":
            # A login lasts a day, and its stream is expensive through a long one.
            sees_night = sees_night and before_close < SESSION_SECONDS and source.random() < 0.3
        quiet_before = self._night_at(before_close) if sees_night else None
        steps: list[Step] = []
        for _count in range(source.randint(8, 30)):
            self._now += self._gap()
            if quiet_before is not None and self._now > quiet_before:
                night = DAY_SECONDS if before_close == SESSION_SECONDS else NIGHT_SECONDS
                if source.random() < 0.4:
                    # The program is not there until the next day.
                    at = round(self._now - source.uniform(0.0, 5.0), 3)
                    steps.append(Crash(max(0.0, at), night - 5.0, 0.0, loses_journal=False))
                self._now += night
                quiet_before = None
            steps += self._step(accounts)
        return Plan(
            seed=seed,
            adapter=self._adapter,
            accounts=accounts,
            tick_seconds=source.choice((1, 2, 5)),
            starts_before_close_seconds=before_close,
            latency_seconds=source.choice((0.0, 0.02, 0.3)),
            reconciliation_seconds=RECONCILIATION_SECONDS_OF_A_NIGHT
            if sees_night
            else RECONCILIATION_SECONDS,
            heartbeat_seconds=HEARTBEAT_SECONDS_OF_A_NIGHT if sees_night else HEARTBEAT_SECONDS,
            disk_seconds=source.choice((0.0, 0.002, 0.05, 0.5)),
            steps=tuple(sorted(steps, key=lambda step: step.at)),
            # What a gateway kept to itself is found at intervals too long for the run of a night.
            vendor_faults=() if sees_night else self._vendor_faults(),
        )

    def _vendor_faults(self) -> tuple[VendorFault, ...]:
        """Return what the gateway does wrong by itself; nothing in every other run."""
        source = self._random
        if source.random() < 0.5:
            return ()
        kinds = TWS_FAULTS if self._adapter == "tws" else PORTAL_FAULTS
        chosen = source.sample(kinds, source.randint(1, 2))
        return tuple(evolve(fault, chance=source.choice((0.1, 0.5))) for fault in chosen)

    def _night_at(self, before_close: int) -> float:
        if before_close == SESSION_SECONDS:
            return self._random.uniform(20, 60)
        return before_close + self._random.uniform(-20, 60)

    def _gap(self) -> float:
        source = self._random
        kind = source.random()
        if kind < 0.3:
            return 0.0
        if kind < 0.6:
            return round(source.uniform(0.0, 0.5), 3)
        if kind < 0.95:
            return round(source.uniform(0.5, 6.0), 3)
        return round(source.uniform(10.0, 40.0), 3)

    def _step(self, accounts: tuple[str, ...]) -> Iterator[Step]:
        source, at = self._random, round(self._now, 3)
        kind = source.random()
        if kind < 0.36 or not self._names:
            yield self._place(at, accounts)
            if source.random() < 0.08:
                # While the answer is on its way, or is being written down.
                yield self._crash(round(at + source.uniform(0.0, 1.2), 3))
        elif kind < 0.46:
            yield self._replace(at)
        elif kind < 0.56:
            yield Cancel(at, source.choice(self._names))
        elif kind < 0.60:
            what = source.choice(("positions", "executions", "open_orders"))
            yield Read(at, source.choice(accounts), what)
        elif kind < 0.76:
            yield self._move(at)
        elif kind < 0.79:
            yield self._stranger(at, accounts)
        elif kind < 0.93:
            yield self._strike(at)
            if source.random() < 0.5:
                yield self._request(round(at + source.choice((0.0, 0.1, 0.5)), 3), accounts)
        elif kind < 0.98:
            yield self._crash(at)
        else:
            yield Restart(at, source.choice((0.0, 5.0, 60.0)))

    def _request(self, at: float, accounts: tuple[str, ...]) -> Step:
        """Return a request that a fault may hit."""
        kind = self._random.random()
        if kind < 0.4:
            return self._place(at, accounts)
        return self._replace(at) if kind < 0.7 else Cancel(at, self._random.choice(self._names))

    def _place(self, at: float, accounts: tuple[str, ...]) -> Place:
        source = self._random
        symbol = source.choice(SYMBOLS)
        name = f"o{len(self._names) + 1}"
        self._names.append(name)
        quantity = source.choice((1, 10, 50, 100, 150, 300))
        if source.random() < 0.03:
            quantity = 100_000  # More than the account can pay for.
        return Place(
            at,
            name,
            source.choice(accounts),
            symbol,
            source.choice((Side.BUY, Side.BUY, Side.SELL)),
            Decimal(quantity),
            self._order_type(symbol),
            source.choice((TimeInForce.DAY, TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC)),
        )

    def _order_type(self, symbol: str) -> OrderType:
        source = self._random
        near = self._prices[symbol] + self._offset()
        kind = source.random()
        if kind < 0.3:
            return Market()
        if kind < 0.8:
            return Limit(near)
        if kind < 0.9:
            return Stop(near)
        return StopLimit(near, near + self._offset())

    def _offset(self) -> Decimal:
        return Decimal(self._random.randint(-30, 30)) / 20

    def _replace(self, at: float) -> Replace:
        source = self._random
        symbol = source.choice(SYMBOLS)
        quantity = Decimal(source.choice((5, 20, 120, 200)))
        limit = Limit(self._prices[symbol] + self._offset())
        kind = source.random()
        return Replace(
            at,
            source.choice(self._names[-6:]),
            None if kind < 0.4 else quantity,
            limit if kind < 0.7 else None,
        )

    def _move(self, at: float) -> Move:
        source = self._random
        symbol = source.choice(SYMBOLS)
        self._prices[symbol] = max(Decimal(5), self._prices[symbol] + self._offset())
        bid = self._prices[symbol]
        ask = bid + Decimal(source.randint(1, 10)) / 100
        return Move(at, symbol, bid, ask, source.choice((20, 100, 300, 1000)))

    def _stranger(self, at: float, accounts: tuple[str, ...]) -> Stranger:
        source = self._random
        side = source.choice((Side.BUY, Side.SELL))
        quantity = Decimal(source.choice((1, 7, 30)))
        return Stranger(at, source.choice(accounts), source.choice(SYMBOLS), side, quantity)

    def _strike(self, at: float) -> Strike:
        source = self._random
        faults = _PORTAL_FAULTS if self._adapter == "client_portal" else _NETWORK_FAULTS
        seconds = source.choice((0.5, 2.0, 5.0, 15.0, 45.0))
        # Often at the very moment of what comes next, sometimes just before what was just done.
        back = source.choice((0.0, 0.0, 0.05, 0.5))
        return Strike(max(0.0, round(at - back, 3)), source.choice(faults), seconds)

    def _crash(self, at: float) -> Crash:
        source = self._random
        return Crash(
            at,
            down_seconds=source.choice((0.0, 1.0, 10.0, 90.0)),
            tail_kept=source.choice((0.0, 0.5, 1.0)),
            loses_journal=source.random() < 0.15,
        )
