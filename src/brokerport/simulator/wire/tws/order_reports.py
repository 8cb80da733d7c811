"""The layouts of openOrder (reply 5) and completedOrder (reply 101), for both directions.

Traps, all of them what real servers do and clients rely on:
- `deltaNeutralOrderType` is the literal "None" when there is no hedge; that is truthy for
  clients, so the eight fields (completedOrder: four) follow all the same.
- The right of a contract that has none is "?".
- The nine margin fields are 1.7976931348623157E308 when unset, numbers in a what-if reply.
- `trailStopPrice` travels twice; clients keep the second.
- Prices of the adjusted-order block are 1.7976931348623157E308 when unset, since the official
  client reads an empty text there as a price of 0.
- completedOrder carries neither order id nor client id; parentPermId is 9223372036854775807
  when there is none.
Source: ib_async decoder.py `openOrder`, `completedOrder`; official orderdecoder.py; shared
reference page "TWS API wire protocol", section 4.
"""

from __future__ import annotations

from typing import Any

from brokerport.simulator.wire.tws import order_blocks as blocks
from brokerport.simulator.wire.tws.contract_kinds import ORDER_REPLY_FIELDS
from brokerport.simulator.wire.tws.fields import MAX_LONG_TEXT, FieldReader, FieldWriter
from brokerport.simulator.wire.tws.kinds import (
    BOOLEAN,
    INTEGER,
    NONE_FOR_EMPTY,
    OPTIONAL_BOOLEAN,
    OPTIONAL_DECIMAL,
    OPTIONAL_INTEGER,
    TEXT,
    OptionalInteger,
    Record,
)
from brokerport.simulator.wire.tws.messages.order_values import WireOrder, WireOrderState
from brokerport.simulator.wire.tws.messages.orders import CompletedOrder, OpenOrder
from brokerport.simulator.wire.tws.messages.values import SoftDollarTier, WireContract
from brokerport.simulator.wire.tws.order_blocks import (
    COUNT_OR_ZERO,
    MAX_INT_WHEN_UNSET,
    MAX_WHEN_UNSET,
    NUMBER_OR_ZERO,
)
from brokerport.simulator.wire.tws.two_way import Reading, Transfer, Writing, carry
from brokerport.simulator.wire.tws.versions import (
    AUTO_CANCEL_PARENT,
    DURATION,
    PEG_BEST_PEG_MID_OFFSETS,
    POST_TO_ATS,
)

_TIER = Record(SoftDollarTier, (("name", TEXT), ("val", TEXT), ("display_name", TEXT)))
_PARENT_PERM_ID = OptionalInteger(MAX_LONG_TEXT)
_MARGINS = tuple(
    f"{what}_{when}"
    for when in ("before", "change", "after")
    for what in ("init_margin", "maint_margin", "equity_with_loan")
)


def read_open_order(reader: FieldReader, version: int) -> Any:
    """Read the fields after the message id."""
    order_id = reader.integer("order_id")
    contract = Reading(reader, version, "contract.")
    order = Reading(reader, version, "order.")
    state = Reading(reader, version, "order_state.")
    _open_order(contract, order, state)
    return OpenOrder(
        order_id,
        WireContract(**contract.values),
        WireOrder(**order.values),
        WireOrderState(**state.values),
    )


def write_open_order(writer: FieldWriter, message: Any, version: int) -> None:
    """Write the fields after the message id."""
    writer.integer("order_id", message.order_id)
    _open_order(
        Writing(writer, version, "contract.", message.contract),
        Writing(writer, version, "order.", message.order),
        Writing(writer, version, "order_state.", message.order_state),
    )


def read_completed_order(reader: FieldReader, version: int) -> Any:
    """Read the fields after the message id."""
    contract = Reading(reader, version, "contract.")
    order = Reading(reader, version, "order.")
    state = Reading(reader, version, "order_state.")
    _completed_order(contract, order, state)
    return CompletedOrder(
        WireContract(**contract.values),
        WireOrder(**order.values),
        WireOrderState(**state.values),
    )


def write_completed_order(writer: FieldWriter, message: Any, version: int) -> None:
    """Write the fields after the message id."""
    _completed_order(
        Writing(writer, version, "contract.", message.contract),
        Writing(writer, version, "order.", message.order),
        Writing(writer, version, "order_state.", message.order_state),
    )


def _open_order(contract: Transfer, order: Transfer, state: Transfer) -> None:
    carry(contract, *ORDER_REPLY_FIELDS)
    order_type = blocks.terms(order)
    carry(
        order,
        ("client_id", INTEGER),
        ("perm_id", INTEGER),
        ("outside_rth", BOOLEAN),
        ("hidden", BOOLEAN),
        ("discretionary_amt", NUMBER_OR_ZERO),
        ("good_after_time", TEXT),
    )
    order.constant("shares_allocation", "")
    _common_attributes(order)
    order.field("auction_strategy", COUNT_OR_ZERO)
    blocks.reference_prices(order)
    carry(
        order,
        ("display_size", OPTIONAL_INTEGER),
        ("block_order", BOOLEAN),
        ("sweep_to_fill", BOOLEAN),
        ("all_or_none", BOOLEAN),
        ("min_qty", MAX_INT_WHEN_UNSET),
        ("oca_type", COUNT_OR_ZERO),
        ("e_trade_only", BOOLEAN),
        ("firm_quote_only", BOOLEAN),
        ("nbbo_price_cap", OPTIONAL_DECIMAL),
        ("parent_id", INTEGER),
        ("trigger_method", COUNT_OR_ZERO),
    )
    if _volatility(order):
        blocks.delta_neutral_in_full(order)
    blocks.trailing(order)
    carry(
        order,
        ("basis_points", OPTIONAL_DECIMAL),
        ("basis_points_type", OPTIONAL_INTEGER),
    )
    contract.field("combo_legs_descrip", TEXT)
    blocks.combo(contract, order)
    blocks.scale(order)
    blocks.hedge(order)
    order.field("opt_out_smart_routing", BOOLEAN)
    _clearing_and_algorithm(contract, order)
    carry(order, ("solicited", BOOLEAN), ("what_if", BOOLEAN))
    _state(state)
    carry(order, ("randomize_size", BOOLEAN), ("randomize_price", BOOLEAN))
    blocks.peg_to_benchmark(order, order_type)
    blocks.conditions(order)
    _adjusted(order)
    _open_order_tail(order)


def _open_order_tail(order: Transfer) -> None:
    carry(
        order,
        ("soft_dollar_tier", _TIER),
        ("cash_qty", OPTIONAL_DECIMAL),
        ("dont_use_auto_price_for_hedge", BOOLEAN),
        ("is_oms_container", BOOLEAN),
        ("discretionary_up_to_limit_price", BOOLEAN),
        ("use_price_mgmt_algo", OPTIONAL_BOOLEAN),
    )
    if order.version >= DURATION:
        order.field("duration", MAX_INT_WHEN_UNSET)
    if order.version >= POST_TO_ATS:
        order.field("post_to_ats", MAX_INT_WHEN_UNSET)
    if order.version >= AUTO_CANCEL_PARENT:
        order.field("auto_cancel_parent", BOOLEAN)
    if order.version >= PEG_BEST_PEG_MID_OFFSETS:
        blocks.peg_best_peg_mid(order)


def _completed_order(contract: Transfer, order: Transfer, state: Transfer) -> None:
    carry(contract, *ORDER_REPLY_FIELDS)
    order_type = blocks.terms(order)
    carry(
        order,
        ("perm_id", INTEGER),
        ("outside_rth", BOOLEAN),
        ("hidden", BOOLEAN),
        ("discretionary_amt", NUMBER_OR_ZERO),
        ("good_after_time", TEXT),
    )
    _common_attributes(order)
    blocks.reference_prices(order)
    carry(
        order,
        ("display_size", OPTIONAL_INTEGER),
        ("sweep_to_fill", BOOLEAN),
        ("all_or_none", BOOLEAN),
        ("min_qty", MAX_INT_WHEN_UNSET),
        ("oca_type", COUNT_OR_ZERO),
        ("trigger_method", COUNT_OR_ZERO),
    )
    if _volatility(order):
        blocks.delta_neutral_in_short(order)
    blocks.trailing(order)
    contract.field("combo_legs_descrip", TEXT)
    blocks.combo(contract, order)
    blocks.scale(order)
    blocks.hedge(order)
    _clearing_and_algorithm(contract, order)
    order.field("solicited", BOOLEAN)
    state.field("status", TEXT)
    carry(order, ("randomize_size", BOOLEAN), ("randomize_price", BOOLEAN))
    blocks.peg_to_benchmark(order, order_type)
    blocks.conditions(order)
    carry(
        order,
        ("trail_stop_price", MAX_WHEN_UNSET),
        ("lmt_price_offset", MAX_WHEN_UNSET),
        ("cash_qty", OPTIONAL_DECIMAL),
        ("dont_use_auto_price_for_hedge", BOOLEAN),
        ("is_oms_container", BOOLEAN),
        ("auto_cancel_date", TEXT),
        ("filled_quantity", OPTIONAL_DECIMAL),
        ("ref_futures_con_id", COUNT_OR_ZERO),
        ("auto_cancel_parent", BOOLEAN),
        ("shareholder", TEXT),
        ("imbalance_only", BOOLEAN),
        ("route_marketable_to_bbo", BOOLEAN),
        ("parent_perm_id", _PARENT_PERM_ID),
    )
    carry(state, ("completed_time", TEXT), ("completed_status", TEXT))
    if order.version >= PEG_BEST_PEG_MID_OFFSETS:
        blocks.peg_best_peg_mid(order)


def _common_attributes(order: Transfer) -> None:
    blocks.advisor(order)
    carry(
        order,
        ("good_till_date", TEXT),
        ("rule80_a", TEXT),
        ("percent_offset", OPTIONAL_DECIMAL),
        ("settling_firm", TEXT),
    )
    blocks.short_sale(order)


def _volatility(order: Transfer) -> bool:
    """Carry the volatility block; return whether the fields of a hedge follow."""
    carry(order, ("volatility", OPTIONAL_DECIMAL), ("volatility_type", OPTIONAL_INTEGER))
    follows = order.none_text("delta_neutral_order_type")
    order.field("delta_neutral_aux_price", OPTIONAL_DECIMAL)
    return follows


def _clearing_and_algorithm(contract: Transfer, order: Transfer) -> None:
    carry(
        order,
        ("clearing_account", TEXT),
        ("clearing_intent", TEXT),
        ("not_held", BOOLEAN),
    )
    blocks.delta_neutral_contract(contract)
    blocks.algorithm(order)


def _state(state: Transfer) -> None:
    state.field("status", TEXT)
    for name in _MARGINS:
        state.field(name, MAX_WHEN_UNSET)
    carry(
        state,
        ("commission", OPTIONAL_DECIMAL),
        ("min_commission", OPTIONAL_DECIMAL),
        ("max_commission", OPTIONAL_DECIMAL),
        ("commission_currency", TEXT),
        ("warning_text", TEXT),
    )


def _adjusted(order: Transfer) -> None:
    carry(
        order,
        ("adjusted_order_type", NONE_FOR_EMPTY),
        ("trigger_price", MAX_WHEN_UNSET),
        ("trail_stop_price", MAX_WHEN_UNSET),
        ("lmt_price_offset", MAX_WHEN_UNSET),
        ("adjusted_stop_price", MAX_WHEN_UNSET),
        ("adjusted_stop_limit_price", MAX_WHEN_UNSET),
        ("adjusted_trailing_amount", MAX_WHEN_UNSET),
        ("adjustable_trailing_unit", COUNT_OR_ZERO),
    )
