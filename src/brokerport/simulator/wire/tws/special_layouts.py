"""Layouts of the smaller messages whose fields do not follow from their class.

Source: ib_async client.py and decoder.py; official client.py and decoder.py.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve

from brokerport.simulator.wire.tws.contract_kinds import BAG, CONTRACT_KINDS, DATA_LEGS
from brokerport.simulator.wire.tws.errors import LocalViolation, MalformedField
from brokerport.simulator.wire.tws.fields import FieldReader, FieldWriter
from brokerport.simulator.wire.tws.kinds import (
    BOOLEAN,
    INTEGER,
    TEXT,
    Kind,
)
from brokerport.simulator.wire.tws.layout import layout_of
from brokerport.simulator.wire.tws.markers import ContractForm
from brokerport.simulator.wire.tws.messages.history import ReqHistoricalData
from brokerport.simulator.wire.tws.messages.market_data import (
    CalculateImpliedVolatility,
    CalculateOptionPrice,
    TickByTickBidAsk,
    TickByTickLast,
    TickByTickMidPoint,
    TickPrice,
)

_HISTORY_CONTRACT = CONTRACT_KINDS[ContractForm.REQUEST_EXPIRED]
_HISTORY_FIELDS: tuple[tuple[str, Kind], ...] = (
    ("end_date_time", TEXT),
    ("bar_size_setting", TEXT),
    ("duration_str", TEXT),
    ("use_rth", BOOLEAN),
    ("what_to_show", TEXT),
    ("format_date", INTEGER),
)
_HISTORY_TAIL: tuple[tuple[str, Kind], ...] = (
    ("keep_up_to_date", BOOLEAN),
    ("chart_options", TEXT),
)


def read_req_historical_data(reader: FieldReader, version: int) -> Any:
    """Read reqHistoricalData (20): the legs of a BAG stand apart from its contract."""
    request_id = reader.integer("request_id")
    contract = _HISTORY_CONTRACT.read(reader, "contract", version)
    values = {name: kind.read(reader, name, version) for name, kind in _HISTORY_FIELDS}
    if contract.sec_type == BAG:
        legs = DATA_LEGS.read(reader, "contract.combo_legs", version)
        contract = evolve(contract, combo_legs=legs)
    values |= {name: kind.read(reader, name, version) for name, kind in _HISTORY_TAIL}
    return ReqHistoricalData(request_id=request_id, contract=contract, **values)


def write_req_historical_data(writer: FieldWriter, message: Any, version: int) -> None:
    """Write reqHistoricalData (20)."""
    writer.integer("request_id", message.request_id)
    _HISTORY_CONTRACT.write(writer, "contract", message.contract, version)
    for name, kind in _HISTORY_FIELDS:
        kind.write(writer, name, getattr(message, name), version)
    if message.contract.sec_type == BAG:
        DATA_LEGS.write(writer, "contract.combo_legs", message.contract.combo_legs, version)
    for name, kind in _HISTORY_TAIL:
        kind.write(writer, name, getattr(message, name), version)


def read_calculate_implied_volatility(reader: FieldReader, version: int) -> Any:
    """Read calculateImpliedVolatility (54)."""
    return _read_option_request(reader, version, CalculateImpliedVolatility, "option_price")


def read_calculate_option_price(reader: FieldReader, version: int) -> Any:
    """Read calculateOptionPrice (55)."""
    return _read_option_request(reader, version, CalculateOptionPrice, "volatility")


def read_tick_price(reader: FieldReader, version: int) -> Any:
    """Read tickPrice (1), whose three flags share one mask."""
    request_id = reader.integer("request_id")
    tick_type = reader.integer("tick_type")
    price = reader.decimal("price")
    size = reader.decimal("size")
    mask = reader.integer("attr_mask")
    return TickPrice(
        request_id, tick_type, price, size, bool(mask & 1), bool(mask & 2), bool(mask & 4)
    )


def write_tick_price(writer: FieldWriter, message: Any, version: int) -> None:
    """Write tickPrice (1)."""
    writer.integer("request_id", message.request_id)
    writer.integer("tick_type", message.tick_type)
    writer.decimal("price", message.price)
    writer.decimal("size", message.size)
    writer.integer(
        "attr_mask",
        message.can_auto_execute | message.past_limit << 1 | message.pre_open << 2,
    )


def read_tick_by_tick(reader: FieldReader, version: int) -> Any:
    """Read tickByTick (99), which has one layout per type."""
    request_id = reader.integer("request_id")
    tick_type = reader.integer("tick_type")
    time = reader.integer("time")
    if tick_type in (1, 2):
        price, size = reader.decimal("price"), reader.decimal("size")
        mask = reader.integer("mask")
        exchange, special = reader.text("exchange"), reader.text("special_conditions")
        return TickByTickLast(
            request_id,
            tick_type,
            time,
            price,
            size,
            bool(mask & 1),
            bool(mask & 2),
            exchange,
            special,
        )
    if tick_type == 3:
        prices = reader.decimal("bid_price"), reader.decimal("ask_price")
        sizes = reader.decimal("bid_size"), reader.decimal("ask_size")
        mask = reader.integer("mask")
        return TickByTickBidAsk(request_id, time, *prices, *sizes, bool(mask & 1), bool(mask & 2))
    if tick_type == 4:
        return TickByTickMidPoint(request_id, time, reader.decimal("mid_point"))
    raise MalformedField(reader.message, "tick_type", str(tick_type), "a tick type of 1 to 4")


def write_tick_by_tick(writer: FieldWriter, message: Any, version: int) -> None:
    """Write tickByTick (99)."""
    writer.integer("request_id", message.request_id)
    if isinstance(message, TickByTickLast):
        if message.tick_type not in (1, 2):
            raise LocalViolation(
                f"TickByTickLast.tick_type must be 1 (Last) or 2 (AllLast), got {message.tick_type}"
            )
        writer.integer("tick_type", message.tick_type)
        writer.integer("time", message.time)
        writer.decimal("price", message.price)
        writer.decimal("size", message.size)
        writer.integer("mask", message.past_limit | message.unreported << 1)
        writer.text("exchange", message.exchange)
        writer.text("special_conditions", message.special_conditions)
    elif isinstance(message, TickByTickBidAsk):
        writer.integer("tick_type", 3)
        writer.integer("time", message.time)
        writer.decimal("bid_price", message.bid_price)
        writer.decimal("ask_price", message.ask_price)
        writer.decimal("bid_size", message.bid_size)
        writer.decimal("ask_size", message.ask_size)
        writer.integer("mask", message.bid_past_low | message.ask_past_high << 1)
    else:
        writer.integer("tick_type", 4)
        writer.integer("time", message.time)
        writer.decimal("mid_point", message.mid_point)


def _read_option_request(reader: FieldReader, version: int, cls: Any, number: str) -> Any:
    """Read request 54 or 55: ib_async writes a count before the options, official clients do not.

    The options are one text either way, so the count tells nothing.
    """
    request_id = reader.integer("request_id")
    contract = CONTRACT_KINDS[ContractForm.REQUEST].read(reader, "contract", version)
    first, under_price = reader.decimal(number), reader.decimal("under_price")
    if reader.remaining_count == 2:
        reader.integer("options count")
    return cls(request_id, contract, first, under_price, reader.text("options"))


def write_option_request(writer: FieldWriter, message: Any, version: int) -> None:
    """Write request 54 or 55 as official clients do."""
    cls: type = type(message)
    layout_of(cls).write(writer, "", message, version)
