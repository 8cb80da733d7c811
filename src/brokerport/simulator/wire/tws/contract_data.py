"""The layout of contractData (reply 10), versions 157 to 178, for both directions.

Below version 164 the message starts with its own version (8), carries an obsolete
mdSizeMultiplier after minTick and, at 163 alone, sizeMinTick; from 164 on those are gone and
three sizes stand at the end. longName travels unicode-escaped. The last trade date travels
together with the time of day, "YYYYMMDD HH:MM[:SS]", and from 174 on with the time zone; clients
accept blanks or dashes between the parts.
Source: ib_async decoder.py `contractDetails`; official decoder.py `processContractDataMsg`.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve

from brokerport.simulator.wire.tws.fields import FieldReader, FieldWriter
from brokerport.simulator.wire.tws.kinds import (
    DECIMAL,
    ESCAPED_TEXT,
    INTEGER,
    OPTIONAL_DECIMAL,
    RIGHT,
    STRIKE,
    TAG_VALUES,
    TEXT,
)
from brokerport.simulator.wire.tws.messages.contracts import ContractData, WireContractDetails
from brokerport.simulator.wire.tws.messages.values import WireContract
from brokerport.simulator.wire.tws.two_way import Reading, Transfer, Writing, carry
from brokerport.simulator.wire.tws.versions import (
    INSTRUMENT_TIME_ZONE,
    SIZE_MIN_TICK,
    SIZE_RULES,
)

_MESSAGE_VERSION = "8"
_MD_SIZE_MULTIPLIER = "1"


def read_contract_data(reader: FieldReader, version: int) -> Any:
    """Read the fields after the message id."""
    if version < SIZE_RULES:
        reader.integer("version")
    request_id = reader.integer("request_id")
    contract = Reading(reader, version, "contract.")
    details = Reading(reader, version, "contract_details.")
    _layout(contract, details)
    values = details.values
    parts = contract.values["last_trade_date_or_contract_month"]
    date, time, zone = _split_last_trade(parts)
    contract.values["last_trade_date_or_contract_month"] = date
    values["last_trade_time"] = time
    values["time_zone_id"] = zone or values["time_zone_id"]
    return ContractData(
        request_id, WireContractDetails(contract=WireContract(**contract.values), **values)
    )


def write_contract_data(writer: FieldWriter, message: Any, version: int) -> None:
    """Write the fields after the message id."""
    if version < SIZE_RULES:
        writer.text("version", _MESSAGE_VERSION)
    writer.integer("request_id", message.request_id)
    details: WireContractDetails = message.contract_details
    contract = evolve(
        details.contract, last_trade_date_or_contract_month=_join_last_trade(details, version)
    )
    _layout(
        Writing(writer, version, "contract.", contract),
        Writing(writer, version, "contract_details.", details),
    )


def _layout(contract: Transfer, details: Transfer) -> None:
    carry(
        contract,
        ("symbol", TEXT),
        ("sec_type", TEXT),
        ("last_trade_date_or_contract_month", TEXT),
        ("strike", STRIKE),
        ("right", RIGHT),
        ("exchange", TEXT),
        ("currency", TEXT),
        ("local_symbol", TEXT),
    )
    details.field("market_name", TEXT)
    carry(contract, ("trading_class", TEXT), ("con_id", INTEGER))
    details.field("min_tick", DECIMAL)
    if details.version < SIZE_RULES:
        details.constant("md_size_multiplier", _MD_SIZE_MULTIPLIER)
    contract.field("multiplier", TEXT)
    carry(
        details,
        ("order_types", TEXT),
        ("valid_exchanges", TEXT),
        ("price_magnifier", INTEGER),
        ("under_con_id", INTEGER),
        ("long_name", ESCAPED_TEXT),
    )
    contract.field("primary_exchange", TEXT)
    carry(
        details,
        ("contract_month", TEXT),
        ("industry", TEXT),
        ("category", TEXT),
        ("subcategory", TEXT),
        ("time_zone_id", TEXT),
        ("trading_hours", TEXT),
        ("liquid_hours", TEXT),
        ("ev_rule", TEXT),
        ("ev_multiplier", INTEGER),
        ("sec_id_list", TAG_VALUES),
        ("agg_group", INTEGER),
        ("under_symbol", TEXT),
        ("under_sec_type", TEXT),
        ("market_rule_ids", TEXT),
        ("real_expiration_date", TEXT),
        ("stock_type", TEXT),
    )
    if details.version == SIZE_MIN_TICK:
        details.field("size_increment", OPTIONAL_DECIMAL)
    if details.version >= SIZE_RULES:
        carry(
            details,
            ("min_size", OPTIONAL_DECIMAL),
            ("size_increment", OPTIONAL_DECIMAL),
            ("suggested_size_increment", OPTIONAL_DECIMAL),
        )


def _join_last_trade(details: WireContractDetails, version: int) -> str:
    date = details.contract.last_trade_date_or_contract_month
    if not date or not details.last_trade_time:
        return date
    parts = [date, details.last_trade_time]
    if version >= INSTRUMENT_TIME_ZONE and details.time_zone_id:
        parts.append(details.time_zone_id)
    return " ".join(parts)


def _split_last_trade(text: str) -> tuple[str, str, str]:
    parts = text.split("-") if "-" in text else text.split()
    date, time, zone = [*parts[:3], "", "", ""][:3]
    return date, time, zone
