"""Clients that write the empty text, or a sentinel, where others write zero."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from brokerport.simulator.wire.tws import messages as m
from brokerport.simulator.wire.tws.codec import decode_request, encode_request
from tests.wire.sample_values import AAPL
from tests.wire.wire_strategies import VERSIONS

PLAIN = m.PlaceOrder(
    42,
    evolve(AAPL, con_id=0),
    m.WireOrder(
        action="BUY",
        total_quantity=Decimal(100),
        order_type="LMT",
        lmt_price=Decimal("150.25"),
        tif="DAY",
        use_price_mgmt_algo=False,
    ),
)

# Of reqContractDetails: message id, version, request id, conId, symbol, secType, expiry, strike.
STRIKE = 7
UNSET_NUMBERS = ["1.7976931348623157E308", "1.7976931348623157e+308", "2147483647", "Infinity"]


def fields_of(message: object, version: int) -> list[bytes]:
    """Return the fields of a request, the message id first."""
    return encode_request(message, version)[:-1].split(b"\0")


def payload_of(fields: list[bytes]) -> bytes:
    """Return fields as a payload."""
    return b"\0".join(fields) + b"\0"


@pytest.mark.parametrize("version", VERSIONS)
def test_zero_and_false_may_be_empty(version: int) -> None:
    """An order reads the same when every 0, conId and whatIf among them, is an empty text."""
    fields = fields_of(PLAIN, version)
    terse = [b"" if field == b"0" else field for field in fields]
    assert terse.count(b"") > fields.count(b"") + 30
    unset_flag = evolve(PLAIN, order=evolve(PLAIN.order, use_price_mgmt_algo=None))
    assert decode_request(payload_of(terse), version) == unset_flag


@pytest.mark.parametrize("text", UNSET_NUMBERS)
def test_a_price_may_be_unset_by_a_sentinel(text: str) -> None:
    """A market order's price reads as unset in every spelling."""
    market = evolve(PLAIN, order=evolve(PLAIN.order, order_type="MKT", lmt_price=None))
    fields = fields_of(market, 178)
    price = fields.index(b"MKT") + 1
    assert fields[price] == b""
    fields[price] = text.encode()
    assert decode_request(payload_of(fields), 178) == market


@pytest.mark.parametrize("text", ["", "2147483647", "-1"])
def test_an_exempt_code_that_is_unset_is_minus_one(text: str) -> None:
    """-1 is what the official client means by no exempt code; 0 is a code."""
    fields = fields_of(PLAIN, 178)
    fields[fields.index(b"-1")] = text.encode()
    assert decode_request(payload_of(fields), 178).order.exempt_code == -1


@pytest.mark.parametrize("text", ["", "?", "0"])
def test_a_right_that_is_none_is_empty(text: str) -> None:
    """Clients send back the right that a server once wrote for a stock."""
    fields = fields_of(m.ReqContractDetails(1, AAPL), 178)
    assert fields[STRIKE : STRIKE + 2] == [b"0", b""]
    fields[STRIKE + 1] = text.encode()
    assert decode_request(payload_of(fields), 178).contract == AAPL


@pytest.mark.parametrize("text", ["", "0", "0.0", "1.7976931348623157e+308"])
def test_a_strike_of_zero_is_unset(text: str) -> None:
    """ib_async writes 0.0 for no strike, the official client writes nothing."""
    fields = fields_of(m.ReqContractDetails(1, AAPL), 178)
    fields[STRIKE] = text.encode()
    assert decode_request(payload_of(fields), 178).contract.strike is None
