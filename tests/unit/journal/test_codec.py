"""The codec: every entry comes back as it was, and what is not understood is never guessed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given

from brokerport.adapters.journal.codec import ENTRY_KINDS, VARIANTS, EntryCodec
from brokerport.domain.errors import JournalDamaged
from brokerport.domain.journal import ExecutionRecorded, JournalEntry, OrderRecorded
from tests.support.examples import execution, submitted
from tests.support.journal_entries import entries, one_of_each
from tests.support.properties import PROPERTY

CODEC = EntryCodec()


def read(kind: str, **changes: object) -> JournalEntry:
    """Read back the example entry of a kind with some of its fields changed."""
    entry = next(entry for entry in one_of_each() if CODEC.encoded(entry)[0] == kind)
    document = json.loads(CODEC.encoded(entry)[1])
    return CODEC.decoded(kind, json.dumps({**document, **changes}))


@PROPERTY
@given(entry=entries)
def test_every_entry_comes_back_as_it_was(entry: JournalEntry) -> None:
    """Equal, of the same types, and every number with the same digits."""
    kind, text = CODEC.encoded(entry)
    assert text.isascii()
    assert "\x00" not in text
    back = CODEC.decoded(kind, text)
    assert repr(back) == repr(entry)
    assert back == entry


def test_every_kind_of_entry_has_a_name() -> None:
    """The table knows every kind there is, and the examples show each."""
    assert set(ENTRY_KINDS.values()) == set(get_args(JournalEntry))
    assert [CODEC.encoded(entry)[0] for entry in one_of_each()] == [
        "history",
        "baseline",
        "order",
        "report",
        "execution",
        "commission",
        "settlement",
        "quarantine",
        "release",
    ]


def test_names_never_change() -> None:
    """Files on disk carry them: a changed or missing name would make a journal unreadable."""
    assert sorted(ENTRY_KINDS) == [
        "baseline",
        "commission",
        "execution",
        "history",
        "order",
        "quarantine",
        "release",
        "report",
        "settlement",
    ]
    assert [sorted(kinds) for kinds in VARIANTS.values()] == [
        ["option", "stock"],
        ["limit", "market", "stop", "stop limit"],
        [
            "acknowledged",
            "cancel refused",
            "cancelled",
            "executed",
            "rejected",
            "replace refused",
            "replaced",
            "warned",
        ],
    ]


def test_a_text_of_the_first_version_is_read_for_ever() -> None:
    """What version 1 wrote of an order and of a fill, letter for letter."""
    fill = (
        '{"execution":{"execution_id":"e1","broker_account":{"account_id":"DU1000001"},'
        '"instrument":{"is":"stock","symbol":"AAPL","currency":"USD"},"side":"BUY",'
        '"quantity":"10","price":"190.00","executed_at":"2026-01-05T17:00:00+00:00",'
        '"order_reference":"gen.01JD2V8Y3W0000000000000001","perm_id":null}}'
    )
    assert CODEC.decoded("execution", fill) == ExecutionRecorded(execution())
    order = (
        '{"order":{"client_order_id":{"account":"gen","unique_part":"01JD2V8Y3W0000000000000001"},'
        '"request":{"account":"gen","instrument":{"is":"stock","symbol":"AAPL","currency":"USD"},'
        '"side":"BUY","quantity":"10","order_type":{"is":"limit","limit_price":"190.00"},'
        '"time_in_force":"DAY"},"quantity":"10","order_type":{"is":"limit","limit_price":"190.00"},'
        '"status":"pending submit","broker_order_id":null,"perm_id":null,"executions":[],'
        '"proposed":null,"reason":"","code":null,"warnings":[]}}'
    )
    assert CODEC.decoded("order", order) == OrderRecorded(submitted())


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("release", {"by": "me"}, "unknown by in an entry 'release': a newer brokerport"),
        ("report", {"report": {"is": "split"}}, "unknown kind 'split' in an entry 'report'"),
    ],
)
def test_what_a_newer_version_wrote_is_refused(
    kind: str, changes: dict[str, object], said: str
) -> None:
    """A field or a kind that nobody knows here may change the meaning of the rest."""
    with pytest.raises(JournalDamaged, match=said):
        read(kind, **changes)


def test_a_kind_of_entry_that_a_newer_version_wrote_is_refused() -> None:
    """The error says what to do."""
    with pytest.raises(JournalDamaged, match="'dividend': a newer brokerport wrote it; use that"):
        CODEC.decoded("dividend", "{}")


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("release", {"note": 7}),
        ("release", {"note": None}),
        ("quarantine", {"reasons": None}),
        ("settlement", {"quantity": 1.5}),
        ("settlement", {"quantity": "many"}),
        ("commission", {"commission": {"execution_id": "e1"}}),
        ("commission", {"commission": {"execution_id": "e1", "amount": {"amount": "NaN"}}}),
        ("baseline", {"at": "yesterday"}),
        ("baseline", {"at": "2026-01-05T12:00:00-05:00"}),
        ("report", {"report": {"client_order_id": "x"}}),
        ("report", {"report": []}),
        ("order", {"order": None}),
    ],
)
def test_a_value_that_does_not_fit_is_damage(kind: str, changes: dict[str, object]) -> None:
    """Nothing is converted, rounded or filled in."""
    with pytest.raises(JournalDamaged, match=f"an entry '{kind}' cannot be read"):
        read(kind, **changes)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"note"'])
def test_a_torn_text_is_damage(text: str) -> None:
    """Half of an entry is none."""
    with pytest.raises(JournalDamaged, match="an entry 'release' cannot be read"):
        CODEC.decoded("release", text)


def test_numbers_keep_their_digits() -> None:
    """190.00 does not become 190, nor does it pass through a float."""
    price = "0.1000000000000000055511151231257827"
    entry = ExecutionRecorded(execution(price=Decimal(price)))
    back = CODEC.decoded(*CODEC.encoded(entry))
    assert isinstance(back, ExecutionRecorded)
    assert str(back.execution.price) == price
