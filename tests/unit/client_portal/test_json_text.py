"""JSON numbers are exact, in both directions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from brokerport.adapters.client_portal.json_text import read_json, write_json


def test_what_is_written_is_json() -> None:
    """Every kind of value."""
    value = {"a": [1, True, None, 'é"\n'], "b": {"c": Decimal("1E+3")}, "d": Decimal("0.10")}
    assert write_json(value) == '{"a":[1,true,null,"\\u00e9\\"\\n"],"b":{"c":1000},"d":0.10}'


@pytest.mark.parametrize("value", [1.5, {"a": 0.1}, object(), b"x", {1: 2}, {"a": {1, 2}}])
def test_what_has_no_exact_form_is_refused(value: object) -> None:
    """A float is a rounded number already."""
    with pytest.raises(TypeError):
        write_json(value)


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_what_is_not_finite_is_refused(value: str) -> None:
    """It is no number of JSON."""
    with pytest.raises(ValueError, match="JSON"):
        write_json(Decimal(value))


def test_numbers_with_a_point_are_decimals() -> None:
    """Whole ones are ints, and NaN is nothing."""
    assert read_json('[0.1, 1, 1e2, NaN, "0.10"]') == [
        Decimal("0.1"),
        1,
        Decimal(100),
        None,
        "0.10",
    ]
    assert isinstance(read_json("0.1"), Decimal)


@pytest.mark.parametrize("text", ["", "{", "<html>", "[" * 100_000])
def test_what_is_no_json_is_an_error(text: str) -> None:
    """One kind of error for all."""
    with pytest.raises(ValueError):  # noqa: PT011 - json's own words
        read_json(text)
