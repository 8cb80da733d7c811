"""Reading what clients send: every form that is seen in the wild, and anything else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerport.simulator.gateways.client_portal.stream.admission import Credentials
from brokerport.simulator.gateways.client_portal.stream.frame import (
    Frame,
    MalformedFrame,
    read_frame,
    read_session,
)
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.client_portal.stream.switchboard import Switchboard
from tests.client_portal.portal_desk import PortalDesk

FRAMES_AT_ONCE = 60
COMMANDS = [
    *("smd", "umd", "smh", "umh", "sor", "uor", "str", "utr", "spl", "upl", "ssd", "usd"),
    *("sld", "uld", "sbd", "ubd", "tic", "ech", "s", "u", ""),
]
TARGETS = ["265598", "265598@SMART", "DU1000001", "U1", "hb", "", " ", "٣", "-1", "9" * 30]
NAMES = ["fields", "filters", "keys", "days", "realtimeUpdatesOnly", "period", "bar", "format"]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
arguments = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), values, max_size=4)
heads = st.builds(
    lambda command, targets: "+".join([command, *targets]),
    st.sampled_from(COMMANDS) | st.text(max_size=4),
    st.lists(st.sampled_from(TARGETS), max_size=4),
)
frames = (
    heads
    | st.builds(lambda head, more: f"{head}+{json.dumps(more)}", heads, arguments)
    | st.builds(lambda head, tail: head + tail, heads, st.sampled_from(["+{", "{}", "+[]", "+{}}"]))
    | st.text()
)


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("tic", Frame("tic")),
        ("spl", Frame("spl")),
        ("sor+{}", Frame("sor")),
        ("utr", Frame("utr")),
        ("usd+DU1", Frame("usd", ("DU1",))),
        ("smd+1+{}", Frame("smd", ("1",))),
        ("s+md+1+{}", Frame("smd", ("1",))),
        ("smd+1@NYSE", Frame("smd", ("1@NYSE",))),
        (' smd + 1 + {"fields":["31"]} ', Frame("smd", ("1",), {"fields": ["31"]})),
        ('smd+1{"fields":["31"]}', Frame("smd", ("1",), {"fields": ["31"]})),
        ("sbd+DU1+1+NYSE", Frame("sbd", ("DU1", "1", "NYSE"))),
        ('str+{"a":"+{}+"}', Frame("str", (), {"a": "+{}+"})),
    ],
)
def test_frames_are_read_in_every_form(text: str, frame: Frame) -> None:
    """Arguments may be missing, and spaces and plus signs stand where they like."""
    assert read_frame(text) == frame


def test_an_answer_names_the_command_and_its_targets() -> None:
    """The topic of a frame leaves its arguments out."""
    assert read_frame('sbd+DU1+1+NYSE+{"a":1}').topic == "sbd+DU1+1+NYSE"


@pytest.mark.parametrize(
    ("text", "session"),
    [
        ('{"session": "abc"}', "abc"),
        (' {"session":"abc","more":1} ', "abc"),
        ('{"session": 7}', None),
        ('{"other": "abc"}', None),
        ("abc", None),
        ("{", None),
        ('["session"]', None),
    ],
)
def test_a_session_is_read_only_from_what_is_one(text: str, session: str | None) -> None:
    """Anything else is none, and no error either."""
    assert read_session(text) == session


@given(st.text() | frames)
def test_whatever_is_sent_is_read_or_malformed(text: str) -> None:
    """Nothing else is ever raised."""
    read_session(text)
    try:
        frame = read_frame(text)
    except MalformedFrame:
        return
    assert frame.command


@settings(max_examples=5, deadline=None)
@given(st.lists(frames, min_size=FRAMES_AT_ONCE, max_size=FRAMES_AT_ONCE))
def test_whatever_is_sent_is_answered_without_a_fault(texts: list[str]) -> None:
    """The gateway makes no mistake of its own, and afterwards still answers a tic."""
    with PortalDesk() as desk:

        async def story() -> list[dict[str, Any]]:
            board = Switchboard(desk.portal, asyncio.get_running_loop())
            subscriber = Subscriber(unread_messages_max=100_000)
            board.admit(subscriber, Credentials(desk.login.session_id))
            for text in texts:
                board.receive(subscriber, text)
                board.on_tick(desk.world.clock.now())
            board.receive(subscriber, "tic")
            subscriber.close()
            heard: list[dict[str, Any]] = []
            while (message := await subscriber.next_text()) is not None:
                heard.append(json.loads(message))
            board.stop()
            return heard

        heard = desk.run(story())
        assert heard[-1]["topic"] == "tic"
        assert "Internal Server Error" not in {message.get("error") for message in heard}
