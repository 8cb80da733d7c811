"""What a subscriber sees of an instrument: live, frozen or delayed.

Rules (TWS API, "Market Data Types"): 1 live; 2 frozen: while nothing trades, the quote at the
close; 3 delayed, by 15 minutes; 4 delayed and, while nothing trades, frozen. Types 2 and 4 show
the unfrozen data while the market is open.

The volatility behind the greeks at the bid, ask and last price is the one that explains that price.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.market_data import Greeks
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.gateways.tws.option_model import OptionModel
from brokerport.simulator.gateways.tws.translate.ticks import Picture
from brokerport.simulator.market.market import Market

LIVE_TYPE = 1
FROZEN_TYPE = 2
DELAYED_TYPE = 3
DELAYED_FROZEN_TYPE = 4

_MOMENT = timedelta(seconds=1)


class QuoteViews:
    """Looks at a market as clients with different market data types see it."""

    def __init__(self, market: Market, calendar: TradingCalendar, delayed_by_seconds: int) -> None:
        self._market = market
        self._calendar = calendar
        self._model = OptionModel(calendar)
        self._delay = timedelta(seconds=delayed_by_seconds)

    def shown_type(self, wanted: int, at: datetime) -> int:
        """Return the market data type that a client is really shown."""
        delayed = wanted in (DELAYED_TYPE, DELAYED_FROZEN_TYPE)
        moment = at - self._delay if delayed else at
        if self._calendar.is_open(moment):
            return DELAYED_TYPE if delayed else LIVE_TYPE
        return wanted

    def picture(self, instrument: Instrument, wanted: int, at: datetime) -> Picture:
        """Return what a client of market data type ``wanted`` sees at ``at``.

        Raises:
            UnknownContract: the market has no prices for the instrument.
        """
        moment = at - self._delay if wanted in (DELAYED_TYPE, DELAYED_FROZEN_TYPE) else at
        if wanted in (FROZEN_TYPE, DELAYED_FROZEN_TYPE) and not self._calendar.is_open(moment):
            moment = self._calendar.latest_session(moment).closes_at - _MOMENT
        return self._picture(instrument, moment)

    def _picture(self, instrument: Instrument, at: datetime) -> Picture:
        quote = self._market.quote(instrument, at)
        statistics = self._market.statistics(instrument, at)
        greeks = self._market.greeks(instrument, at) if isinstance(instrument, Option) else None
        return Picture(
            bid=quote.bid,
            bid_size=quote.bid_size,
            ask=quote.ask,
            ask_size=quote.ask_size,
            last=quote.last,
            last_size=quote.last_size,
            last_at=None if quote.last is None else quote.at,
            open=statistics.open,
            high=statistics.high,
            low=statistics.low,
            close=statistics.previous_close,
            volume=statistics.volume,
            greeks=greeks,
            bid_greeks=self._explained(instrument, quote.bid, greeks, at),
            ask_greeks=self._explained(instrument, quote.ask, greeks, at),
            last_greeks=self._explained(instrument, quote.last, greeks, at),
        )

    def _explained(
        self, instrument: Instrument, price: Decimal | None, greeks: Greeks | None, at: datetime
    ) -> Greeks | None:
        if price is None or greeks is None or not isinstance(instrument, Option):
            return None
        underlying = greeks.underlying_price
        return (
            None if underlying is None else self._model.at_price(instrument, price, underlying, at)
        )
