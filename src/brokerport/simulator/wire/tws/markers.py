"""Marks on the type of a message's field that say how it travels, where the type alone does not.

A message class declares its fields in wire order. The plain types `int`, `Decimal`, `bool`,
`str`, their optional forms and `tuple[...]` (a count followed by the items) need no mark.
"""

from __future__ import annotations

import enum

from attrs import frozen


@frozen
class Since:
    """The field travels only from this protocol version on."""

    version: int


@frozen
class UnsetAs:
    """The text that stands for None on the wire, where the empty text would mislead a client."""

    text: str


class TextForm(enum.Enum):
    """How a text travels."""

    NON_EMPTY = "never empty: clients fail on an empty text here"
    ESCAPED = "non-ASCII characters and backslashes as Python/Java unicode escapes"


class ContractForm(enum.Enum):
    """Which fields of a contract travel, and in which order."""

    REQUEST = "twelve fields, with exchange and primaryExchange"
    REQUEST_EXPIRED = "the twelve, then includeExpired"
    MARKET_DATA = "the twelve, then the legs of a BAG, then the delta-neutral contract"
    DETAILS = "the twelve, then includeExpired, secIdType, secId and, from 176 on, issuerId"
    REPLY = "eleven fields, with exchange and no primaryExchange"
    PORTFOLIO = "eleven fields, with primaryExchange and no exchange"
