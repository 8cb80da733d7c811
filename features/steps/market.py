"""Steps about the exchange: what it quotes, what trades on it, and time passing."""

from __future__ import annotations

from datetime import timedelta

from pytest_bdd import given, parsers, when

from features.steps.words import INSTRUMENT, PRICE, instrument_of, number
from features.trading_floor import TradingFloor

QUOTE = rf"{INSTRUMENT} is quoted at (?P<bid>{PRICE}) x (?P<ask>{PRICE})"
SIZE = r", (?P<size>[\d,]+) on each side"


@given(parsers.re(QUOTE + "$"))
@when(parsers.re(QUOTE + "$"))
def deep_quote(floor: TradingFloor, instrument: str, bid: str, ask: str) -> None:
    floor.quote(instrument_of(instrument), number(bid), number(ask), 10_000)


@given(parsers.re(QUOTE + SIZE + "$"))
@when(parsers.re(QUOTE + SIZE + "$"))
def sized_quote(floor: TradingFloor, instrument: str, bid: str, ask: str, size: str) -> None:
    floor.quote(instrument_of(instrument), number(bid), number(ask), int(number(size)))


@when(parsers.re(rf"{INSTRUMENT} trades at (?P<price>{PRICE})$"))
def trade(floor: TradingFloor, instrument: str, price: str) -> None:
    floor.trade_at(instrument_of(instrument), number(price))


@when("the session closes")
def session_closes(floor: TradingFloor) -> None:
    _ = floor.broker
    assert floor.world is not None
    now = floor.world.clock.now()
    floor.pass_time(floor.world.calendar.next_close(now) - now + timedelta(minutes=1))


@when(parsers.re(r"(?P<days>\d+) days pass$"))
def days_pass(floor: TradingFloor, days: str) -> None:
    floor.pass_time(timedelta(days=int(days)))
