"""Contracts of ib_async that the tests send, and what we must read of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve
from ib_async import contract as ib

from brokerport.simulator.wire.tws import messages as m
from brokerport.simulator.wire.tws.codec import decode_request
from tests.wire import sample_values as samples
from tests.wire.foreign_clients import IbAsyncSender

STOCK = ib.Stock("AAPL", "SMART", "USD", conId=265598, localSymbol="AAPL", tradingClass="NMS")
STOCK.primaryExchange = "NASDAQ"
OPTION = ib.Option("SPY", "20261218", 412.5, "P", "SMART", "100", "USD", conId=700001)
OPTION.primaryExchange, OPTION.tradingClass = "CBOE", "SPY"
OPTION.localSymbol = "SPY   261218P00412500"
SPREAD = ib.Contract(
    secType="BAG",
    symbol="SPY",
    exchange="SMART",
    currency="USD",
    comboLegs=[
        ib.ComboLeg(700001, 1, "SELL", "SMART", 1, 0, "", -1),
        ib.ComboLeg(700002, 2, "BUY", "CBOE", 0, 2, "PB", 3),
    ],
)
DATA_LEGS = (
    m.ComboLeg(con_id=700001, ratio=1, action="SELL", exchange="SMART"),
    m.ComboLeg(con_id=700002, ratio=2, action="BUY", exchange="CBOE"),
)
WIRE_SPREAD = evolve(samples.SPREAD, combo_legs_descrip="")
DATA_SPREAD = evolve(WIRE_SPREAD, combo_legs=DATA_LEGS)


def sent(send: Callable[[Any], object], version: int) -> Any:
    """Return the one request that a call to ib_async sends, as we decode it."""
    (payload,) = IbAsyncSender(version).payloads(send)
    return decode_request(payload, version)
