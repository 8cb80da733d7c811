"""The layout of placeOrder (request 3), versions 157 to 178, for both directions.

Variable blocks: legs (secType BAG), delta-neutral hedge (order type not empty), scale (increment
above zero), hedge, algorithm, PEG BENCH, conditions, and from version 170 on a tail for exchange
IBKRATS, PEG BEST and PEG MID. Source: ib_async client.py and official client.py `placeOrder`.
"""

from __future__ import annotations

from typing import Any

from brokerport.simulator.wire.tws import order_blocks as blocks
from brokerport.simulator.wire.tws.contract_kinds import BAG, REQUEST_FIELDS
from brokerport.simulator.wire.tws.fields import FieldReader, FieldWriter
from brokerport.simulator.wire.tws.kinds import (
    BOOLEAN,
    OFFSET_OR_INFINITY,
    OPTIONAL_BOOLEAN,
    OPTIONAL_DECIMAL,
    OPTIONAL_INTEGER,
    TEXT,
    Kind,
    Record,
)
from brokerport.simulator.wire.tws.messages.order_values import WireOrder
from brokerport.simulator.wire.tws.messages.orders import PlaceOrder
from brokerport.simulator.wire.tws.messages.values import SoftDollarTier, WireContract
from brokerport.simulator.wire.tws.order_blocks import COUNT_OR_ZERO, NUMBER_OR_ZERO
from brokerport.simulator.wire.tws.two_way import Reading, Transfer, Writing, carry
from brokerport.simulator.wire.tws.versions import (
    ADVANCED_ORDER_REJECT,
    AUTO_CANCEL_PARENT,
    DURATION,
    MANUAL_ORDER_TIME,
    PEG_BEST_PEG_MID_OFFSETS,
    POST_TO_ATS,
)

IBKRATS = "IBKRATS"
_TIER = Record(SoftDollarTier, (("name", TEXT), ("val", TEXT)))

_SINCE: tuple[tuple[int, str, Kind], ...] = (
    (DURATION, "duration", OPTIONAL_INTEGER),
    (POST_TO_ATS, "post_to_ats", OPTIONAL_INTEGER),
    (AUTO_CANCEL_PARENT, "auto_cancel_parent", BOOLEAN),
    (ADVANCED_ORDER_REJECT, "advanced_error_override", TEXT),
    (MANUAL_ORDER_TIME, "manual_order_time", TEXT),
)


def read_place_order(reader: FieldReader, version: int) -> Any:
    """Read the fields after the message id."""
    order_id = reader.integer("order_id")
    contract = Reading(reader, version, "contract.")
    order = Reading(reader, version, "order.")
    _layout(contract, order)
    return PlaceOrder(order_id, WireContract(**contract.values), WireOrder(**order.values))


def write_place_order(writer: FieldWriter, message: Any, version: int) -> None:
    """Write the fields after the message id."""
    writer.integer("order_id", message.order_id)
    _layout(
        Writing(writer, version, "contract.", message.contract),
        Writing(writer, version, "order.", message.order),
    )


def _layout(contract: Transfer, order: Transfer) -> None:
    identity = {name: contract.field(name, kind) for name, kind in REQUEST_FIELDS}
    carry(contract, ("sec_id_type", TEXT), ("sec_id", TEXT))
    order_type = _terms(order)
    if identity["sec_type"] == BAG:
        blocks.combo(contract, order)
    _attributes(order)
    _hedging_and_scale(order)
    blocks.delta_neutral_contract(contract)
    blocks.algorithm(order)
    carry(
        order,
        ("algo_id", TEXT),
        ("what_if", BOOLEAN),
        ("order_misc_options", TEXT),
        ("solicited", BOOLEAN),
        ("randomize_size", BOOLEAN),
        ("randomize_price", BOOLEAN),
    )
    blocks.peg_to_benchmark(order, order_type)
    blocks.conditions(order)
    _adjusted_and_regulatory(order)
    for since, name, kind in _SINCE:
        if order.version >= since:
            order.field(name, kind)
    if order.version >= PEG_BEST_PEG_MID_OFFSETS:
        _peg_tail(order, order_type, identity["exchange"])


def _terms(order: Transfer) -> str:
    """Carry the terms up to the first optional block; return the order type."""
    order_type = blocks.terms(order)
    carry(
        order,
        ("transmit", BOOLEAN),
        ("parent_id", COUNT_OR_ZERO),
        ("block_order", BOOLEAN),
        ("sweep_to_fill", BOOLEAN),
        ("display_size", OPTIONAL_INTEGER),
        ("trigger_method", COUNT_OR_ZERO),
        ("outside_rth", BOOLEAN),
        ("hidden", BOOLEAN),
    )
    return order_type


def _attributes(order: Transfer) -> None:
    order.constant("shares_allocation", "")
    carry(
        order,
        ("discretionary_amt", NUMBER_OR_ZERO),
        ("good_after_time", TEXT),
        ("good_till_date", TEXT),
    )
    blocks.advisor(order)
    blocks.short_sale(order)
    carry(
        order,
        ("oca_type", COUNT_OR_ZERO),
        ("rule80_a", TEXT),
        ("settling_firm", TEXT),
        ("all_or_none", BOOLEAN),
        ("min_qty", OPTIONAL_INTEGER),
        ("percent_offset", OPTIONAL_DECIMAL),
        ("e_trade_only", BOOLEAN),
        ("firm_quote_only", BOOLEAN),
        ("nbbo_price_cap", OPTIONAL_DECIMAL),
        ("auction_strategy", COUNT_OR_ZERO),
    )
    blocks.reference_prices(order)
    order.field("override_percentage_constraints", BOOLEAN)


def _hedging_and_scale(order: Transfer) -> None:
    carry(order, ("volatility", OPTIONAL_DECIMAL), ("volatility_type", OPTIONAL_INTEGER))
    hedge_order_type = order.field("delta_neutral_order_type", TEXT)
    order.field("delta_neutral_aux_price", OPTIONAL_DECIMAL)
    if hedge_order_type:
        blocks.delta_neutral_in_full(order)
    blocks.trailing(order)
    blocks.scale(order)
    carry(
        order,
        ("scale_table", TEXT),
        ("active_start_time", TEXT),
        ("active_stop_time", TEXT),
    )
    blocks.hedge(order)
    carry(
        order,
        ("opt_out_smart_routing", BOOLEAN),
        ("clearing_account", TEXT),
        ("clearing_intent", TEXT),
        ("not_held", BOOLEAN),
    )


def _adjusted_and_regulatory(order: Transfer) -> None:
    carry(
        order,
        ("adjusted_order_type", TEXT),
        ("trigger_price", OPTIONAL_DECIMAL),
        ("lmt_price_offset", OPTIONAL_DECIMAL),
        ("adjusted_stop_price", OPTIONAL_DECIMAL),
        ("adjusted_stop_limit_price", OPTIONAL_DECIMAL),
        ("adjusted_trailing_amount", OPTIONAL_DECIMAL),
        ("adjustable_trailing_unit", COUNT_OR_ZERO),
        ("ext_operator", TEXT),
        ("soft_dollar_tier", _TIER),
        ("cash_qty", OPTIONAL_DECIMAL),
        ("mifid2_decision_maker", TEXT),
        ("mifid2_decision_algo", TEXT),
        ("mifid2_execution_trader", TEXT),
        ("mifid2_execution_algo", TEXT),
        ("dont_use_auto_price_for_hedge", BOOLEAN),
        ("is_oms_container", BOOLEAN),
        ("discretionary_up_to_limit_price", BOOLEAN),
        ("use_price_mgmt_algo", OPTIONAL_BOOLEAN),
    )


def _peg_tail(order: Transfer, order_type: str, exchange: str) -> None:
    if exchange == IBKRATS:
        order.field("min_trade_qty", OPTIONAL_INTEGER)
    send_mid_offsets = order_type in blocks.PEG_MID
    if order_type in blocks.PEG_BEST:
        order.field("min_compete_size", OPTIONAL_INTEGER)
        offset = order.field("compete_against_best_offset", OFFSET_OR_INFINITY)
        send_mid_offsets = offset is not None and offset.is_infinite()
    if send_mid_offsets:
        order.field("mid_offset_at_whole", OPTIONAL_DECIMAL)
        order.field("mid_offset_at_half", OPTIONAL_DECIMAL)
