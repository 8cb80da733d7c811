"""The condition of an alert: a price that an instrument reaches; and whether it has.

Rules (Web API, "Alerts"), and what the simulator makes of them:

- Only price conditions (type 1) can be watched here; any other is refused rather than kept and
  never met.
- ``>=`` and ``<=`` compare the last price. What happened between two looks is told by the market's
  bars, so that a price that was there only for a moment counts.
- ``logicBind`` a (and) or o (or) joins a condition to the next, n ends the list. Conditions joined
  by "and" must hold within the same minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import frozen

from brokerport.domain.instruments import Instrument
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.gateways.client_portal.contract_ids import instrument_of
from brokerport.simulator.gateways.client_portal.errors import PortalError, server_error
from brokerport.simulator.market.market import Bar
from brokerport.simulator.world import World

PRICE = 1
_OPERATORS = (">=", "<=")
_BINDS = ("a", "o", "n")
_MINUTE = timedelta(minutes=1)


@frozen
class PriceRange:
    """The prices of an instrument within a stretch of time."""

    low: Decimal
    high: Decimal


@frozen
class AlertCondition:
    """The last price of an instrument is at least, or at most, a value."""

    instrument: Instrument
    conidex: str
    operator: str
    value: Decimal
    bind: str
    trigger_method: str
    time_zone: str | None

    @classmethod
    def read(cls, number: int, row: object, listing: Listing) -> AlertCondition:
        """Read the condition with that number, counted from 1.

        Raises:
            PortalError: it makes no sense, or cannot be watched here (500, as IBKR answers).
        """
        if not isinstance(row, Mapping):
            raise _refused(number, "is no object")
        if str(row.get("type")) != str(PRICE):
            raise _refused(number, f"can't recognize type [{row.get('type')}], only 1 (price)")
        operator, bind = row.get("operator"), row.get("logicBind", "n")
        if operator not in _OPERATORS:
            raise _refused(number, f"can't recognize operator [{operator}], only >= and <=")
        if bind not in _BINDS:
            raise _refused(number, f"can't recognize logicBind [{bind}], only a, o and n")
        conidex = str(row.get("conidex"))
        time_zone = row.get("timeZone")
        return cls(
            _instrument(number, conidex, listing),
            conidex,
            operator,
            _value(number, row.get("value")),
            bind,
            str(row.get("triggerMethod", "0")),
            None if time_zone is None else str(time_zone),
        )

    def holds_in(self, prices: PriceRange | None) -> bool:
        """Say whether a price in that range meets it; none does when there were no prices."""
        if prices is None:
            return False
        return prices.high >= self.value if self.operator == ">=" else prices.low <= self.value

    def row(self) -> dict[str, Any]:
        """Return the condition as an alert's details tell it."""
        return {
            "condition_type": PRICE,
            "conidex": self.conidex,
            "contract_description_1": self.instrument.symbol,
            "condition_operator": self.operator,
            "condition_trigger_method": self.trigger_method,
            "condition_value": f"{self.value:f}",
            "condition_logic_bind": self.bind,
            "condition_time_zone": self.time_zone,
        }


def was_met(
    conditions: Sequence[AlertCondition], world: World, since: datetime, now: datetime
) -> bool:
    """Say whether an alert's conditions held at some moment after ``since`` and up to ``now``."""
    instruments = dict.fromkeys(one.instrument for one in conditions)
    minutes: dict[datetime, dict[Instrument, PriceRange]] = {now: {}}
    for instrument in instruments:
        for bar in _bars_between(world, instrument, since, now):
            moment = minutes.setdefault(bar.begins_at, {})
            moment[instrument] = PriceRange(bar.low, bar.high)
        last = world.market.last_price(instrument, now)
        if last is not None:
            minutes[now][instrument] = PriceRange(last, last)
    return any(_all_hold(conditions, prices) for prices in minutes.values())


def _bars_between(
    world: World, instrument: Instrument, since: datetime, now: datetime
) -> Iterator[Bar]:
    """Yield what traded: in seconds up to the next whole minute, from there on in minutes."""
    minute = since.replace(second=0, microsecond=0)
    minute = min(minute if minute == since else minute + _MINUTE, now)
    yield from world.market.bars(instrument, since, minute, 1, world.calendar)
    yield from world.market.bars(instrument, minute, now, 60, world.calendar)


def _all_hold(
    conditions: Sequence[AlertCondition], prices: Mapping[Instrument, PriceRange]
) -> bool:
    holds = [one.holds_in(prices.get(one.instrument)) for one in conditions]
    group = holds[0]
    for before, held in zip(conditions, holds[1:], strict=False):
        if before.bind == "o":
            if group:
                return True
            group = held
        else:
            group = group and held
    return group


def _instrument(number: int, conidex: str, listing: Listing) -> Instrument:
    found = instrument_of(listing, conidex.partition("@")[0])
    if found is None:
        raise _refused(number, f"can't recognize contract [{conidex}]")
    return found


def _value(number: int, text: object) -> Decimal:
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value <= 0 or value >= Decimal(10**12):
        raise _refused(number, f"can't recognize value [{text}]")
    return value


def _refused(number: int, what: str) -> PortalError:
    return server_error(f"Condition #{number}:{what}")
