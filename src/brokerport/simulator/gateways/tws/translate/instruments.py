"""Which instruments a client's description of a contract fits.

Rules (TWS API, "Requesting Contract Details"): a contract id alone names an instrument; other
fields given beside it must not contradict it (error 478). Without one, the security type and the
symbol or the local symbol are needed; every field left empty fits anything. No fit is error 200; so
is more than one where one is needed, as for an order or for data.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from brokerport.domain.errors import BadInput, UnknownContract
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.gateways.exchanges import exchanges_of
from brokerport.simulator.gateways.tws.codes import (
    AMBIGUOUS_CONTRACT,
    CONTRACT_CONFLICT,
    NO_SECURITY_DEFINITION,
)
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.wire.tws.messages.values import WireContract

_RIGHTS = {
    "C": OptionRight.CALL,
    "CALL": OptionRight.CALL,
    "P": OptionRight.PUT,
    "PUT": OptionRight.PUT,
}


def one_instrument(listing: Listing, contract: WireContract, on: date) -> Instrument:
    """Return the one listed instrument that a description fits.

    Raises:
        Refused: it fits none or more than one (200), or contradicts its contract id (478).
    """
    fitting = _fitting(listing, contract, on)
    found = next(fitting, None)
    if found is None:
        raise Refused(NO_SECURITY_DEFINITION, detail="")
    if next(fitting, None) is not None:
        raise Refused(AMBIGUOUS_CONTRACT, symbol=contract.symbol)
    return found


def all_instruments(listing: Listing, contract: WireContract, on: date) -> tuple[Instrument, ...]:
    """Return every listed instrument that a description fits, at least one.

    Raises:
        Refused: it fits none (200), or contradicts its contract id (478).
    """
    found = tuple(_fitting(listing, contract, on))
    if not found:
        raise Refused(NO_SECURITY_DEFINITION, detail="")
    return found


def _fitting(listing: Listing, contract: WireContract, on: date) -> Iterator[Instrument]:
    if contract.sec_id_type or contract.sec_id:
        raise Refused(
            NO_SECURITY_DEFINITION,
            detail=f" (secIdType {contract.sec_id_type!r} is not simulated; use conId or symbol)",
        )
    try:
        candidates = _candidates(listing, contract, on)
        return (
            instrument
            for instrument in candidates
            if listing.is_listed(instrument, on) and _trades_on(listing, instrument, contract)
        )
    except UnknownContract:
        return iter(())


def _candidates(listing: Listing, contract: WireContract, on: date) -> Iterator[Instrument]:
    if contract.con_id:
        instrument = listing.by_contract_id(contract.con_id)
        _check_agreement(instrument, contract)
        return iter((instrument,))
    match contract.sec_type:
        case "STK":
            return _stocks(listing, contract)
        case "OPT":
            return _options(listing, contract, on)
        case "":
            raise Refused(NO_SECURITY_DEFINITION, detail=" (the security type is missing)")
        case other:
            raise Refused(
                NO_SECURITY_DEFINITION, detail=f" (security type {other!r} is not simulated)"
            )


def _check_agreement(instrument: Instrument, contract: WireContract) -> None:
    found = {
        "symbol": instrument.symbol,
        "secType": "OPT" if isinstance(instrument, Option) else "STK",
        "currency": instrument.currency,
    }
    requested = {
        "symbol": contract.symbol,
        "secType": contract.sec_type,
        "currency": contract.currency,
    }
    if isinstance(instrument, Option):
        found |= {
            "lastTradeDate": f"{instrument.expiry:%Y%m%d}",
            "strike": str(instrument.strike),
            "right": instrument.right.value,
        }
        right = _RIGHTS.get(contract.right)
        requested |= {
            "lastTradeDate": contract.last_trade_date_or_contract_month,
            "strike": (
                str(instrument.strike)
                if contract.strike == instrument.strike
                else str(contract.strike or "")
            ),
            "right": right.value if right else contract.right,
        }
    for name, value in requested.items():
        # A contract month is a shorter way of writing a date in it.
        if value and not (
            found[name] == value or (name == "lastTradeDate" and _is_month_of(value, found[name]))
        ):
            raise Refused(
                CONTRACT_CONFLICT,
                requested=f"{name} {value}",
                found=f"{name} {found[name]}",
            )


def _is_month_of(month: str, day: str) -> bool:
    return len(month) == 6 and day.startswith(month)


def _stocks(listing: Listing, contract: WireContract) -> Iterator[Stock]:
    symbol = contract.symbol or contract.local_symbol
    row = listing.listed(symbol)
    fits = (
        contract.currency in ("", row.stock.currency)
        and contract.local_symbol in ("", symbol)
        and contract.trading_class in ("", row.trading_class)
    )
    return iter((row.stock,) if fits else ())


def _options(listing: Listing, contract: WireContract, on: date) -> Iterator[Option]:
    if contract.local_symbol:
        try:
            named = Option.from_osi(contract.local_symbol)
        except BadInput:
            return iter(())
        return (option for option in (named,) if _option_fits(option, contract))
    if not contract.symbol:
        raise Refused(NO_SECURITY_DEFINITION, detail=" (the symbol is missing)")
    stock = listing.listed(contract.symbol).stock
    exact = _exact_option(contract)
    options = listing.options(stock, on) if exact is None else iter((exact,))
    return (option for option in options if _option_fits(option, contract))


def _exact_option(contract: WireContract) -> Option | None:
    """Return the option a full description names, or None when it leaves something open."""
    right = _RIGHTS.get(contract.right)
    expiry = _day(contract.last_trade_date_or_contract_month)
    if right is None or expiry is None or contract.strike is None:
        return None
    try:
        return Option(contract.symbol, expiry, contract.strike, right)
    except BadInput:
        raise Refused(NO_SECURITY_DEFINITION, detail="") from None


def _day(text: str) -> date | None:
    if len(text) != 8 or not text.isdecimal():
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _option_fits(option: Option, contract: WireContract) -> bool:
    right = _RIGHTS.get(contract.right)
    return (
        contract.symbol in ("", option.underlying)
        and contract.currency in ("", option.currency)
        and f"{option.expiry:%Y%m%d}".startswith(contract.last_trade_date_or_contract_month)
        and contract.strike in (None, option.strike)
        and (not contract.right or right is option.right)
        and contract.multiplier in ("", str(option.multiplier))
        and contract.trading_class in ("", option.underlying)
    )


def _trades_on(listing: Listing, instrument: Instrument, contract: WireContract) -> bool:
    if contract.exchange and contract.exchange not in exchanges_of(instrument):
        return False
    if isinstance(instrument, Option) or not contract.primary_exchange:
        return True
    primary = listing.listed(instrument.symbol).primary_exchange
    # ISLAND is IBKR's older name of NASDAQ.
    wanted = "NASDAQ" if contract.primary_exchange == "ISLAND" else contract.primary_exchange
    return wanted == primary
