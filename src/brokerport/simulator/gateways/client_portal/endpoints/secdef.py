"""Contract search under /iserver/secdef: symbol, then strikes, then contracts.

Rules (Web API, "Contract"):

- Strikes are empty until this login has searched the underlying's symbol, which a search by name
  is not.
- One question of ``info`` names the month and the strike; every expiry of that month is told, and
  both rights when none is named. A derivative's own conid is answered with that contract alone.
- Only stocks and the options over them are listed: any other type of security is found nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from brokerport.domain.contracts import OptionChain
from brokerport.domain.errors import UnknownContract
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.errors import bad_request, server_error
from brokerport.simulator.gateways.client_portal.translate.contracts import (
    information_row,
    search_row,
    sec_type,
)
from brokerport.simulator.gateways.client_portal.translate.option_words import read_month
from brokerport.simulator.gateways.exchanges import OPTION_EXCHANGES, SMART, exchanges_of

_NO_CONTRACTS = "no contracts retrieved"


def _search(call: Call) -> list[dict[str, Any]]:
    return _found(call, call.query)


def _search_by_body(call: Call) -> list[dict[str, Any]]:
    return _found(call, call.body_mapping())


def _found(call: Call, terms: Mapping[str, Any]) -> list[dict[str, Any]]:
    symbol = terms.get("symbol")
    if not isinstance(symbol, str) or not symbol.strip():
        raise bad_request("Bad Request: symbol is required")
    if _text(terms, "secType", "sectype") not in ("", "STK"):
        return []
    wanted = symbol.strip().upper()
    by_name = _is_true(terms.get("name"))
    listing = call.world.listing
    rows: list[dict[str, Any]] = []
    for details in listing.find(wanted):
        stock = listing.listed(details.instrument.symbol)
        begins = stock.stock.symbol.startswith(wanted)
        if not (wanted in stock.long_name.upper() if by_name else begins):
            continue
        chain = _chain(call, stock.stock)
        rows.append(search_row(stock, () if chain is None else chain.expiries))
        if not by_name:
            call.login.primed.add(_searched(stock.contract_id))
    return rows


def _strikes(call: Call) -> dict[str, list[Decimal]]:
    contract_id = call.contract_id()
    kind = _text(call.query, "sectype", "secType")
    month_text = call.query.get("month", "")
    if not kind or not month_text:
        raise bad_request("Bad Request: sectype and month are required")
    strikes: list[Decimal] = []
    underlying = _underlying(call, contract_id)
    month = read_month(month_text)
    if underlying is not None and month is not None and kind == "OPT":
        listed = call.world.listing.listed(underlying.symbol)
        chain = _chain(call, underlying)
        if (
            chain is not None
            and _searched(listed.contract_id) in call.login.primed
            and _exchange(call) in OPTION_EXCHANGES
            and any((day.year, day.month) == month for day in chain.expiries)
        ):
            strikes = list(chain.strikes)
    return {"call": strikes, "put": strikes}


def _information(call: Call) -> list[dict[str, Any]]:
    try:
        instrument = call.world.listing.by_contract_id(call.contract_id())
    except UnknownContract:
        raise server_error(_NO_CONTRACTS) from None
    exchange = _exchange(call)
    kind = _text(call.query, "sectype", "secType")
    if isinstance(instrument, Stock) and kind == "OPT":
        found = list(_options(call, instrument))
    else:
        found = [instrument] if kind in ("", sec_type(instrument)) else []
    if not found or exchange not in exchanges_of(found[0]):
        raise server_error(_NO_CONTRACTS)
    return [_row(call, one, exchange) for one in found]


def _options(call: Call, underlying: Stock) -> Iterator[Instrument]:
    if not call.query.get("month"):
        raise bad_request("month required")
    month = read_month(call.query["month"])
    if month is None:
        raise bad_request("month must be like JAN26")
    strike = _strike(call)
    rights = _rights(call)
    chain = _chain(call, underlying)
    if chain is None or strike not in chain.strikes:
        return
    for expiry in chain.expiries:
        if (expiry.year, expiry.month) == month:
            for right in rights:
                yield Option(underlying.symbol, expiry, strike, right)


def _strike(call: Call) -> Decimal:
    text = call.query.get("strike", "")
    if not text:
        raise bad_request("strike required")
    try:
        strike = Decimal(text)
    except InvalidOperation:
        strike = Decimal(0)
    if not strike.is_finite() or strike <= 0:
        raise bad_request("strike must be a number greater than zero")
    return strike


def _rights(call: Call) -> tuple[OptionRight, ...]:
    text = call.query.get("right", "").upper()
    if not text:
        return (OptionRight.CALL, OptionRight.PUT)
    if text not in ("C", "P"):
        raise bad_request("right must be C or P")
    return (OptionRight(text),)


def _row(call: Call, instrument: Instrument, exchange: str) -> dict[str, Any]:
    listing = call.world.listing
    return information_row(listing.details(instrument), listing.listed(instrument.symbol), exchange)


def _bond_filters(_call: Call) -> dict[str, list[Any]]:
    # No bond is listed, so there is nothing to filter by; an unknown issuer is no error at IBKR.
    return {"bondFilters": []}


def _underlying(call: Call, contract_id: int) -> Stock | None:
    listing = call.world.listing
    try:
        instrument = listing.by_contract_id(contract_id)
    except UnknownContract:
        return None
    return listing.listed(instrument.symbol).stock


def _chain(call: Call, stock: Stock) -> OptionChain | None:
    try:
        return call.world.listing.option_chain(stock, exchange_date(call.now))
    except UnknownContract:
        return None


def _searched(contract_id: int) -> str:
    return f"secdef search {contract_id}"


def _exchange(call: Call) -> str:
    return call.query.get("exchange") or SMART


def _text(terms: Mapping[str, Any], *names: str) -> str:
    return next((str(terms[name]) for name in names if terms.get(name)), "")


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() in ("true", "1")


ENDPOINTS = (
    Endpoint("GET", "/iserver/secdef/search", _search),
    Endpoint("POST", "/iserver/secdef/search", _search_by_body),
    Endpoint("GET", "/iserver/secdef/strikes", _strikes),
    Endpoint("GET", "/iserver/secdef/info", _information),
    Endpoint("GET", "/iserver/secdef/bond-filters", _bond_filters),
)
