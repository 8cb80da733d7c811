"""The doctor's advice on a session that does not open: each cause has its own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from brokerport.domain.errors import (
    BrokerportError,
    NotConnected,
    RequestTimedOut,
    SessionRefused,
)
from brokerport.services.doctor import Finding, Verdict, examine_session
from tests.support.examples import NOON, account_map
from tests.support.fake_adapter import FakeSession
from tests.support.trading_desk import StoppedClock, run


async def found(session: FakeSession) -> list[Finding]:
    """Return what the doctor says of a session."""
    return [item async for item in examine_session(session, account_map(), StoppedClock())]


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (SessionRefused("client id 1 is already in use (code 326)"), "tws.client_id"),
        (SessionRefused("nobody is logged in to Client Portal"), "log in to the Client Portal"),
        (SessionRefused("another program has the brokerage session"), "takes_over_session"),
        (SessionRefused("no"), "read the broker's words"),
        (NotConnected("the server's certificate is not the one expected"), "pin the gateway's"),
        (NotConnected("refused"), "start TWS"),
        (RequestTimedOut("no answer"), "a dialog that waits"),
    ],
)
def test_each_cause_has_its_own_advice(error: BrokerportError, advice: str) -> None:
    """The words of the error are kept, and what to do stands beside them."""
    session = FakeSession()
    session.connect_error = error
    (finding,) = run(found(session))
    assert (finding.verdict, finding.text) == (Verdict.WRONG, str(error))
    assert advice in finding.advice


@pytest.mark.parametrize(("seconds", "verdict"), [(4, Verdict.FINE), (-60, Verdict.NOTE)])
def test_the_clock_is_held_against_the_brokers(seconds: int, verdict: Verdict) -> None:
    """A few seconds are the line and whole seconds; a minute is a wrong clock."""
    session = FakeSession()
    session.now = NOON + timedelta(seconds=seconds)
    *_others, clock = run(found(session))
    assert (clock.subject, clock.verdict) == ("clock", verdict)
    assert not session.is_connected, "it is closed again"
