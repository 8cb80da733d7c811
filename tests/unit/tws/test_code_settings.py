"""Users add codes to the table, in a settings file or in code, and replace one on purpose only."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.adapters.tws.codes import CODES
from brokerport.config import Settings, TwsSettings, settings_from
from brokerport.config.tws_codes import Code, OrderMeaning, Scope, Verdict
from brokerport.domain.errors import InvalidConfiguration, TemporarilyRefused
from brokerport.domain.reports import Rejected
from tests.unit.tws.sample_orders import ACCOUNT, OURS, ticket
from tests.unit.tws.virtual_tws import VirtualTws, connected, in_virtual_time, reports_on

HEAD = """
adapter = "tws"

[[accounts]]
name = "gen"
role = "GEN"
broker_account = "DU1000001"
"""

VENUE = """
[[tws.codes]]
number = 10999
meaning = "the venue is in maintenance"
scope = "order"
verdict = "final"
on_order = "entry_refused"
"""


def settings_of(text: str) -> Settings:
    """Read a settings file's text."""
    document: dict[str, Any] = tomllib.loads(HEAD + text)
    return settings_from(document)


def test_a_settings_file_adds_a_code() -> None:
    """It is read in the words of the table."""
    assert settings_of(VENUE).tws.codes == (
        Code(
            10999,
            "the venue is in maintenance",
            Scope.ORDER,
            Verdict.FINAL,
            OrderMeaning.ENTRY_REFUSED,
        ),
    )
    assert settings_of("").tws.codes == ()


def test_an_added_code_does_what_it_says() -> None:
    """To an order and to a read: without it both would be told something else."""
    busy = Code(10998, "the service is busy", Scope.REQUEST, Verdict.RETRYABLE)

    async def trade() -> None:
        async with VirtualTws() as tws:
            tws.answers["3"] = lambda fields: [(4, 2, fields[1], 10999, "maintenance", "")]
            tws.answers["7"] = lambda fields: [(4, 2, fields[2], 10998, "busy", "")]
            table = CODES.extended([busy, *settings_of(VENUE).tws.codes])
            adapter, heard = await connected(tws, codes=table)
            await adapter.orders.place(ticket())
            await adapter.session.broker_time()
            assert reports_on(heard, OURS) == [Rejected(OURS, "maintenance", 10999)]
            with pytest.raises(TemporarilyRefused, match="busy"):
                await adapter.orders.executions(ACCOUNT)
            await adapter.session.disconnect()

    in_virtual_time(trade)


def test_the_adapter_takes_the_codes_of_its_settings() -> None:
    """What it cannot take it refuses when it is built, before anything is connected."""
    TwsAdapter(settings_of(VENUE).tws)
    twice = TwsSettings(codes=(*settings_of(VENUE).tws.codes,) * 2)
    with pytest.raises(InvalidConfiguration, match=r"tws\.codes\[1\]\.number is 10999"):
        TwsAdapter(twice)


def test_a_code_is_replaced_where_it_says_so() -> None:
    """The table it was added to stays as it was."""
    softer = Code(354, "expected here", Scope.REQUEST, Verdict.NOTICE, replaces=True)
    table = CODES.extended([softer])
    assert table.read_error(354, "words") is None
    assert CODES.read_error(354, "words") is not None
    assert len(table) == len(CODES)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (Code(201, "x", Scope.ORDER, Verdict.FINAL), r"codes\[0\]\.replaces is False.*true.*201"),
        (
            Code(10999, "x", Scope.ORDER, Verdict.FINAL, replaces=True),
            r"codes\[0\]\.replaces is True.*no code 10999",
        ),
        (
            Code(1100, "x", Scope.SESSION, Verdict.NOTICE, replaces=True),
            r"codes\[0\]\.number is 1100",
        ),
        (Code(404, "x", Scope.ORDER, Verdict.FINAL, replaces=True), r"codes\[0\]\.number is 404"),
    ],
)
def test_a_code_that_cannot_be_added_is_named(code: Code, said: str) -> None:
    """Replacing is explicit, and what the session itself acts on cannot be replaced at all."""
    with pytest.raises(InvalidConfiguration, match=said):
        CODES.extended([code])


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ("number = 10999", "", "tws.codes[0].number is None, but must be given"),
        ("number = 10999", "number = 0", "tws.codes.number is 0, but must be 1 or more"),
        (
            "number = 10999",
            'number = "x"',
            "tws.codes[0].number is 'x', but must be a whole number",
        ),
        (
            'scope = "order"',
            'scope = "world"',
            "tws.codes[0].scope is 'world', but must be one of session, request, order",
        ),
        (
            'verdict = "final"',
            'verdict = "fatal"',
            "tws.codes[0].verdict is 'fatal', but must be one of notice, retryable, final, unknown",
        ),
        (
            'on_order = "entry_refused"',
            'on_order = "dead"',
            "tws.codes[0].on_order is 'dead', but must be one of refused, entry_refused",
        ),
        ('meaning = "the venue is in maintenance"', "meaning = 1", "tws.codes[0].meaning is 1"),
        ("number = 10999", "number = 10999\nkind = 1", "tws.codes[0].kind"),
        (
            'scope = "order"',
            'scope = "request"',
            "tws.codes.scope is 'request', but must be 'order', because code 10999 says",
        ),
        (
            'verdict = "final"',
            'verdict = "notice"',
            "tws.codes.on_order is 'entry_refused', but must be 'warning', because code 10999",
        ),
    ],
)
def test_a_bad_entry_is_named_by_its_field(line: str, instead: str, said: str) -> None:
    """With what came and what is allowed."""
    assert line in VENUE
    with pytest.raises(InvalidConfiguration) as caught:
        settings_of(VENUE.replace(line, instead))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("value", ['"201"', "1", '["201"]', "{ number = 1 }"])
def test_codes_are_tables(value: str) -> None:
    """Anything else is refused by name."""
    with pytest.raises(InvalidConfiguration, match=r"^tws\.codes(\[0\])? is"):
        settings_of(f"[tws]\ncodes = {value}\n")
