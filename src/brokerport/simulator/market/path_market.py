"""A market whose stocks follow paths and whose options follow the stocks.

The rules are those of ``market.py``. What is kept here between questions only saves time: the
latest quote of each instrument and the latest paths.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from brokerport.domain.errors import BadInput, UnknownContract
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.market_data import Greeks
from brokerport.simulator.exchange.calendar import Session, TradingCalendar
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.exchange.universe import ListedStock
from brokerport.simulator.market import option_pricing, option_quotes
from brokerport.simulator.market.bars import (
    BarWindow,
    bar_windows,
    option_bar,
    stock_bar,
)
from brokerport.simulator.market.market import Bar, SessionStatistics
from brokerport.simulator.market.path_source import PathSource
from brokerport.simulator.market.paths import SessionPath
from brokerport.simulator.market.seeding import draw, key_of
from brokerport.simulator.market.stock_quotes import dollars, stock_quote

TICK_SECONDS_MAX = 3600
_PATHS_KEPT = 512
_OPTION_VOLUME_MAX = 5000


class Moment(NamedTuple):
    """A stock at a time: where in which session, and its price in cents.

    ``instant`` is what the clock of option prices shows: the tick's beginning or the session's
    close. ``path`` is None on a day without trading; ``spot`` is None when there is no price yet.
    """

    session: Session
    path: SessionPath | None
    elapsed: int
    instant: datetime
    is_open: bool
    sequence: int
    spot: int | None


class _OptionTerms(NamedTuple):
    """What pricing needs of an option, worked out once."""

    right: OptionRight
    strike: float
    expires_at: datetime
    key: int
    is_penny: bool


class PathMarket:
    """A market over a source of paths; see ``SyntheticMarket`` and ``ReplayMarket``."""

    def __init__(
        self, source: PathSource, calendar: TradingCalendar, seed: int, tick_seconds: int
    ) -> None:
        """Build the market.

        Raises:
            BadInput: ``tick_seconds`` is not a whole number from 1 to 3600.
        """
        if not 1 <= tick_seconds <= TICK_SECONDS_MAX:
            raise BadInput("tick_seconds", tick_seconds, f"1 to {TICK_SECONDS_MAX}")
        self._source = source
        self._calendar = calendar
        self._seed = seed
        self._tick_seconds = tick_seconds
        self._tick = timedelta(seconds=tick_seconds)
        self._rows = {row.stock.symbol: row for row in source.universe}
        self._keys = {symbol: key_of(seed, "quote", symbol) for symbol in self._rows}
        self._path = lru_cache(maxsize=_PATHS_KEPT)(source.path)
        self._terms: dict[Option, _OptionTerms] = {}
        self._quotes: dict[Instrument | str, DisplayedQuote] = {}
        self._day = date.min
        self._first_sequence = 0

    @property
    def universe(self) -> tuple[ListedStock, ...]:
        """The stocks this market has prices for."""
        return self._source.universe

    @property
    def tick_seconds(self) -> int:
        """How long a quote stands."""
        return self._tick_seconds

    def quote(self, instrument: Instrument, at: datetime) -> DisplayedQuote:
        """Return what is displayed at that time; see ``Market.quote``."""
        session = self._calendar.latest_session(at)
        if session.day != self._day:
            self._day = session.day
            self._first_sequence = int(session.opens_at.timestamp())
        if at < session.closes_at:
            sequence = self._first_sequence + (at - session.opens_at) // self._tick
        else:
            sequence = self._first_sequence + -(-session.seconds // self._tick_seconds)
        key = instrument.symbol if isinstance(instrument, Stock) else instrument
        known = self._quotes.get(key)
        if known is not None and known.sequence == sequence:
            return known
        made = self._made_quote(instrument, at)
        self._quotes[key] = made
        return made

    def last_price(self, instrument: Instrument, at: datetime) -> Decimal | None:
        """Return the last price at that time; see ``Market.last_price``.

        Raises:
            BadInput: the prices of the instrument's stock have ended: a replay file is over.
        """
        moment = self._moment(instrument.symbol, at)
        last_day = self._source.last_day(instrument.symbol)
        if last_day is not None and moment.session.day > last_day:
            raise BadInput(
                "at",
                at.isoformat(),
                f"before the session after {last_day}, the last day {instrument.symbol} has prices",
            )
        if isinstance(instrument, Stock):
            return None if moment.spot is None else dollars(moment.spot)
        return self._option_last(self._terms_of(instrument), moment, instrument.symbol)

    def statistics(self, instrument: Instrument, at: datetime) -> SessionStatistics:
        """Return the session's figures so far; see ``Market.statistics``."""
        symbol = instrument.symbol
        moment = self._moment(symbol, at)
        day = moment.session.day
        last_day = self._source.last_day(symbol)
        if last_day is not None and day > last_day:
            return SessionStatistics()
        close = self._source.previous_close(symbol, day)
        if isinstance(instrument, Stock):
            previous_close = None if close is None else dollars(close)
            if moment.path is None:
                return SessionStatistics(previous_close=previous_close)
            high, low = moment.path.range_to(moment.elapsed)
            return SessionStatistics(
                dollars(moment.path.open),
                dollars(high),
                dollars(low),
                previous_close,
                Decimal(moment.path.volume_to(moment.elapsed)),
            )
        terms = self._terms_of(instrument)
        previous_close = self._option_previous_close(terms, symbol, moment.session, close)
        if moment.path is None or moment.instant > terms.expires_at:
            return SessionStatistics(previous_close=previous_close)
        window = BarWindow(moment.session.opens_at, 0, moment.elapsed)
        bar = self._option_bar(terms, symbol, moment.path, window, moment.session)
        return SessionStatistics(bar.open, bar.high, bar.low, previous_close, bar.volume)

    def greeks(self, option: Option, at: datetime) -> Greeks | None:
        """Return the model's sensitivities; see ``Market.greeks``."""
        moment = self._moment(option.symbol, at)
        terms = self._terms_of(option)
        seconds_left = (terms.expires_at - moment.instant).total_seconds()
        last_day = self._source.last_day(option.symbol)
        ended = last_day is not None and moment.session.day > last_day
        if moment.spot is None or seconds_left <= 0.0 or ended:
            return None
        base = self._source.volatility(option.symbol, moment.session.day)
        spot, strike = moment.spot / 100.0, terms.strike / 100.0
        volatility = option_quotes.strike_volatility(base, spot, strike)
        years = seconds_left / option_quotes.YEAR_SECONDS
        found = option_pricing.sensitivities(terms.right, spot, strike, years, volatility)
        model = option_pricing.price(terms.right, spot, strike, years, volatility)
        return Greeks(
            delta=_rounded(found.delta),
            gamma=_rounded(found.gamma),
            theta=_rounded(found.theta),
            vega=_rounded(found.vega),
            implied_volatility=_rounded(volatility),
            underlying_price=dollars(moment.spot),
            model_price=_rounded(model),
        )

    def bars(
        self,
        instrument: Instrument,
        start: datetime,
        end: datetime,
        bar_seconds: int,
        calendar: TradingCalendar,
    ) -> tuple[Bar, ...]:
        """Return the bars that begin in ``[start, end)``; see ``Market.bars``."""
        symbol = instrument.symbol
        self._row_of(symbol)
        terms = None if isinstance(instrument, Stock) else self._terms_of(instrument)
        found: list[Bar] = []
        for session, windows in bar_windows(start, end, bar_seconds, calendar):
            path = self._path(symbol, session.day)
            if path is None or (terms is not None and session.opens_at >= terms.expires_at):
                continue
            for window in windows:
                if terms is None:
                    found.append(stock_bar(path, window))
                else:
                    found.append(self._option_bar(terms, symbol, path, window, session))
        return tuple(found)

    def last_day_of(self, symbol: str) -> date | None:
        """Return the last day on which a stock has prices; see ``Market.last_day_of``."""
        self._row_of(symbol)
        return self._source.last_day(symbol)

    def reference_prices(self, at: datetime) -> dict[str, Decimal]:
        """Return each stock's price at that time, for the strikes of its options.

        A stock that has no price yet gives its first one to come.
        """
        prices: dict[str, Decimal] = {}
        for symbol in self._rows:
            spot = self._moment(symbol, at).spot
            if spot is None:
                spot = self._first_price(symbol, at)
            if spot is not None:
                prices[symbol] = dollars(spot)
        return prices

    def _first_price(self, symbol: str, at: datetime) -> int | None:
        last_day = self._source.last_day(symbol)
        if last_day is None:
            return None
        for session in self._calendar.sessions(at.date(), last_day):
            path = self._path(symbol, session.day)
            if path is not None:
                return path.open
        return None

    def _row_of(self, symbol: str) -> ListedStock:
        row = self._rows.get(symbol)
        if row is None:
            raise UnknownContract(f"the market has no prices for {symbol!r}")
        return row

    def _moment(self, symbol: str, at: datetime) -> Moment:
        self._row_of(symbol)
        session = self._calendar.latest_session(at)
        path = self._path(symbol, session.day)
        first = int(session.opens_at.timestamp())
        if at < session.closes_at:
            tick = (at - session.opens_at) // self._tick
            elapsed = tick * self._tick_seconds
            instant = session.opens_at + tick * self._tick
            is_open = True
        else:
            elapsed = session.seconds
            tick = -(-elapsed // self._tick_seconds)
            instant = session.closes_at
            is_open = False
        if path is None:
            spot = self._source.previous_close(symbol, session.day)
        else:
            spot = path.price(elapsed)
        return Moment(session, path, elapsed, instant, is_open, first + tick, spot)

    def _made_quote(self, instrument: Instrument, at: datetime) -> DisplayedQuote:
        symbol = instrument.symbol
        moment = self._moment(symbol, at)
        spot = moment.spot
        if isinstance(instrument, Stock):
            if moment.is_open and moment.path is not None and spot is not None:
                bits = draw(self._keys[symbol], moment.sequence)
                return stock_quote(spot, bits, moment.instant, moment.sequence)
            last = None if spot is None else dollars(spot)
            return self._nothing_displayed(symbol, moment, last)
        terms = self._terms_of(instrument)
        is_alive = moment.instant < terms.expires_at
        if moment.is_open and is_alive and moment.path is not None and spot is not None:
            model = self._model(terms, moment.instant, spot, symbol, moment.session.day)
            intrinsic = option_pricing.intrinsic_value(terms.right, spot, terms.strike)
            bits = draw(terms.key, moment.sequence)
            return option_quotes.option_quote(
                model,
                intrinsic,
                bits,
                moment.instant,
                moment.sequence,
                is_penny=terms.is_penny,
            )
        return self._nothing_displayed(symbol, moment, self._option_last(terms, moment, symbol))

    def _nothing_displayed(
        self, symbol: str, moment: Moment, last: Decimal | None
    ) -> DisplayedQuote:
        last_day = self._source.last_day(symbol)
        ended = last_day is not None and moment.session.day > last_day
        return DisplayedQuote(
            bid=None,
            bid_size=None,
            ask=None,
            ask_size=None,
            last=None if ended else last,
            last_size=None,
            at=moment.instant,
            sequence=moment.sequence,
        )

    def _terms_of(self, option: Option) -> _OptionTerms:
        terms = self._terms.get(option)
        if terms is None:
            row = self._row_of(option.symbol)
            session = self._calendar.session_on(option.expiry)
            if session is None:
                raise UnknownContract(f"{option} expires on a day without a session")
            terms = _OptionTerms(
                option.right,
                float(option.strike * 100),
                session.closes_at,
                key_of(self._seed, "quote", option.osi_symbol),
                row.penny_options,
            )
            self._terms[option] = terms
        return terms

    def _model(
        self, terms: _OptionTerms, instant: datetime, spot: int, symbol: str, day: date
    ) -> float:
        seconds_left = (terms.expires_at - instant).total_seconds()
        volatility = self._source.volatility(symbol, day)
        return option_quotes.model_price(terms.right, spot, terms.strike, seconds_left, volatility)

    def _option_cents(
        self, terms: _OptionTerms, instant: datetime, spot: int, symbol: str, day: date
    ) -> int:
        intrinsic = option_pricing.intrinsic_value(terms.right, spot, terms.strike)
        if instant >= terms.expires_at:
            return round(intrinsic)
        model = self._model(terms, instant, spot, symbol, day)
        return option_quotes.last_price(model, intrinsic, is_penny=terms.is_penny)

    def _option_last(self, terms: _OptionTerms, moment: Moment, symbol: str) -> Decimal | None:
        if moment.spot is None or moment.instant > terms.expires_at:
            return None
        cents = self._option_cents(terms, moment.instant, moment.spot, symbol, moment.session.day)
        return dollars(cents)

    def _option_previous_close(
        self, terms: _OptionTerms, symbol: str, session: Session, close: int | None
    ) -> Decimal | None:
        if close is None:
            return None
        previous = self._calendar.previous_session(session.day)
        if previous.closes_at > terms.expires_at:
            return None
        cents = self._option_cents(terms, previous.closes_at, close, symbol, previous.day)
        return dollars(cents)

    def _option_bar(
        self,
        terms: _OptionTerms,
        symbol: str,
        path: SessionPath,
        window: BarWindow,
        session: Session,
    ) -> Bar:
        day = session.day
        volume = draw(terms.key, session.opens_at.toordinal()) % _OPTION_VOLUME_MAX

        def price_at(spot: int, elapsed: int) -> int:
            instant = session.opens_at + timedelta(seconds=elapsed)
            return self._option_cents(terms, instant, spot, symbol, day)

        return option_bar(path, window, price_at, volume)


def _rounded(value: float) -> Decimal:
    return Decimal(f"{value:.6f}")
