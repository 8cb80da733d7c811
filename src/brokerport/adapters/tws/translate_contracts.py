"""Contracts: ib_async's Contract and ContractDetails against our instruments.

An equity option's contract names its underlying as ``symbol``, its last trading day as
``lastTradeDateOrContractMonth`` (yyyymmdd) and its right as ``C`` or ``P``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from ib_async.contract import Contract
from ib_async.contract import ContractDetails as TwsContractDetails
from ib_async.objects import PriceIncrement as TwsPriceIncrement

from brokerport.adapters.tws.translate_numbers import EXCHANGE_ZONE_NAME, number
from brokerport.domain.contracts import ContractDetails, PriceIncrement
from brokerport.domain.errors import BadInput, Unsupported
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock

SMART = "SMART"

_RIGHTS = {
    "C": OptionRight.CALL,
    "CALL": OptionRight.CALL,
    "P": OptionRight.PUT,
    "PUT": OptionRight.PUT,
}

# TWS names some zones by their old names, or in ways that are no IANA name.
_TIME_ZONES = {
    "": EXCHANGE_ZONE_NAME,
    "EST": EXCHANGE_ZONE_NAME,
    "EST5EDT": EXCHANGE_ZONE_NAME,
    "US/Eastern": EXCHANGE_ZONE_NAME,
    "US/Central": "America/Chicago",
}


def to_contract(instrument: Instrument, contract_id: int = 0) -> Contract:
    """Return the SMART-routed contract of an instrument, with its conid where it is known."""
    if isinstance(instrument, Stock):
        return Contract(
            secType="STK",
            conId=contract_id,
            symbol=instrument.symbol,
            exchange=SMART,
            currency=instrument.currency,
        )
    return Contract(
        secType="OPT",
        conId=contract_id,
        symbol=instrument.underlying,
        lastTradeDateOrContractMonth=f"{instrument.expiry:%Y%m%d}",
        strike=float(instrument.strike),
        right=instrument.right.value,
        multiplier=str(instrument.multiplier),
        exchange=SMART,
        currency=instrument.currency,
    )


def to_instrument(contract: Contract) -> Instrument:
    """Return the instrument that a contract describes.

    Raises:
        Unsupported: it is neither a stock nor a listed equity option, or its terms are not such.
    """
    try:
        if contract.secType == "STK":
            return Stock(contract.symbol, contract.currency)
        if contract.secType == "OPT":
            return Option(
                underlying=contract.symbol,
                expiry=expiry_date(contract.lastTradeDateOrContractMonth),
                strike=number(contract.strike, "strike"),
                right=_RIGHTS[contract.right],
                multiplier=int(contract.multiplier or 100),
                currency=contract.currency,
            )
    except (BadInput, KeyError, ValueError) as error:
        raise Unsupported(
            f"{describe(contract)} is no instrument brokerport has: {error}"
        ) from error
    raise Unsupported(f"{describe(contract)} is no instrument brokerport has")


def expiry_date(text: str) -> date:
    """Read an expiry written yyyymmdd, with or without a time behind it.

    Raises:
        ValueError: it is no date.
    """
    digits = text[:8]
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def describe(contract: Contract) -> str:
    """Name a contract in a message, whatever its type."""
    parts = [
        contract.secType,
        contract.symbol,
        contract.lastTradeDateOrContractMonth,
        str(contract.strike) if contract.strike else "",
        contract.right.strip("?0"),
        contract.tradingClass,
        contract.primaryExchange or contract.exchange,
        contract.currency,
        f"conid {contract.conId}",
    ]
    return " ".join(part for part in parts if part)


def market_rule_id(details: TwsContractDetails) -> int | None:
    """Return the rule for the price steps on SMART, else on the first exchange that has one."""
    rules = [rule for rule in details.marketRuleIds.split(",") if rule]
    exchanges = details.validExchanges.split(",")
    if not rules:
        return None
    if len(rules) == len(exchanges) and SMART in exchanges:
        return int(rules[exchanges.index(SMART)])
    return int(rules[0])


def to_price_increments(steps: Iterable[TwsPriceIncrement]) -> tuple[PriceIncrement, ...]:
    """Return a market rule's steps in ascending order."""
    increments = [
        PriceIncrement(number(step.lowEdge, "lowEdge"), number(step.increment, "increment"))
        for step in steps
    ]
    return tuple(sorted(increments, key=lambda step: step.low_edge))


def to_details(
    instrument: Instrument, details: TwsContractDetails, steps: Sequence[PriceIncrement]
) -> ContractDetails:
    """Return the broker's definition of an instrument; without a rule, minTick is its only step.

    Raises:
        ValueError: TWS gave neither a market rule nor a tick.
    """
    contract = details.contract
    if contract is None or contract.conId <= 0:
        raise ValueError(f"the details of {instrument} carry no contract id")
    if not steps:
        steps = (PriceIncrement(Decimal(0), number(details.minTick, "minTick")),)
    return ContractDetails(
        instrument=instrument,
        contract_id=contract.conId,
        long_name=details.longName,
        primary_exchange=contract.primaryExchange,
        price_increments=tuple(steps),
        exchange_time_zone=_TIME_ZONES.get(details.timeZoneId) or details.timeZoneId,
    )
