"""A quote as ticks: which numbers they carry, and what is sent when it changes.

Tick numbers (TWS API, "Available Tick Types"); delayed data has numbers of its own. Rules:

- a side with nothing on it is price -1 with size 0;
- a price tick carries its size; a size that changes alone is a size tick;
- open, high, low, close and volume are sent when they are known and change.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from attrs import frozen

from brokerport.domain.market_data import Greeks
from brokerport.simulator.gateways.tws.times import epoch_seconds
from brokerport.simulator.wire.tws.messages.market_data import (
    TickOptionComputation,
    TickPrice,
    TickSize,
    TickString,
)

NO_PRICE = Decimal(-1)
ZERO = Decimal(0)


@frozen
class TickNumbers:
    """The numbers of one family of ticks."""

    bid: int
    ask: int
    last: int
    bid_size: int
    ask_size: int
    last_size: int
    high: int
    low: int
    volume: int
    close: int
    open: int
    last_time: int
    bid_option: int
    ask_option: int
    last_option: int
    model_option: int


LIVE = TickNumbers(1, 2, 4, 0, 3, 5, 6, 7, 8, 9, 14, 45, 10, 11, 12, 13)
DELAYED = TickNumbers(66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 88, 80, 81, 82, 83)


@frozen
class Picture:
    """All that a subscriber sees of an instrument at a moment; what is not shown is None."""

    bid: Decimal | None = None
    bid_size: Decimal | None = None
    ask: Decimal | None = None
    ask_size: Decimal | None = None
    last: Decimal | None = None
    last_size: Decimal | None = None
    last_at: datetime | None = None
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None
    volume: Decimal | None = None
    greeks: Greeks | None = None
    bid_greeks: Greeks | None = None
    ask_greeks: Greeks | None = None
    last_greeks: Greeks | None = None


def tick_messages(
    request_id: int, before: Picture | None, now: Picture, numbers: TickNumbers
) -> Iterator[object]:
    """Yield the messages that bring a subscriber from one picture to the next."""
    old = before or Picture()
    first = before is None
    yield from _side(
        request_id,
        numbers.bid,
        numbers.bid_size,
        (old.bid, old.bid_size),
        (now.bid, now.bid_size),
        first,
    )
    yield from _side(
        request_id,
        numbers.ask,
        numbers.ask_size,
        (old.ask, old.ask_size),
        (now.ask, now.ask_size),
        first,
    )
    if now.last is not None:
        yield from _side(
            request_id,
            numbers.last,
            numbers.last_size,
            (old.last, old.last_size),
            (now.last, now.last_size),
            first,
        )
        if now.last_at is not None and (now.last, now.last_size) != (old.last, old.last_size):
            yield TickString(request_id, numbers.last_time, str(epoch_seconds(now.last_at)))
    for number, was, value in (
        (numbers.open, old.open, now.open),
        (numbers.high, old.high, now.high),
        (numbers.low, old.low, now.low),
        (numbers.close, old.close, now.close),
    ):
        if value is not None and value != was:
            yield TickPrice(request_id, number, value)
    if now.volume is not None and now.volume != old.volume:
        yield TickSize(request_id, numbers.volume, now.volume)
    for number, had, greeks, price in (
        (numbers.bid_option, old.bid_greeks, now.bid_greeks, now.bid),
        (numbers.ask_option, old.ask_greeks, now.ask_greeks, now.ask),
        (numbers.last_option, old.last_greeks, now.last_greeks, now.last),
        (numbers.model_option, old.greeks, now.greeks, None),
    ):
        if greeks is not None and greeks != had:
            yield option_computation(request_id, number, greeks, price)


def option_computation(
    request_id: int, number: int, greeks: Greeks, price: Decimal | None = None
) -> TickOptionComputation:
    """Return an option computation; the price is the model's unless another is given."""
    return TickOptionComputation(
        request_id=request_id,
        tick_type=number,
        tick_attrib=1,
        implied_vol=greeks.implied_volatility,
        delta=greeks.delta,
        opt_price=greeks.model_price if price is None else price,
        pv_dividend=ZERO,
        gamma=greeks.gamma,
        vega=greeks.vega,
        theta=greeks.theta,
        und_price=greeks.underlying_price,
    )


def _side(
    request_id: int,
    price_number: int,
    size_number: int,
    before: tuple[Decimal | None, Decimal | None],
    now: tuple[Decimal | None, Decimal | None],
    first: bool,
) -> Iterator[object]:
    price, size = now
    if first or price != before[0]:
        shown = NO_PRICE if price is None else price
        yield TickPrice(request_id, price_number, shown, ZERO if price is None else size or ZERO)
    elif size != before[1] and price is not None:
        yield TickSize(request_id, size_number, size or ZERO)
