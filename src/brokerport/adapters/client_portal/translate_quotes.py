"""Quotes: a row of /iserver/marketdata/snapshot as a ``Quote``.

Rules:

- values are texts under the field's number; a field without a value is left out;
- nothing at a price is an empty side: no price, or a price of 0 or -1, or no size;
- a last price marked ``C`` is the prior close: nothing has traded since. One marked ``H`` is the
  last before trading was halted;
- the volume is field 7762; field 87 is rounded once it is long (``1.2M``) and then tells nothing
  exact;
- field 6509 says how fresh the row is, by its first character: R real time, Z frozen, D delayed,
  Y frozen and delayed, N not subscribed. A row without it has not been filled yet;
- greeks are fields 7308 to 7311, the implied volatility is 7633, in percent. All of them or none
  make ``Greeks``; the portal has no field for the model's own price, nor for the underlying's price
  that it assumed.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from brokerport.adapters.client_portal.translate_contracts import Row
from brokerport.adapters.client_portal.translate_numbers import (
    is_abbreviated,
    last_price,
    optional_number,
    optional_percentage,
    optional_size,
)
from brokerport.domain.instruments import Instrument
from brokerport.domain.market_data import Greeks, MarketDataKind, Quote

LAST, LAST_SIZE = "31", "7059"
BID, BID_SIZE, ASK, ASK_SIZE = "84", "88", "86", "85"
VOLUME, EXACT_VOLUME = "87", "7762"
PRIOR_CLOSE = "7741"
AVAILABILITY = "6509"
DELTA, GAMMA, THETA, VEGA, IMPLIED_VOLATILITY = "7308", "7309", "7310", "7311", "7633"
GREEKS = (DELTA, GAMMA, THETA, VEGA, IMPLIED_VOLATILITY)
FIELDS = (
    LAST,
    LAST_SIZE,
    BID,
    BID_SIZE,
    ASK,
    ASK_SIZE,
    VOLUME,
    EXACT_VOLUME,
    PRIOR_CLOSE,
    AVAILABILITY,
    *GREEKS,
)

NOT_SUBSCRIBED = "N"
_KINDS = {
    "R": MarketDataKind.LIVE,
    "Z": MarketDataKind.FROZEN,
    "D": MarketDataKind.DELAYED,
    "Y": MarketDataKind.DELAYED_FROZEN,
}


def is_filled(row: Row) -> bool:
    """Say whether a row has values yet: the first that is asked for has only its conid."""
    return bool(row.get(AVAILABILITY)) or any(row.get(field) for field in (LAST, BID, ASK))


def is_whole(row: Row, *, wants_greeks: bool) -> bool:
    """Say whether a row shows a bid and an offer, and greeks: nothing more need be waited for."""
    wanted = (BID, ASK, *(GREEKS if wants_greeks else ()))
    return all(row.get(field) for field in wanted)


def is_refused(row: Row) -> bool:
    """Say whether the row is empty because there is no subscription to its market data."""
    return str(row.get(AVAILABILITY, "")).startswith(NOT_SUBSCRIBED)


def to_quote(instrument: Instrument, row: Row, as_of: datetime) -> Quote:
    """Return the quote that a filled row shows.

    Raises:
        ValueError: a value is of a form that Client Portal does not write.
    """
    bid, bid_size = _side(row, BID, BID_SIZE)
    ask, ask_size = _side(row, ASK, ASK_SIZE)
    last = last_price(row.get(LAST))
    has_traded = last.price is not None and last.price > 0 and not last.is_prior_close
    prior_close = _present(optional_number(row.get(PRIOR_CLOSE)))
    if prior_close is None and last.is_prior_close:
        prior_close = _present(last.price)
    return Quote(
        instrument=instrument,
        as_of=as_of,
        bid=bid,
        bid_size=bid_size,
        ask=ask,
        ask_size=ask_size,
        last=last.price if has_traded else None,
        last_size=_present(optional_size(row.get(LAST_SIZE))) if has_traded else None,
        close=prior_close,
        volume=_volume(row),
        greeks=_greeks(row),
        kind=_kind(row),
    )


def _side(row: Row, price_field: str, size_field: str) -> tuple[Decimal | None, Decimal | None]:
    price = _present(optional_number(row.get(price_field)))
    size = _present(optional_size(row.get(size_field)))
    return (None, None) if price is None or size is None else (price, size)


def _volume(row: Row) -> Decimal | None:
    exact = optional_number(row.get(EXACT_VOLUME))
    if exact is None and not is_abbreviated(row.get(VOLUME)):
        exact = optional_number(row.get(VOLUME))
    return None if exact is None or exact < 0 else exact


def _greeks(row: Row) -> Greeks | None:
    delta, gamma, theta, vega = (
        optional_number(row.get(field)) for field in (DELTA, GAMMA, THETA, VEGA)
    )
    volatility = _present(optional_percentage(row.get(IMPLIED_VOLATILITY)))
    if delta is None or gamma is None or theta is None or vega is None or volatility is None:
        return None
    return Greeks(delta, gamma, theta, vega, volatility)


def _kind(row: Row) -> MarketDataKind:
    availability = str(row.get(AVAILABILITY) or "")
    try:
        return _KINDS[availability[:1]]
    except KeyError:
        raise ValueError(f"market data availability is {availability!r}") from None


def _present(value: Decimal | None) -> Decimal | None:
    return value if value is not None and value > 0 else None
