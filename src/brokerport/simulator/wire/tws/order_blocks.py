"""Blocks of fields that placeOrder, openOrder and completedOrder have in common.

Each function carries one block for both directions (see `two_way`). Rule: a block whose presence
depends on the order is decided by the same field for sender and receiver, as clients do it.
Source: ib_async client.py `placeOrder`, decoder.py `openOrder` and `completedOrder`; official
client.py, orderdecoder.py. Blocks that IBKR clients send for 0 or unset alike read as unset.
"""

from __future__ import annotations

from decimal import Decimal

from brokerport.simulator.wire.tws.condition_kinds import Condition
from brokerport.simulator.wire.tws.contract_kinds import ORDER_LEGS
from brokerport.simulator.wire.tws.fields import MAX_DOUBLE_TEXT, MAX_INT_TEXT
from brokerport.simulator.wire.tws.kinds import (
    BOOLEAN,
    DELTA_NEUTRAL_CONTRACT,
    INTEGER,
    OFFSET_OR_INFINITY,
    OPTIONAL_DECIMAL,
    OPTIONAL_INTEGER,
    TAG_VALUES,
    TEXT,
    Counted,
    Defaulted,
    OptionalDecimal,
    OptionalInteger,
)
from brokerport.simulator.wire.tws.two_way import Transfer, carry
from brokerport.simulator.wire.tws.versions import FA_PROFILE_DROPPED

PEG_BENCH = frozenset({"PEG BENCH", "PEGBENCH"})
PEG_BEST = frozenset({"PEG BEST", "PEGBEST"})
PEG_MID = frozenset({"PEG MID", "PEGMID"})

NUMBER_OR_ZERO = Defaulted(OPTIONAL_DECIMAL, Decimal(0))
"""A number that clients send as unset or as zero alike."""
COUNT_OR_ZERO = Defaulted(OPTIONAL_INTEGER, 0)
"""An integer that is not an id and that clients send as unset or as zero alike."""
EXEMPT_CODE = Defaulted(OPTIONAL_INTEGER, -1)

MAX_WHEN_UNSET = OptionalDecimal(MAX_DOUBLE_TEXT)
"""A price that the official client reads as 0 when it is empty, so unset needs the sentinel."""
MAX_INT_WHEN_UNSET = OptionalInteger(MAX_INT_TEXT)


def terms(order: Transfer) -> str:
    """Carry what is traded and how, from the action to the reference; return the order type."""
    carry(order, ("action", TEXT), ("total_quantity", OPTIONAL_DECIMAL))
    order_type: str = order.field("order_type", TEXT)
    carry(
        order,
        ("lmt_price", OPTIONAL_DECIMAL),
        ("aux_price", OPTIONAL_DECIMAL),
        ("tif", TEXT),
        ("oca_group", TEXT),
        ("account", TEXT),
        ("open_close", TEXT),
        ("origin", COUNT_OR_ZERO),
        ("order_ref", TEXT),
    )
    return order_type


def advisor(order: Transfer) -> None:
    """Carry the financial advisor's allocation and the model."""
    carry(order, ("fa_group", TEXT), ("fa_method", TEXT), ("fa_percentage", TEXT))
    if order.version < FA_PROFILE_DROPPED:
        order.field("fa_profile", TEXT)
    order.field("model_code", TEXT)


def short_sale(order: Transfer) -> None:
    """Carry where the shares for a short sale come from."""
    carry(
        order,
        ("short_sale_slot", COUNT_OR_ZERO),
        ("designated_location", TEXT),
        ("exempt_code", EXEMPT_CODE),
    )


def reference_prices(order: Transfer) -> None:
    """Carry the prices of BOX, pegged-to-stock and volatility orders."""
    carry(
        order,
        ("starting_price", OPTIONAL_DECIMAL),
        ("stock_ref_price", OPTIONAL_DECIMAL),
        ("delta", OPTIONAL_DECIMAL),
        ("stock_range_lower", OPTIONAL_DECIMAL),
        ("stock_range_upper", OPTIONAL_DECIMAL),
    )


def delta_neutral_in_full(order: Transfer) -> None:
    """Carry the eight fields of a delta-neutral hedge."""
    carry(
        order,
        ("delta_neutral_con_id", INTEGER),
        ("delta_neutral_settling_firm", TEXT),
        ("delta_neutral_clearing_account", TEXT),
        ("delta_neutral_clearing_intent", TEXT),
        ("delta_neutral_open_close", TEXT),
        ("delta_neutral_short_sale", BOOLEAN),
        ("delta_neutral_short_sale_slot", COUNT_OR_ZERO),
        ("delta_neutral_designated_location", TEXT),
    )


def delta_neutral_in_short(order: Transfer) -> None:
    """Carry the four fields of a delta-neutral hedge that completedOrder has."""
    carry(
        order,
        ("delta_neutral_con_id", INTEGER),
        ("delta_neutral_short_sale", BOOLEAN),
        ("delta_neutral_short_sale_slot", COUNT_OR_ZERO),
        ("delta_neutral_designated_location", TEXT),
    )


def trailing(order: Transfer) -> None:
    """Carry the fields of volatility and trailing orders that follow the hedge."""
    carry(
        order,
        ("continuous_update", BOOLEAN),
        ("reference_price_type", OPTIONAL_INTEGER),
        ("trail_stop_price", OPTIONAL_DECIMAL),
        ("trailing_percent", OPTIONAL_DECIMAL),
    )


def leg_prices_and_routing(order: Transfer) -> None:
    """Carry the price per leg and the smart routing of a combo."""
    order.field("order_combo_legs", Counted(OPTIONAL_DECIMAL))
    order.field("smart_combo_routing_params", TAG_VALUES)


def combo(contract: Transfer, order: Transfer) -> None:
    """Carry the legs, their prices and the routing of a combo."""
    contract.field("combo_legs", ORDER_LEGS)
    leg_prices_and_routing(order)


def scale(order: Transfer) -> None:
    """Carry a scale order; seven fields more when the price increment is above zero."""
    order.field("scale_init_level_size", MAX_INT_WHEN_UNSET)
    order.field("scale_subs_level_size", MAX_INT_WHEN_UNSET)
    increment = order.field("scale_price_increment", OPTIONAL_DECIMAL)
    if increment is not None and increment > 0:
        carry(
            order,
            ("scale_price_adjust_value", OPTIONAL_DECIMAL),
            ("scale_price_adjust_interval", OPTIONAL_INTEGER),
            ("scale_profit_offset", OPTIONAL_DECIMAL),
            ("scale_auto_reset", BOOLEAN),
            ("scale_init_position", OPTIONAL_INTEGER),
            ("scale_init_fill_qty", OPTIONAL_INTEGER),
            ("scale_random_percent", BOOLEAN),
        )


def hedge(order: Transfer) -> None:
    """Carry a hedge; its parameter only when there is one."""
    if order.field("hedge_type", TEXT):
        order.field("hedge_param", TEXT)


def delta_neutral_contract(contract: Transfer) -> None:
    """Carry the underlying of a delta-neutral combo, if there is one."""
    contract.field("delta_neutral_contract", DELTA_NEUTRAL_CONTRACT)


def algorithm(order: Transfer) -> None:
    """Carry an algorithm; its parameters only when there is one."""
    if order.field("algo_strategy", TEXT):
        order.field("algo_params", TAG_VALUES)


def peg_to_benchmark(order: Transfer, order_type: str) -> None:
    """Carry the benchmark of a PEG BENCH order."""
    if order_type in PEG_BENCH:
        carry(
            order,
            ("reference_contract_id", INTEGER),
            ("is_pegged_change_amount_decrease", BOOLEAN),
            ("pegged_change_amount", NUMBER_OR_ZERO),
            ("reference_change_amount", NUMBER_OR_ZERO),
            ("reference_exchange_id", TEXT),
        )


def conditions(order: Transfer) -> None:
    """Carry the conditions; the two flags only when there are some."""
    if order.field("conditions", Counted(Condition())):
        order.field("conditions_ignore_rth", BOOLEAN)
        order.field("conditions_cancel_order", BOOLEAN)


def peg_best_peg_mid(order: Transfer) -> None:
    """Carry the five fields that openOrder and completedOrder have from version 170 on."""
    carry(
        order,
        ("min_trade_qty", OPTIONAL_INTEGER),
        ("min_compete_size", OPTIONAL_INTEGER),
        ("compete_against_best_offset", OFFSET_OR_INFINITY),
        ("mid_offset_at_whole", OPTIONAL_DECIMAL),
        ("mid_offset_at_half", OPTIONAL_DECIMAL),
    )
