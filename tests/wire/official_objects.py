"""Contracts of the official client that the tests send, and what we must read of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve
from ibapi import contract as ib
from ibapi.tag_value import TagValue

from brokerport.simulator.wire.tws import messages as m
from brokerport.simulator.wire.tws.codec import decode_request
from tests.wire import sample_values as samples
from tests.wire.foreign_clients import OfficialSender


def filled(value: Any, **fields: Any) -> Any:
    """Set attributes of an official object, refusing names that it does not have."""
    for name, field in fields.items():
        assert hasattr(value, name), name
        setattr(value, name, field)
    return value


STOCK = filled(
    ib.Contract(),
    conId=265598,
    symbol="AAPL",
    secType="STK",
    exchange="SMART",
    primaryExchange="NASDAQ",
    currency="USD",
    localSymbol="AAPL",
    tradingClass="NMS",
)
OPTION = filled(
    ib.Contract(),
    conId=700001,
    symbol="SPY",
    secType="OPT",
    lastTradeDateOrContractMonth="20261218",
    strike=412.5,
    right="P",
    multiplier="100",
    exchange="SMART",
    primaryExchange="CBOE",
    currency="USD",
    localSymbol="SPY   261218P00412500",
    tradingClass="SPY",
)
LEGS = [
    filled(ib.ComboLeg(), conId=700001, ratio=1, action="SELL", exchange="SMART", openClose=1),
    filled(
        ib.ComboLeg(),
        conId=700002,
        ratio=2,
        action="BUY",
        exchange="CBOE",
        shortSaleSlot=2,
        designatedLocation="PB",
        exemptCode=3,
    ),
]
SPREAD = filled(
    ib.Contract(), secType="BAG", symbol="SPY", exchange="SMART", currency="USD", comboLegs=LEGS
)
DATA_SPREAD = evolve(
    samples.SPREAD,
    combo_legs_descrip="",
    combo_legs=(
        m.ComboLeg(con_id=700001, ratio=1, action="SELL", exchange="SMART"),
        m.ComboLeg(con_id=700002, ratio=2, action="BUY", exchange="CBOE"),
    ),
)


def tag(name: str, value: str) -> TagValue:
    """Return an official tag and value."""
    return TagValue(name, value)


def sent(send: Callable[[Any], object], version: int) -> Any:
    """Return the one request that a call to the official client sends, as we decode it."""
    (payload,) = OfficialSender(version).payloads(send)
    return decode_request(payload, version)
