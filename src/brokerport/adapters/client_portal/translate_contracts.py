"""Contracts: Client Portal's rows of many shapes against our instruments.

Each endpoint names the same things in its own words. Read here are

- a security definition (/trsrv/secdef): ``conid, assetClass, ticker, currency, expiry, strike,
  putOrCall, multiplier``;
- an option's row (/iserver/secdef/info): ``conid, maturityDate, strike, right, multiplier,
  tradingClass, currency``;
- contract info with its rules (/iserver/contract/{conid}/info-and-rules): ``con_id,
  instrument_type, symbol, currency, maturity_date, strike, right, multiplier, company_name`` and
  ``rules.incrementRules``.

An equity option's strike is a number or a text, its right ``P`` or ``PUT``, its multiplier 100.0 or
``"100"``; a month is written ``JAN26``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from brokerport.adapters.client_portal.translate_numbers import contract_id, number, optional_number
from brokerport.domain.contracts import ContractDetails, PriceIncrement
from brokerport.domain.errors import BadInput, Unsupported
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock

Row = Mapping[str, Any]

STOCK, OPTION = "STK", "OPT"

_RIGHTS = {
    "C": OptionRight.CALL,
    "CALL": OptionRight.CALL,
    "P": OptionRight.PUT,
    "PUT": OptionRight.PUT,
}
# Not strftime, which writes months in the words of the machine's locale.
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def definition_to_instrument(row: Row) -> Instrument:
    """Return the instrument of a security definition (/trsrv/secdef).

    Raises:
        Unsupported: it is neither a stock nor a listed equity option, or its terms are not such.
    """
    return _instrument(
        row,
        security_type=row.get("assetClass"),
        symbol=row.get("ticker"),
        expiry=row.get("expiry") or row.get("lastTradingDay"),
        right=row.get("putOrCall"),
    )


def info_to_instrument(row: Row) -> Instrument:
    """Return the instrument of contract info (/iserver/contract/{conid}/info).

    Raises:
        Unsupported: it is neither a stock nor a listed equity option, or its terms are not such.
    """
    return _instrument(
        row,
        security_type=row.get("instrument_type"),
        symbol=row.get("symbol"),
        expiry=row.get("maturity_date"),
        right=row.get("right"),
    )


def is_option_row_of(option: Option, row: Row) -> bool:
    """Say whether a row of /iserver/secdef/info is of that option and no other.

    Raises:
        ValueError: the row's terms cannot be read.
    """
    multiplier = optional_number(row.get("multiplier"))
    return (
        expiry_date(row.get("maturityDate")) == option.expiry
        and number(row.get("strike"), "strike") == option.strike
        and _right(row.get("right")) is option.right
        and row.get("currency", option.currency) == option.currency
        and multiplier in (None, option.multiplier)
    )


def expiry_date(text: object) -> date:
    """Read an expiry written yyyymmdd.

    Raises:
        ValueError: it is no date.
    """
    if not isinstance(text, str) or len(text) != 8 or not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not an expiry of the form yyyymmdd")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def month_of(expiry: date) -> str:
    """Return an expiry's month as Client Portal writes it, such as ``JAN26``."""
    return f"{_MONTHS[expiry.month - 1]}{expiry:%y}"


def main_class_name(symbol: str) -> str:
    """Return the class of a stock's main options: its symbol without blanks and dots."""
    return symbol.replace(" ", "").replace(".", "")


def describe(row: Row) -> str:
    """Name a contract in a message, whatever its type and the shape of its row."""
    parts = [
        _first(row, "assetClass", "instrument_type", "secType", "sec_type"),
        _first(row, "ticker", "symbol"),
        _first(row, "description2", "fullName", "text", "description", "contract_description_1"),
        _first(row, "listingExchange", "exchange"),
        _first(row, "currency", "cashCcy"),
        f"conid {_first(row, 'conid', 'con_id')}",
    ]
    return " ".join(dict.fromkeys(part for part in parts if part))


def to_price_increments(rules: Row) -> tuple[PriceIncrement, ...]:
    """Return a contract's price steps in ascending order, from its rules.

    Raises:
        ValueError: the rules carry neither steps nor an increment.
    """
    steps = rules.get("incrementRules") or ()
    if not steps:
        return (PriceIncrement(Decimal(0), number(rules.get("increment"), "increment")),)
    increments = [
        PriceIncrement(
            number(step.get("lowerEdge"), "lowerEdge"), number(step.get("increment"), "increment")
        )
        for step in steps
    ]
    return tuple(sorted(increments, key=lambda step: step.low_edge))


def to_details(
    instrument: Instrument, row: Row, primary_exchange: str, time_zone: str
) -> ContractDetails:
    """Return the broker's definition of an instrument, from its info and rules.

    Raises:
        BadInput, ValueError: the row is of something else, or not whole.
    """
    try:
        found = info_to_instrument(row)
    except Unsupported as unsupported:
        raise ValueError(str(unsupported)) from unsupported
    if found != instrument:
        raise ValueError(f"it is of {found}")
    rules = row.get("rules")
    if not isinstance(rules, Mapping):
        raise ValueError("it has no rules")
    if rules.get("error"):
        raise ValueError(f"its rules could not be had: {rules['error']}")
    return ContractDetails(
        instrument=instrument,
        contract_id=contract_id(row.get("con_id")),
        long_name=row.get("company_name") or "",
        primary_exchange=primary_exchange,
        price_increments=to_price_increments(rules),
        exchange_time_zone=time_zone,
    )


def _instrument(
    row: Row, *, security_type: object, symbol: object, expiry: object, right: object
) -> Instrument:
    currency: Any = row.get("currency")
    try:
        if security_type == STOCK:
            return Stock(_text(symbol), currency)
        if security_type == OPTION:
            return Option(
                underlying=_text(symbol),
                expiry=expiry_date(expiry),
                strike=number(row.get("strike"), "strike"),
                right=_right(right),
                multiplier=_multiplier(row.get("multiplier")),
                currency=currency,
            )
    except (BadInput, ValueError) as error:
        raise Unsupported(f"{describe(row)} is no instrument brokerport has: {error}") from error
    raise Unsupported(f"{describe(row)} is no instrument brokerport has")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"its symbol is {value!r}")
    return value


def _right(value: object) -> OptionRight:
    if not isinstance(value, str) or value.upper() not in _RIGHTS:
        raise ValueError(f"{value!r} is neither a call nor a put")
    return _RIGHTS[value.upper()]


def _multiplier(value: object) -> int:
    found = number(value, "multiplier")
    if found != found.to_integral_value():
        raise ValueError(f"a multiplier of {found} is not a whole number")
    return int(found)


def _first(row: Row, *names: str) -> str:
    for name in names:
        if row.get(name):
            return str(row[name])
    return ""


def rows_of(answer: object) -> list[Row]:
    """Return the rows of an answer that is a list of them, or one row alone.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(answer, Mapping):
        return [answer]
    if isinstance(answer, list) and all(isinstance(row, Mapping) for row in answer):
        return list(answer)
    raise ValueError("it is no list of rows")


def stock_candidates(groups: Iterable[Row]) -> list[Row]:
    """Return the contracts of one symbol's companies (/trsrv/stocks), stocks only."""
    return [
        contract
        for group in groups
        if group.get("assetClass", STOCK) == STOCK
        for contract in group.get("contracts") or ()
    ]


def has_section(row: Row, security_type: str) -> bool:
    """Say whether a search's row offers contracts of that type."""
    return any(section.get("secType") == security_type for section in row.get("sections") or ())
