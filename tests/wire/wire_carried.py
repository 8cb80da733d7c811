"""What of a message survives the wire at a version, said without looking at the codec."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import attrs
from attrs import evolve

from brokerport.simulator.wire.tws.markers import ContractForm, Since
from brokerport.simulator.wire.tws.messages import (
    ComboLeg,
    CompletedOrder,
    ContractData,
    OpenOrder,
    PlaceOrder,
    ReqHistoricalData,
    ReqMktData,
    WireContract,
    WireContractDetails,
    WireOrder,
    WireOrderState,
)

_TWELVE = [
    "con_id",
    "symbol",
    "sec_type",
    "last_trade_date_or_contract_month",
    "strike",
    "right",
    "multiplier",
    "exchange",
    "primary_exchange",
    "currency",
    "local_symbol",
    "trading_class",
]
_ELEVEN = [name for name in _TWELVE if name != "primary_exchange"]
_FORM_FIELDS: dict[ContractForm, list[str]] = {
    ContractForm.REQUEST: _TWELVE,
    ContractForm.REQUEST_EXPIRED: [*_TWELVE, "include_expired"],
    ContractForm.DETAILS: [*_TWELVE, "include_expired", "sec_id_type", "sec_id", "issuer_id"],
    ContractForm.REPLY: _ELEVEN,
    ContractForm.PORTFOLIO: [name for name in _TWELVE if name != "exchange"],
    ContractForm.MARKET_DATA: [*_TWELVE, "combo_legs", "delta_neutral_contract"],
}
_NO_ORDER_STATE = WireOrderState()


def carried(message: Any, version: int) -> Any:
    """Return the message as the other end must see it: what does not travel is at its default."""
    match message:
        case PlaceOrder():
            return evolve(
                message,
                contract=_order_contract(
                    message.contract, [*_TWELVE, "sec_id_type", "sec_id"], in_request=True
                ),
                order=_placed(message, version),
            )
        case OpenOrder() | CompletedOrder():
            return _reported(message, version)
        case ContractData():
            return evolve(message, contract_details=_details_carried(message, version))
        case ReqHistoricalData():
            return evolve(
                message,
                contract=_with_data_legs(
                    message.contract, [*_TWELVE, "include_expired", "combo_legs"]
                ),
            )
        case ReqMktData():
            return evolve(
                message,
                contract=_with_data_legs(message.contract, _FORM_FIELDS[ContractForm.MARKET_DATA]),
            )
    return _derived_carried(message, version)


def keep(value: Any, names: list[str] | set[str]) -> Any:
    """Return a value whose fields outside `names` are at their defaults."""
    defaults = type(value)()
    dropped = {a.name for a in attrs.fields(type(value))} - set(names)
    return evolve(value, **{name: getattr(defaults, name) for name in dropped})


def _derived_carried(value: Any, version: int) -> Any:
    hints = get_type_hints(type(value), include_extras=True)
    changes: dict[str, Any] = {}
    for attribute in attrs.fields(type(value)):
        field = getattr(value, attribute.name)
        hint = hints[attribute.name]
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        if any(isinstance(mark, Since) and version < mark.version for mark in marks):
            changes[attribute.name] = attribute.default
        elif isinstance(field, WireContract):
            form = next(mark for mark in marks if isinstance(mark, ContractForm))
            names = _FORM_FIELDS[form]
            if form is ContractForm.DETAILS and version < 176:
                names = [name for name in names if name != "issuer_id"]
            changes[attribute.name] = keep(field, names)
        elif isinstance(field, tuple):
            changes[attribute.name] = tuple(
                _derived_carried(item, version) if attrs.has(type(item)) else item for item in field
            )
        elif attrs.has(type(field)):
            changes[attribute.name] = _derived_carried(field, version)
    return evolve(value, **changes)


def _with_data_legs(contract: WireContract, names: list[str]) -> WireContract:
    legs = tuple(
        ComboLeg(leg.con_id, leg.ratio, leg.action, leg.exchange) for leg in contract.combo_legs
    )
    kept: WireContract = evolve(keep(contract, names), combo_legs=legs)
    return kept if contract.sec_type == "BAG" else evolve(kept, combo_legs=())


def _order_contract(contract: WireContract, names: list[str], *, in_request: bool) -> Any:
    kept = keep(contract, [*names, "combo_legs", "delta_neutral_contract"])
    if in_request and contract.sec_type != "BAG":
        kept = evolve(kept, combo_legs=())
    return kept


_DELTA_NEUTRAL = {
    "delta_neutral_con_id",
    "delta_neutral_settling_firm",
    "delta_neutral_clearing_account",
    "delta_neutral_clearing_intent",
    "delta_neutral_open_close",
    "delta_neutral_short_sale",
    "delta_neutral_short_sale_slot",
    "delta_neutral_designated_location",
}
_DELTA_NEUTRAL_SHORT = {
    "delta_neutral_con_id",
    "delta_neutral_short_sale",
    "delta_neutral_short_sale_slot",
    "delta_neutral_designated_location",
}
_SCALE = {
    "scale_price_adjust_value",
    "scale_price_adjust_interval",
    "scale_profit_offset",
    "scale_auto_reset",
    "scale_init_position",
    "scale_init_fill_qty",
    "scale_random_percent",
}
_PEG_BENCH = {
    "reference_contract_id",
    "is_pegged_change_amount_decrease",
    "pegged_change_amount",
    "reference_change_amount",
    "reference_exchange_id",
}
_PEG_TAIL = {
    "min_trade_qty",
    "min_compete_size",
    "compete_against_best_offset",
    "mid_offset_at_whole",
    "mid_offset_at_half",
}
_ONLY_COMPLETED = {
    "auto_cancel_date",
    "filled_quantity",
    "ref_futures_con_id",
    "shareholder",
    "imbalance_only",
    "route_marketable_to_bbo",
    "parent_perm_id",
}
_NOT_IN_PLACE_ORDER = {
    "client_id",
    "perm_id",
    "basis_points",
    "basis_points_type",
} | _ONLY_COMPLETED
_NOT_IN_OPEN_ORDER = {
    "transmit",
    "override_percentage_constraints",
    "scale_table",
    "active_start_time",
    "active_stop_time",
    "algo_id",
    "order_misc_options",
    "ext_operator",
    "mifid2_decision_maker",
    "mifid2_decision_algo",
    "mifid2_execution_trader",
    "mifid2_execution_algo",
    "advanced_error_override",
    "manual_order_time",
} | _ONLY_COMPLETED
_NOT_IN_COMPLETED_ORDER = (
    (_NOT_IN_OPEN_ORDER - _ONLY_COMPLETED)
    | {
        "client_id",
        "auction_strategy",
        "block_order",
        "e_trade_only",
        "firm_quote_only",
        "nbbo_price_cap",
        "parent_id",
        "basis_points",
        "basis_points_type",
        "opt_out_smart_routing",
        "what_if",
        "adjusted_order_type",
        "trigger_price",
        "adjusted_stop_price",
        "adjusted_stop_limit_price",
        "adjusted_trailing_amount",
        "adjustable_trailing_unit",
        "soft_dollar_tier",
        "discretionary_up_to_limit_price",
        "use_price_mgmt_algo",
        "duration",
        "post_to_ats",
    }
    | (_DELTA_NEUTRAL - _DELTA_NEUTRAL_SHORT)
)


def _all_names() -> set[str]:
    return {a.name for a in attrs.fields(WireOrder)}


def _blocks_dropped(order: WireOrder, version: int) -> set[str]:
    """Name what no message about orders carries, given the order and the version."""
    dropped: set[str] = set()
    if not (order.scale_price_increment is not None and order.scale_price_increment > 0):
        dropped |= _SCALE
    if not order.hedge_type:
        dropped |= {"hedge_param"}
    if not order.algo_strategy:
        dropped |= {"algo_params"}
    if not order.conditions:
        dropped |= {"conditions_ignore_rth", "conditions_cancel_order"}
    if order.order_type not in {"PEG BENCH", "PEGBENCH"}:
        dropped |= _PEG_BENCH
    if version >= 177:
        dropped |= {"fa_profile"}
    return dropped


def _placed(message: PlaceOrder, version: int) -> WireOrder:
    order = message.order
    dropped = _NOT_IN_PLACE_ORDER | _blocks_dropped(order, version)
    if message.contract.sec_type != "BAG":
        dropped |= {"order_combo_legs", "smart_combo_routing_params"}
    if not order.delta_neutral_order_type:
        dropped |= _DELTA_NEUTRAL
    since = {
        "duration": 158,
        "post_to_ats": 160,
        "auto_cancel_parent": 162,
        "advanced_error_override": 166,
        "manual_order_time": 169,
    }
    dropped |= {name for name, first in since.items() if version < first}
    dropped |= _PEG_TAIL - _peg_tail_placed(message, version)
    tier = evolve(order.soft_dollar_tier, display_name="")
    return evolve(_without(order, dropped), soft_dollar_tier=tier)


def _peg_tail_placed(message: PlaceOrder, version: int) -> set[str]:
    if version < 170:
        return set()
    order, sent = message.order, set()
    mids = {"mid_offset_at_whole", "mid_offset_at_half"}
    if message.contract.exchange == "IBKRATS":
        sent |= {"min_trade_qty"}
    if order.order_type in {"PEG BEST", "PEGBEST"}:
        sent |= {"min_compete_size", "compete_against_best_offset"}
        if order.compete_against_best_offset == Decimal("Infinity"):
            sent |= mids
    if order.order_type in {"PEG MID", "PEGMID"}:
        sent |= mids
    return sent


def _reported(message: OpenOrder | CompletedOrder, version: int) -> Any:
    order = message.order
    is_open = isinstance(message, OpenOrder)
    dropped = _blocks_dropped(order, version)
    dropped |= _NOT_IN_OPEN_ORDER if is_open else _NOT_IN_COMPLETED_ORDER
    if version < 170:
        dropped |= _PEG_TAIL
    if is_open:
        since = {"duration": 158, "post_to_ats": 160, "auto_cancel_parent": 162}
        dropped |= {name for name, first in since.items() if version < first}
    state = message.order_state
    if is_open:
        state = evolve(state, completed_time="", completed_status="")
    else:
        state = keep(state, ["status", "completed_time", "completed_status"])
    return evolve(
        message,
        contract=_order_contract(
            message.contract, [*_ELEVEN, "combo_legs_descrip"], in_request=False
        ),
        order=_without(order, dropped),
        order_state=state,
    )


def _without(order: WireOrder, dropped: set[str]) -> WireOrder:
    kept: WireOrder = keep(order, _all_names() - dropped)
    return kept


def _details_carried(message: ContractData, version: int) -> WireContractDetails:
    details = message.contract_details
    contract = keep(details.contract, _TWELVE)
    kept = evolve(details, contract=contract)
    if not contract.last_trade_date_or_contract_month:
        kept = evolve(kept, last_trade_time="")
    if version < 164:
        kept = evolve(kept, min_size=None, suggested_size_increment=None)
        if version != 163:
            kept = evolve(kept, size_increment=None)
    return kept
