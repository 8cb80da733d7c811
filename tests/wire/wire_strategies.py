"""Hypothesis strategies that fill every field of every message."""

from __future__ import annotations

import types
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import attrs
from hypothesis import settings
from hypothesis import strategies as st

from brokerport.simulator.wire.tws.markers import TextForm
from brokerport.simulator.wire.tws.messages import (
    TickByTickLast,
    WireContract,
    WireContractDetails,
    WireOrder,
)
from brokerport.simulator.wire.tws.reply_table import REPLIES
from brokerport.simulator.wire.tws.request_table import REQUESTS

VERSIONS = (157, 176, 177, 178)
ALL_VERSIONS = tuple(range(157, 179))

REQUEST_CLASSES = [cls for codec in REQUESTS.codecs for cls in codec.classes]
REPLY_CLASSES = [cls for codec in REPLIES.codecs for cls in codec.classes]

ORDER_TYPES = ["LMT", "MKT", "STP", "VOL", "PEG BENCH", "PEGBENCH", "PEG BEST", "PEG MID", "PEGMID"]

integers = st.integers(-(2**31) + 1, 2**31 - 2)
positive_decimals = st.decimals(
    min_value=Decimal("0.000001"), max_value=Decimal("999999999"), places=6
)
decimals = st.decimals(
    min_value=Decimal("-999999999"), max_value=Decimal("999999999"), places=6
).filter(lambda value: value not in {Decimal(-1), Decimal(-2)})
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
# These literals stand for "nothing" where they travel.
plain_texts = texts.filter(lambda text: text not in {"None", "?", "0"})


def examples(count: int) -> settings:
    """Return settings for a property: the same examples in every run, however slow the machine."""
    return settings(max_examples=count, deadline=None, derandomize=True, database=None)


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for one field's type."""
    marks: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        marks = tuple(rest)
    if TextForm.NON_EMPTY in marks:
        return texts.filter(bool)
    if hint is int:
        return integers
    if hint is Decimal:
        return decimals
    if hint is bool:
        return st.booleans()
    if hint is str:
        return plain_texts
    arguments = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of(
            *(st.none() if part is type(None) else of_type(part) for part in arguments)
        )
    if get_origin(hint) is tuple:
        return st.lists(of_type(arguments[0]), max_size=3).map(tuple)
    return of_class(hint)


@cache
def of_class(cls: type) -> st.SearchStrategy[Any]:
    """Return a strategy that fills every field of a class."""
    if cls in _SPECIAL:
        special: st.SearchStrategy[Any] = _SPECIAL[cls]()
        return special
    hints = get_type_hints(cls, include_extras=True)
    fields = {a.name: of_type(hints[a.name]) for a in attrs.fields(cls)}
    return st.builds(cls, **fields)


def _filled(cls: type, **overrides: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls, include_extras=True)
    fields = {
        a.name: overrides[a.name] if a.name in overrides else of_type(hints[a.name])
        for a in attrs.fields(cls)
    }
    return st.builds(cls, **fields)


def _contracts() -> st.SearchStrategy[Any]:
    return _filled(
        WireContract,
        sec_type=st.sampled_from(["STK", "OPT", "BAG"]),
        strike=st.none() | positive_decimals,
        right=st.sampled_from(["", "C", "P"]),
        exchange=st.sampled_from(["", "SMART", "IBKRATS"]),
        last_trade_date_or_contract_month=st.sampled_from(["", "202612", "20261218"]),
    )


def _orders() -> st.SearchStrategy[Any]:
    offsets = st.none() | decimals | st.just(Decimal("Infinity"))
    return _filled(
        WireOrder,
        order_type=st.sampled_from(ORDER_TYPES),
        compete_against_best_offset=offsets,
    )


def _details() -> st.SearchStrategy[Any]:
    return _filled(
        WireContractDetails,
        last_trade_time=st.sampled_from(["", "16:00", "16:00:00"]),
        time_zone_id=st.sampled_from(["", "US/Eastern", "EST5EDT"]),
    )


def _last_ticks() -> st.SearchStrategy[Any]:
    return _filled(TickByTickLast, tick_type=st.sampled_from([1, 2]))


_SPECIAL: dict[type, Any] = {
    WireContract: _contracts,
    WireOrder: _orders,
    WireContractDetails: _details,
    TickByTickLast: _last_ticks,
}
