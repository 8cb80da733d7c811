"""What a market data request by field numbers is told of an instrument.

Rules (Web API, "Market Data Fields"); every value is a text:

- A field without a value is left out, and so is a number that the simulated market has nothing for.
- 31 begins with C while the last price is an earlier day's close. Nothing is ever halted here, so
  H never comes.
- While no session is in progress the portal shows the last data recorded at the close (6509 is Z).
- 7296 is today's closing price, once there is one; 7741 that of the session before.
- 7283 is the underlying's volatility over thirty days, read from its at-the-money options.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from brokerport.domain.contracts import ContractDetails
from brokerport.domain.instruments import Instrument, Option, Stock
from brokerport.domain.market_data import Greeks
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.brokerage.marks import Marks
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.exchange.universe import ListedStock
from brokerport.simulator.gateways.client_portal.market_desk import MarketDesk
from brokerport.simulator.gateways.client_portal.translate.implied_volatility import (
    thirty_day_volatility,
)
from brokerport.simulator.gateways.client_portal.translate.option_words import (
    contract_description,
)
from brokerport.simulator.gateways.client_portal.translate.quote_words import (
    exact_percent_text,
    percent_text,
    plain_text,
    price_text,
    signed_price_text,
    size_text,
    volume_text,
)
from brokerport.simulator.gateways.client_portal.translate.times import epoch_milliseconds
from brokerport.simulator.market.market import SessionStatistics

ALWAYS_FIELDS = frozenset({"6119", "6509"})
"""Fields that come with every answer, asked for or not."""

_MOMENT = timedelta(seconds=1)


class _View:
    """One look at an instrument; each part is looked up when a field first needs it."""

    def __init__(self, desk: MarketDesk, instrument: Instrument, at: datetime) -> None:
        self.desk = desk
        self.instrument = instrument
        self.at = at
        self.market = desk.world.market
        self.is_open = desk.world.calendar.is_open(at)

    @cached_property
    def shown_at(self) -> datetime:
        """When the data shown was recorded: now, or just before the latest close."""
        if self.is_open:
            return self.at
        return self.desk.world.calendar.latest_session(self.at).closes_at - _MOMENT

    @cached_property
    def quote(self) -> DisplayedQuote:
        return self.market.quote(self.instrument, self.shown_at)

    @cached_property
    def last(self) -> Decimal | None:
        # Once the session is over the last price is its close, which no quote before it shows.
        return self.quote.last if self.is_open else self._after_hours.last

    @cached_property
    def last_size(self) -> Decimal | None:
        return self.quote.last_size if self.is_open else self._after_hours.last_size

    @cached_property
    def _after_hours(self) -> DisplayedQuote:
        return self.market.quote(self.instrument, self.at)

    @cached_property
    def is_of_today(self) -> bool:
        """Whether the latest session is today's."""
        latest = self.desk.world.calendar.latest_session(self.at)
        return latest.day == exchange_date(self.at)

    @cached_property
    def statistics(self) -> SessionStatistics:
        return self.market.statistics(self.instrument, self.at)

    @cached_property
    def change(self) -> Decimal | None:
        previous = self.statistics.previous_close
        return None if self.last is None or previous is None else self.last - previous

    @cached_property
    def greeks(self) -> Greeks | None:
        if not isinstance(self.instrument, Option):
            return None
        return self.market.greeks(self.instrument, self.at)

    @cached_property
    def details(self) -> ContractDetails:
        return self.desk.details(self.instrument)

    @cached_property
    def listed(self) -> ListedStock:
        """The stock, or the stock beneath the option."""
        return self.desk.world.listing.listed(self.instrument.symbol)

    @cached_property
    def mark(self) -> Decimal | None:
        prices = Marks(self.market, self.shown_at, {}).find(self.instrument)
        return None if prices is None else prices.mark


_Field = Callable[[_View], str | None]


def _if_known(words: Callable[[Decimal], str], value: Decimal | None) -> str | None:
    return None if value is None else words(value)


def _of_quote(name: str, words: Callable[[Decimal], str]) -> _Field:
    return lambda view: _if_known(words, getattr(view.quote, name))


def _of_session(name: str, words: Callable[[Decimal], str]) -> _Field:
    return lambda view: _if_known(words, getattr(view.statistics, name))


def _of_greeks(name: str, words: Callable[[Decimal], str]) -> _Field:
    def read(view: _View) -> str | None:
        return None if view.greeks is None else words(getattr(view.greeks, name))

    return read


def _last(view: _View) -> str | None:
    if view.last is None:
        return None
    return price_text(view.last) if view.is_of_today else f"C{price_text(view.last)}"


def _change_percent(view: _View) -> str | None:
    previous = view.statistics.previous_close
    if view.change is None or not previous:
        return None
    return percent_text(view.change / previous)


def _change_since_open(view: _View) -> str | None:
    if view.last is None or view.statistics.open is None:
        return None
    return signed_price_text(view.last - view.statistics.open)


def _close(view: _View) -> str | None:
    has_closed = not view.is_open and view.is_of_today
    return _if_known(price_text, view.last) if has_closed else None


def _stock_volatility(view: _View) -> str | None:
    underlying = view.listed.stock
    return _if_known(exact_percent_text, thirty_day_volatility(view.desk, underlying, view.at))


_FIELDS: Mapping[str, _Field] = {
    "31": _last,
    "55": lambda view: view.instrument.symbol,
    "70": _of_session("high", price_text),
    "71": _of_session("low", price_text),
    "82": lambda view: _if_known(signed_price_text, view.change),
    "83": _change_percent,
    "84": _of_quote("bid", price_text),
    "85": _of_quote("ask_size", size_text),
    "86": _of_quote("ask", price_text),
    "87": _of_session("volume", volume_text),
    "88": _of_quote("bid_size", size_text),
    "6008": lambda view: str(view.details.contract_id),
    "6070": lambda view: "STK" if isinstance(view.instrument, Stock) else "OPT",
    "6119": lambda view: view.desk.server_id(view.details.contract_id),
    "6457": lambda view: (
        str(view.listed.contract_id) if isinstance(view.instrument, Option) else None
    ),
    "6509": lambda view: "RpB" if view.is_open else "ZpB",
    "7051": lambda view: view.details.long_name,
    "7059": lambda view: _if_known(size_text, view.last_size),
    "7184": lambda _view: "1",
    "7219": lambda view: contract_description(view.instrument),
    "7221": lambda view: view.details.primary_exchange or None,
    "7280": lambda view: view.listed.industry or None,
    "7281": lambda view: view.listed.category or None,
    "7283": _stock_volatility,
    "7295": _of_session("open", price_text),
    "7296": _close,
    "7308": _of_greeks("delta", plain_text),
    "7309": _of_greeks("gamma", plain_text),
    "7310": _of_greeks("theta", plain_text),
    "7311": _of_greeks("vega", plain_text),
    "7633": _of_greeks("implied_volatility", exact_percent_text),
    "7635": lambda view: _if_known(price_text, view.mark),
    "7682": _change_since_open,
    "7714": lambda view: (
        f"{view.instrument.expiry:%Y%m%d}" if isinstance(view.instrument, Option) else None
    ),
    "7741": _of_session("previous_close", price_text),
    "7762": _of_session("volume", plain_text),
    "7768": lambda _view: "1",
}

FIELDS = frozenset(_FIELDS)
"""The fields that the simulated market can have a value for."""


def quote_fields(
    desk: MarketDesk, instrument: Instrument, fields: Iterable[str], at: datetime
) -> dict[str, str]:
    """Return those of the fields that have a value at ``at`` (UTC), in the order of their numbers.

    An instrument that is not listed on that day has no value in any field.
    """
    return _told(_View(desk, instrument, at), fields)


def snapshot_row(
    desk: MarketDesk, instrument: Instrument, fields: Iterable[str], at: datetime
) -> dict[str, Any]:
    """Return what a snapshot or a stream tells of an instrument; ``_updated`` is in world time."""
    view = _View(desk, instrument, at)
    row: dict[str, Any] = bare_row(view.details.contract_id)
    values = _told(view, ALWAYS_FIELDS.union(fields))
    if values:
        row |= values
        row["server_id"] = values["6119"]
        row["_updated"] = epoch_milliseconds(view.shown_at)
    return row


def bare_row(contract_id: int) -> dict[str, Any]:
    """Return what the first request for a contract is told: that its stream has begun."""
    return {"conid": contract_id, "conidEx": str(contract_id)}


def _told(view: _View, fields: Iterable[str]) -> dict[str, str]:
    if not view.desk.has_data(view.instrument, view.at):
        return {}
    told: dict[str, str] = {}
    for number in sorted(FIELDS.intersection(fields), key=int):
        value = _FIELDS[number](view)
        if value is not None:
            told[number] = value
    return told
