"""The tables of message ids."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import frozen
from ibapi.message import IN, OUT

from brokerport.simulator.wire.tws import messages as m
from brokerport.simulator.wire.tws.codec import (
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)
from brokerport.simulator.wire.tws.errors import LocalViolation
from brokerport.simulator.wire.tws.reply_table import REPLIES
from brokerport.simulator.wire.tws.request_table import REQUESTS, UNKNOWN_REQUEST_ID_POSITIONS
from brokerport.simulator.wire.tws.table import CodecTable, derived


@frozen
class Left:
    """A message."""

    request_id: int


@frozen
class Right:
    """Another message."""

    request_id: int


def test_a_message_id_cannot_be_claimed_twice() -> None:
    """Two codecs for one id would make decoding depend on their order."""
    with pytest.raises(ValueError, match="message id 1 belongs to Left and Right"):
        CodecTable([derived(1, Left), derived(1, Right)])


def test_a_class_cannot_have_two_ids() -> None:
    """Two ids for one class would make encoding depend on their order."""
    with pytest.raises(ValueError, match="Left has two message ids"):
        CodecTable([derived(1, Left), derived(2, Left)])


def test_a_type_without_wire_form_is_refused() -> None:
    """A field that cannot travel is found when the table is built."""

    @frozen
    class Wrong:
        request_id: float

    with pytest.raises(TypeError, match=r"Wrong\.request_id"):
        derived(1, Wrong)


def test_the_ids_are_those_of_the_official_client() -> None:
    """Every id of the tables exists on the official client's side."""
    # 52 and 53, fundamental data, are gone from the newest official client.
    requests = {codec.message_id for codec in REQUESTS.codecs} | set(UNKNOWN_REQUEST_ID_POSITIONS)
    assert requests - {52, 53} <= {int(number) for number in OUT}
    assert {codec.message_id for codec in REPLIES.codecs} <= {int(number) for number in IN}
    known = {codec.message_id for codec in REQUESTS.codecs}
    assert known.isdisjoint(UNKNOWN_REQUEST_ID_POSITIONS)


def test_an_unknown_request_is_kept_whole() -> None:
    """A request without a class keeps its fields and can be sent on."""
    payload = b"22\x0031\x00a\x00\x00"
    request = decode_request(payload, 178)
    assert request == m.UnknownRequest(22, 31, ("31", "a", ""))
    assert encode_request(request, 178) == payload


@pytest.mark.parametrize(
    ("payload", "request_id"),
    [
        (b"999\x005\x00", None),
        (b"22\x00", None),
        (b"22\x00x\x00", None),
        (b"22\x00-1\x00", -1),
        (b"22\x0012345678901\x00", None),
    ],
)
def test_the_request_id_of_an_unknown_request_is_a_guess(
    payload: bytes, request_id: int | None
) -> None:
    """No id is better than a wrong one."""
    assert decode_request(payload, 178).request_id == request_id


def test_an_unknown_reply_is_kept_whole() -> None:
    """A reply without a class keeps its fields and can be sent on."""
    payload = b"14\x001\x002\x00text\x00"
    reply = decode_reply(payload, 178)
    assert reply == m.UnknownReply(14, ("1", "2", "text"))
    assert encode_reply(reply, 178) == payload


def test_a_message_of_the_other_direction_is_our_fault() -> None:
    """A server cannot send a request, nor a client a reply."""
    with pytest.raises(LocalViolation, match="PositionEnd is not a message of this direction"):
        encode_request(m.PositionEnd(), 178)
    with pytest.raises(LocalViolation, match="ReqPositions is not a message of this direction"):
        encode_reply(m.ReqPositions(), 178)


@pytest.mark.parametrize("version", [0, 156, 179])
def test_a_version_we_do_not_speak_is_our_fault(version: int) -> None:
    """No layout is guessed for a version outside 157 to 178."""
    with pytest.raises(LocalViolation, match="157 to 178"):
        encode_reply(m.PositionEnd(), version)
    with pytest.raises(LocalViolation, match="157 to 178"):
        decode_request(b"61\x001\x00", version)


def test_a_tick_by_tick_trade_must_be_of_a_trade_type() -> None:
    """Types 3 and 4 have other layouts, so a trade cannot claim them."""
    with pytest.raises(LocalViolation, match="must be 1"):
        encode_reply(m.TickByTickLast(1, 3, 0, Decimal(1), Decimal(1)), 178)


def test_a_bar_must_have_a_date() -> None:
    """ib_async fails on an empty date."""
    one = Decimal(1)
    bar = m.HistoricalBar("", one, one, one, one, one, one, 1)
    with pytest.raises(LocalViolation, match=r"bars\[0\]\.date"):
        encode_reply(m.HistoricalData(1, "", "", (bar,)), 178)
