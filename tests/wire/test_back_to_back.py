"""One codec joined with itself: what one end encodes, the other end decodes to the same value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.simulator.wire.tws.codec import (
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)
from tests.wire.wire_carried import carried
from tests.wire.wire_strategies import (
    ALL_VERSIONS,
    REPLY_CLASSES,
    REQUEST_CLASSES,
    VERSIONS,
    examples,
    of_class,
)

FEW = examples(15)


@pytest.mark.parametrize("cls", REQUEST_CLASSES, ids=lambda cls: cls.__name__)
@FEW
@given(data=st.data())
def test_a_request_survives_the_wire(cls: type, data: st.DataObject) -> None:
    """Every request arrives as it was sent, at the versions met and at any between."""
    message: Any = data.draw(of_class(cls))
    for version in (*VERSIONS, data.draw(st.sampled_from(ALL_VERSIONS))):
        arrived = decode_request(encode_request(message, version), version)
        assert arrived == carried(message, version), version


@pytest.mark.parametrize("cls", REPLY_CLASSES, ids=lambda cls: cls.__name__)
@FEW
@given(data=st.data())
def test_a_reply_survives_the_wire(cls: type, data: st.DataObject) -> None:
    """Every reply arrives as it was sent, at the versions met and at any between."""
    message: Any = data.draw(of_class(cls))
    for version in (*VERSIONS, data.draw(st.sampled_from(ALL_VERSIONS))):
        arrived = decode_reply(encode_reply(message, version), version)
        assert arrived == carried(message, version), version


@pytest.mark.parametrize("cls", REQUEST_CLASSES, ids=lambda cls: cls.__name__)
@examples(3)
@given(data=st.data())
def test_what_arrived_is_sent_on_unchanged(cls: type, data: st.DataObject) -> None:
    """A proxy that decodes and encodes a request changes no byte of it."""
    message: Any = data.draw(of_class(cls))
    for version in VERSIONS:
        payload = encode_request(message, version)
        assert encode_request(decode_request(payload, version), version) == payload
