"""Reading and writing the text fields of one message.

Rules:
- A payload is UTF-8 text: fields, each terminated by NUL, the message id first.
- Clients write an empty text for zero and for False, even for conId and whatIf. So in a required
  field the empty text reads as 0 or False.
- In an optional field these mean unset and read as None:
    integer   "", 2147483647, 9223372036854775807, -9223372036854775808
    decimal   the same, 1.7976931348623157E308 (either case, with or without "+"), "Infinity",
              "Infinite" (ib_async), "inf", and 2**127-1 (the official Python client's unset)
    boolean   "", 2147483647
  A required integer keeps 2147483647: it may be an id. A required decimal refuses infinities
  and anything from 1.7976931348623157E308 up.
- A count is never negative and never larger than the number of fields that are left.
- A decimal is written plainly: no exponent, no trailing zeros, "100" never "100.0". Clients at
  version 157 read sizes, volumes and counts as integers.
Source: shared reference page "TWS API wire protocol", section 4; ib_async client.py `send`;
official utils.py `decode`.
"""

from __future__ import annotations

import re
from decimal import Decimal

from brokerport.simulator.wire.tws.errors import (
    LocalViolation,
    MalformedField,
    MalformedMessage,
    RemoteViolation,
)

MAX_INT_TEXT = "2147483647"
MAX_LONG_TEXT = "9223372036854775807"
MAX_DOUBLE_TEXT = "1.7976931348623157E308"

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_MESSAGE_ID_LENGTH_MAX = 9
_DECIMAL_LENGTH_MAX = 400
_EXPONENT_MAX = 330
_UNSET_INTEGERS = frozenset({"", MAX_INT_TEXT, MAX_LONG_TEXT, "-9223372036854775808"})
_UNSET_DECIMALS = _UNSET_INTEGERS | {str(2**127 - 1)}
_INFINITIES = frozenset({"infinity", "infinite", "inf"})
_UNSET_FROM = Decimal("1.7976931348623157E308")


def format_decimal(value: Decimal) -> str:
    """Write a number without exponent or trailing zeros; raises LocalViolation unless finite."""
    if not value.is_finite():
        raise LocalViolation(f"cannot send {value} as a number")
    if not value:
        return "0"
    if abs(value.adjusted()) > _EXPONENT_MAX:
        raise LocalViolation(f"cannot send {value} as a number: more than {_EXPONENT_MAX} digits")
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class FieldReader:
    """The fields of one received message, read once from left to right.

    Every method takes the field's name, for errors. Raises MalformedField for a field that cannot
    be read and MalformedMessage when fields are missing or left over.
    """

    def __init__(self, message: str, fields: list[str]) -> None:
        self.message = message
        self._fields = fields
        self._position = 0

    @property
    def remaining_count(self) -> int:
        """How many fields have not been read yet."""
        return len(self._fields) - self._position

    def text(self, name: str) -> str:
        """Read one field as it stands."""
        if self._position >= len(self._fields):
            raise MalformedMessage(
                self.message, f"ends after {len(self._fields)} fields, before {name}"
            )
        text = self._fields[self._position]
        self._position += 1
        return text

    def integer(self, name: str) -> int:
        """Read a required integer; the empty text is 0."""
        text = self.text(name)
        return 0 if text == "" else self._to_integer(name, text)

    def optional_integer(self, name: str) -> int | None:
        """Read an integer that may be unset."""
        text = self.text(name)
        return None if text in _UNSET_INTEGERS else self._to_integer(name, text)

    def count(self, name: str) -> int:
        """Read how many items follow; the empty text is 0."""
        count = self.integer(name)
        if not 0 <= count <= self.remaining_count:
            raise MalformedField(
                self.message, name, str(count), f"a count of 0 to {self.remaining_count}"
            )
        return count

    def decimal(self, name: str) -> Decimal:
        """Read a required number; the empty text is 0."""
        text = self.text(name)
        return Decimal(0) if text == "" else self._to_decimal(name, text)

    def optional_decimal(self, name: str, unset: str = "") -> Decimal | None:
        """Read a number that may be unset; `unset` is one more text that means so here."""
        text = self.text(name)
        if text in _UNSET_DECIMALS or text == unset or text.lower() in _INFINITIES:
            return None
        value = self._parse_decimal(name, text)
        if abs(value) >= _UNSET_FROM or (unset and value == Decimal(unset)):
            return None
        return value

    def offset_or_infinity(self, name: str) -> Decimal | None:
        """Read an offset in which infinity has a meaning of its own ("up to the midpoint")."""
        text = self.text(name)
        if text.lower() in _INFINITIES:
            return Decimal("Infinity")
        if text in _UNSET_DECIMALS:
            return None
        value = self._parse_decimal(name, text)
        return None if abs(value) >= _UNSET_FROM else value

    def boolean(self, name: str) -> bool:
        """Read a flag: empty, 0 or false; 1, any other integer or true."""
        text = self.text(name)
        if text == "" or text.lower() == "false":
            return False
        if text.lower() == "true":
            return True
        return self._to_integer(name, text, "a flag (0 or 1)") != 0

    def optional_boolean(self, name: str) -> bool | None:
        """Read a flag that may be unset."""
        if self._position < len(self._fields) and self._fields[self._position] in _UNSET_INTEGERS:
            self._position += 1
            return None
        return self.boolean(name)

    def finish(self) -> None:
        """Check that every field has been read."""
        if self.remaining_count:
            raise MalformedMessage(
                self.message,
                f"{self.remaining_count} fields too many (it has {len(self._fields)})",
            )

    def _to_integer(self, name: str, text: str, allowed: str = "an integer") -> int:
        if not _INTEGER.fullmatch(text):
            raise MalformedField(self.message, name, text, allowed)
        return int(text)

    def _to_decimal(self, name: str, text: str) -> Decimal:
        value = self._parse_decimal(name, text)
        if abs(value) >= _UNSET_FROM:
            raise MalformedField(self.message, name, text, "a number that is set")
        return value

    def _parse_decimal(self, name: str, text: str) -> Decimal:
        if len(text) > _DECIMAL_LENGTH_MAX or not _DECIMAL.fullmatch(text):
            raise MalformedField(self.message, name, text, "a number")
        value = Decimal(text)
        if not value:
            return Decimal(0)
        if abs(value.adjusted()) > _EXPONENT_MAX:
            raise MalformedField(self.message, name, text, "a number of a sensible size")
        return value


class FieldWriter:
    """Collects the fields of one message to send, from left to right.

    Every method takes the field's name, for errors, and raises LocalViolation for a value that
    the protocol cannot carry.
    """

    def __init__(self, message: str) -> None:
        self.message = message
        self._fields: list[str] = []

    def text(self, name: str, value: str) -> None:
        """Write a text; it may not contain NUL, which ends a field."""
        if "\0" in value:
            raise LocalViolation(f"{self.message}.{name}: a text cannot contain NUL: {value!r}")
        self._fields.append(value)

    def integer(self, name: str, value: int) -> None:
        """Write an integer."""
        if not -(2**63) <= value < 2**63:
            raise LocalViolation(f"{self.message}.{name}: {value} does not fit in 64 bits")
        self._fields.append(str(int(value)))

    def optional_integer(self, name: str, value: int | None, unset: str = "") -> None:
        """Write an integer, or the text that means unset."""
        if value is None:
            self._fields.append(unset)
        else:
            self.integer(name, value)

    def decimal(self, name: str, value: Decimal) -> None:
        """Write a number plainly."""
        try:
            self._fields.append(format_decimal(value))
        except LocalViolation as violation:
            raise LocalViolation(f"{self.message}.{name}: {violation}") from None

    def optional_decimal(self, name: str, value: Decimal | None, unset: str = "") -> None:
        """Write a number, or the text that means unset."""
        if value is None:
            self._fields.append(unset)
        else:
            self.decimal(name, value)

    def offset_or_infinity(self, name: str, value: Decimal | None) -> None:
        """Write an offset in which infinity has a meaning of its own."""
        if value is not None and value.is_infinite() and value > 0:
            self._fields.append("Infinity")
        else:
            self.optional_decimal(name, value)

    def boolean(self, name: str, value: bool) -> None:
        """Write a flag as 1 or 0."""
        self._fields.append("1" if value else "0")

    def optional_boolean(self, name: str, value: bool | None) -> None:
        """Write a flag, or the empty text for unset."""
        self._fields.append("" if value is None else "1" if value else "0")

    def payload(self) -> bytes:
        """Return the message as bytes, without its length."""
        text = "\0".join((*self._fields, ""))
        try:
            return text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise LocalViolation(f"{self.message}: text that is not Unicode: {error}") from None


def split_payload(payload: bytes) -> tuple[int, list[bytes]]:
    """Split a payload into its message id and the other fields.

    Raises RemoteViolation if it is no message: no NUL at the end, or no number at the start.
    """
    if not payload.endswith(b"\0"):
        raise RemoteViolation(f"a message must end with NUL, got {payload[-20:]!r}")
    first, *fields = payload[:-1].split(b"\0")
    if not first.isdigit() or len(first) > _MESSAGE_ID_LENGTH_MAX:
        raise RemoteViolation(f"a message must begin with its id, got {first[:20]!r}")
    return int(first), fields


def decode_fields(message: str, fields: list[bytes]) -> list[str]:
    """Decode the fields of one message; raises MalformedMessage unless they are UTF-8."""
    if not fields:
        return []
    try:
        # In one piece: NUL is no part of any longer UTF-8 sequence.
        return b"\0".join(fields).decode("utf-8").split("\0")
    except UnicodeDecodeError as error:
        raise MalformedMessage(message, f"not UTF-8 text: {error}") from None
