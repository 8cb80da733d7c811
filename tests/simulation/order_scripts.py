"""Random order scripts: a hypothesis strategy, and the runner that plays one on a trading floor."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

from hypothesis import strategies as st

from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import Limit, Market, OrderType, Side, Stop, TimeInForce
from brokerport.simulator.brokerage.refusals import OrderRefused
from tests.simulation.trading_floor import (
    AAPL,
    CALL,
    CASH_ACCOUNT,
    DEEP_CALL,
    ITM_PUT,
    MARGIN_ACCOUNT,
    MSFT,
    PUT,
    TradingFloor,
)

Step: TypeAlias = tuple[Any, ...]

# Where each instrument's bid and ask begin, in ticks of five cents.
LEVELS: dict[Instrument, tuple[int, int]] = {
    AAPL: (5400, 5401),
    MSFT: (9600, 9602),
    CALL: (24, 25),
    DEEP_CALL: (406, 410),
    PUT: (20, 21),
    ITM_PUT: (222, 226),
}
INSTRUMENTS = tuple(LEVELS)
TICK = Decimal("0.05")
EXPECTED_REFUSALS = {104, 105, 161, 200, 201, 10148}

_instruments = st.sampled_from(INSTRUMENTS)
_accounts = st.sampled_from([MARGIN_ACCOUNT, CASH_ACCOUNT])
_sides = st.sampled_from(list(Side))
_kinds = st.sampled_from(["market", "limit", "limit", "stop"])
_stock_sizes = st.sampled_from([1, 7, 40, 100, 100, 200, 300, 500])
_option_sizes = st.sampled_from([1, 1, 2, 3, 5])
_offsets = st.integers(-12, 12)


def _orders(instrument: Instrument) -> st.SearchStrategy[Step]:
    sizes = _stock_sizes if instrument.multiplier == 1 else _option_sizes
    return st.tuples(
        st.just("order"),
        _accounts,
        st.just(instrument),
        _sides,
        sizes,
        _kinds,
        _offsets,
        st.sampled_from(list(TimeInForce)),
    )


ORDERS = _instruments.flatmap(_orders)
CANCELS: st.SearchStrategy[Step] = st.tuples(st.just("cancel"), st.integers(0, 15))
REPLACES: st.SearchStrategy[Step] = st.tuples(
    st.just("replace"), st.integers(0, 15), st.sampled_from([1, 2, 50, 150, 400]), _offsets
)
TICKS: st.SearchStrategy[Step] = st.just(("tick",))
# A new quote of each instrument, with this size and moved by so many ticks.
REFRESHES: st.SearchStrategy[Step] = st.tuples(st.just("quote"), st.integers(1, 260), st.just(0))
MOVES: st.SearchStrategy[Step] = st.tuples(
    st.just("quote"), st.integers(1, 260), st.integers(-15, 15)
)
DAYS: st.SearchStrategy[Step] = st.just(("day",))

STILL_PRICES = st.lists(st.one_of(ORDERS, ORDERS, CANCELS, REPLACES, TICKS, REFRESHES), max_size=30)
MOVING_PRICES = st.lists(
    st.one_of(ORDERS, ORDERS, ORDERS, CANCELS, REPLACES, TICKS, MOVES, DAYS), max_size=40
)


class ScriptPlayer:
    """Plays a script step by step on a floor of its own."""

    def __init__(self, cash: int = 100_000, seed: int = 11) -> None:
        self.floor = TradingFloor(cash, cash, seed=seed)
        self._moved = 0
        self.play(("quote", 100, 0))

    def play(self, step: Step) -> None:
        """Play one step; a refusal is an answer like any other."""
        name, *arguments = step
        try:
            getattr(self, f"_{name}")(*arguments)
        except OrderRefused as error:
            if error.code not in EXPECTED_REFUSALS:
                raise

    def _price(self, instrument: Instrument, side: Side, offset: int) -> Decimal:
        bid, ask = LEVELS[instrument]
        moved = self._moved if instrument.multiplier == 1 else 0
        return TICK * max((ask if side is Side.BUY else bid) + moved + offset, 1)

    def _order_type(self, instrument: Instrument, side: Side, kind: str, offset: int) -> OrderType:
        price = self._price(instrument, side, offset)
        kinds: dict[str, OrderType] = {
            "market": Market(),
            "limit": Limit(price),
            "stop": Stop(price),
        }
        return kinds[kind]

    def _order(
        self,
        account: Any,
        instrument: Instrument,
        side: Side,
        size: int,
        kind: str,
        offset: int,
        time_in_force: TimeInForce,
    ) -> None:
        order_type = self._order_type(instrument, side, kind, offset)
        ticket = self.floor.ticket(side, size, instrument, order_type, time_in_force, account)
        self.floor.brokerage.place(ticket)

    def _cancel(self, index: int) -> None:
        orders = self.floor.brokerage.orders()
        if orders:
            self.floor.brokerage.cancel(orders[index % len(orders)].perm_id)

    def _replace(self, index: int, quantity: int, offset: int) -> None:
        orders = self.floor.brokerage.open_orders()
        if orders:
            order = orders[index % len(orders)]
            price = self._price(order.instrument, order.side, offset)
            self.floor.brokerage.replace(order.perm_id, Decimal(quantity), Limit(price))

    def _tick(self) -> None:
        self.floor.tick()

    def _quote(self, size: int, moved: int) -> None:
        self._moved += moved
        for instrument, (bid, ask) in LEVELS.items():
            by = self._moved if instrument.multiplier == 1 else 0
            low, high = TICK * (bid + by), TICK * (ask + by)
            shown = size if instrument.multiplier == 1 else max(size // 50, 1)
            self.floor.market.set_quote(instrument, low, high, shown, shown, low)

    def _day(self) -> None:
        world = self.floor.world
        world.advance_to(world.calendar.next_open(world.clock.now()))
