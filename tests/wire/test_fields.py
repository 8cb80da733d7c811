"""Reading and writing single fields: unset, malformed, plain numbers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.simulator.wire.tws.errors import (
    LocalViolation,
    MalformedField,
    MalformedMessage,
    RemoteViolation,
)
from brokerport.simulator.wire.tws.fields import (
    FieldReader,
    FieldWriter,
    decode_fields,
    format_decimal,
    split_payload,
)
from brokerport.simulator.wire.tws.kinds import ESCAPED_TEXT
from tests.wire.wire_strategies import examples

Read = Callable[[FieldReader, str], Any]

MAX_DOUBLES = [
    "1.7976931348623157E308",
    "1.7976931348623157e+308",
    "1.79769313486232E+308",
]
MAX_INTEGERS = ["2147483647", "9223372036854775807", "-9223372036854775808"]
UNSET_QUANTITY = "170141183460469231731687303715884105727"


def read(reading: Read, text: str) -> Any:
    """Read one field of one message."""
    return reading(FieldReader("Message", [text]), "field")


@pytest.mark.parametrize(
    ("reading", "text", "value"),
    [
        (FieldReader.integer, "", 0),
        (FieldReader.integer, "-7", -7),
        (FieldReader.integer, "+7", 7),
        (FieldReader.integer, "2147483647", 2147483647),
        (FieldReader.decimal, "", 0),
        (FieldReader.decimal, "100.0", 100),
        (FieldReader.decimal, "1e-05", Decimal("0.00001")),
        (FieldReader.decimal, ".5", Decimal("0.5")),
        (FieldReader.decimal, "5.", 5),
        (FieldReader.boolean, "", False),
        (FieldReader.boolean, "0", False),
        (FieldReader.boolean, "1", True),
        (FieldReader.boolean, "2", True),
        (FieldReader.boolean, "true", True),
        (FieldReader.boolean, "False", False),
        (FieldReader.optional_boolean, "", None),
        (FieldReader.optional_boolean, "2147483647", None),
        (FieldReader.optional_boolean, "0", False),
        (FieldReader.optional_boolean, "1", True),
        (FieldReader.optional_integer, "0", 0),
        (FieldReader.optional_decimal, "0.0", 0),
        (FieldReader.optional_decimal, "-0.05", Decimal("-0.05")),
        (FieldReader.offset_or_infinity, "Infinity", Decimal("Infinity")),
        (FieldReader.offset_or_infinity, "Infinite", Decimal("Infinity")),
        (FieldReader.offset_or_infinity, "0.02", Decimal("0.02")),
        (FieldReader.offset_or_infinity, "1.7976931348623157e+308", None),
        (FieldReader.text, "  two spaces", "  two spaces"),
    ],
)
def test_a_field_is_read(reading: Read, text: str, value: object) -> None:
    """Numbers, flags and texts in all spellings that clients use."""
    assert read(reading, text) == value


@pytest.mark.parametrize("text", ["", *MAX_INTEGERS])
def test_an_optional_integer_is_unset(text: str) -> None:
    """The empty text and the integer sentinels mean unset."""
    assert read(FieldReader.optional_integer, text) is None


@pytest.mark.parametrize(
    "text", ["", *MAX_INTEGERS, *MAX_DOUBLES, "Infinity", "Infinite", "inf", UNSET_QUANTITY]
)
def test_an_optional_number_is_unset(text: str) -> None:
    """The empty text, the sentinels of all clients and infinities mean unset."""
    assert read(FieldReader.optional_decimal, text) is None


@pytest.mark.parametrize(
    ("reading", "text"),
    [
        (FieldReader.integer, "1.0"),
        (FieldReader.integer, "1_000"),
        (FieldReader.integer, " 1"),
        (FieldReader.integer, "\u0661"),
        (FieldReader.integer, "9" * 20),
        (FieldReader.integer, "abc"),
        (FieldReader.optional_integer, "None"),
        (FieldReader.decimal, "NaN"),
        (FieldReader.decimal, "1,5"),
        (FieldReader.decimal, "1_0"),
        (FieldReader.decimal, "Infinity"),
        (FieldReader.decimal, "1.7976931348623157E308"),
        (FieldReader.decimal, "1e9999"),
        (FieldReader.decimal, "1e-9999"),
        (FieldReader.decimal, "9" * 1000),
        (FieldReader.optional_decimal, "nan"),
        (FieldReader.optional_decimal, "1e-9999"),
        (FieldReader.boolean, "yes"),
        (FieldReader.boolean, "1.0"),
        (FieldReader.count, "-1"),
        (FieldReader.count, "1"),
    ],
)
def test_a_malformed_field_is_the_peers_fault(reading: Read, text: str) -> None:
    """What is no number is refused, naming the message, the field and the text."""
    with pytest.raises(MalformedField) as caught:
        read(reading, text)
    assert (caught.value.message, caught.value.field.split()[0]) == ("Message", "field")
    assert caught.value.text == text
    assert isinstance(caught.value, RemoteViolation)
    assert "Message.field: expected" in str(caught.value)


def test_a_missing_field_is_named() -> None:
    """A message that ends early says before which field."""
    reader = FieldReader("Message", [])
    with pytest.raises(MalformedMessage, match="Message: ends after 0 fields, before price"):
        reader.decimal("price")


def test_fields_left_over_are_refused() -> None:
    """Fields that nobody reads mean that the layouts disagree."""
    reader = FieldReader("Message", ["1", "2"])
    reader.integer("first")
    with pytest.raises(MalformedMessage, match="1 fields too many"):
        reader.finish()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("100", "100"),
        ("100.0", "100"),
        ("100.00", "100"),
        ("1E+2", "100"),
        ("0.10", "0.1"),
        ("1E-8", "0.00000001"),
        ("-0", "0"),
        ("0.000", "0"),
        ("-2.50", "-2.5"),
        ("1000000", "1000000"),
    ],
)
def test_a_number_is_written_plainly(value: str, text: str) -> None:
    """No exponent, no trailing zeros, no negative zero."""
    assert format_decimal(Decimal(value)) == text


@examples(100)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15))
def test_a_number_survives(value: Decimal) -> None:
    """Every number of a sensible size is read as it was written."""
    writer = FieldWriter("Message")
    try:
        writer.decimal("field", value)
    except LocalViolation:
        assert abs(value.adjusted()) > 330
        return
    text = writer.payload()[:-1].decode()
    assert "e" not in text.lower()
    if len(text) <= 400:
        assert read(FieldReader.decimal, text) == value


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1E+400", "1E-400"])
def test_a_number_that_cannot_travel_is_our_fault(value: str) -> None:
    """What is no plain number never reaches the wire."""
    with pytest.raises(LocalViolation, match=r"Message\.field"):
        FieldWriter("Message").decimal("field", Decimal(value))


def test_a_text_with_nul_is_our_fault() -> None:
    """NUL would end the field early and shift every field behind it."""
    with pytest.raises(LocalViolation, match=r"Message\.field"):
        FieldWriter("Message").text("field", "a\0b")


def test_a_text_that_is_not_unicode_is_our_fault() -> None:
    """Half a surrogate pair cannot be encoded."""
    writer = FieldWriter("Message")
    writer.text("field", "\ud800")
    with pytest.raises(LocalViolation, match="not Unicode"):
        writer.payload()


def test_an_integer_beyond_64_bits_is_our_fault() -> None:
    """No peer could read it."""
    with pytest.raises(LocalViolation, match="64 bits"):
        FieldWriter("Message").integer("field", 2**63)


@pytest.mark.parametrize("payload", [b"", b"71", b"71\0 2", b"\0", b"abc\0", b"-1\0", b"1.5\0"])
def test_bytes_that_are_no_message_are_refused(payload: bytes) -> None:
    """A message begins with its id and ends with NUL."""
    with pytest.raises(RemoteViolation):
        split_payload(payload)


def test_fields_that_are_not_utf8_are_refused() -> None:
    """A field is never altered in silence by replacing bytes."""
    with pytest.raises(MalformedMessage, match="not UTF-8"):
        decode_fields("Message", [b"\xff"])


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        ("plain", "plain"),
        ("caf\\xe9", "café"),
        ("\\u20ac", "€"),
        ("\\U0001f600", "😀"),
        ("\\ud83d\\ude00", "😀"),
        ("a\\\\b", "a\\b"),
        ("\\q", "\\q"),
        ("\\ud800", "\\ud800"),
        ("\\x00", "\\x00"),
        ("C:\\\\x41", "C:\\x41"),
    ],
)
def test_an_escaped_text_is_read(wire: str, text: str) -> None:
    """Escapes of Python and of Java are undone; what is no escape stays."""
    assert ESCAPED_TEXT.read(FieldReader("Message", [wire]), "field", 178) == text
