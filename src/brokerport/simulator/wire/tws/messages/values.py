"""Values that several TWS messages share: contracts, legs, tags.

Rules: field names are the official names in snake case. "Unset" is None, an empty text or an
empty tuple; no IBKR sentinel (2147483647, 1.7976931348623157E308, ...) appears in a value.
A strike of zero is unset. A right of "?" or "0" is unset.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen


@frozen
class TagValue:
    """One named parameter of an algorithm, a smart combo route or a security identifier."""

    tag: str
    value: str


@frozen
class ComboLeg:
    """One leg of a BAG contract; requests for data carry only its first four fields."""

    con_id: int = 0
    ratio: int = 0
    action: str = ""
    exchange: str = ""
    open_close: int = 0
    short_sale_slot: int = 0
    designated_location: str = ""
    exempt_code: int = -1


@frozen
class DeltaNeutralContract:
    """The underlying that a delta-neutral combo is hedged with."""

    con_id: int = 0
    delta: Decimal = Decimal(0)
    price: Decimal = Decimal(0)


@frozen
class SoftDollarTier:
    """A soft dollar tier; requests to place an order carry only its name and value."""

    name: str = ""
    val: str = ""
    display_name: str = ""


@frozen
class WireContract:
    """A contract as TWS messages carry it; each message carries only some of these fields."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    last_trade_date_or_contract_month: str = ""
    strike: Decimal | None = None
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    include_expired: bool = False
    sec_id_type: str = ""
    sec_id: str = ""
    issuer_id: str = ""
    combo_legs_descrip: str = ""
    combo_legs: tuple[ComboLeg, ...] = ()
    delta_neutral_contract: DeltaNeutralContract | None = None
