"""Single values of settings: from what TOML or the environment gives to what a setting holds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from brokerport.config.client_portal import PortalMode, PortalPacing
from brokerport.config.session import WhileAway
from brokerport.config.tws_codes import OrderMeaning, Scope, Verdict
from brokerport.domain.accounts import Role
from brokerport.domain.errors import BadInput
from brokerport.domain.money import exact_decimal

_WHOLE_NUMBER = re.compile(r" *[+-]?[0-9]+ *\Z")


class NotAllowed(ValueError):
    """A raw value that no setting can be made of; the text says what is allowed."""


def _to_bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false", "1", "0", "yes", "no"}:
        return value.lower() in {"true", "1", "yes"}
    raise NotAllowed("true or false")


def _to_int(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE_NUMBER.match(value):
        return int(value)
    raise NotAllowed("a whole number")


def _to_float(value: object) -> float:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
            if math.isfinite(number):
                return number
    raise NotAllowed("a finite number")


def _to_decimal(value: object) -> Decimal:
    # TOML has no decimal numbers; its shortest text is what the file's author wrote.
    text = str(value) if isinstance(value, int | float | str) else ""
    try:
        return exact_decimal("" if isinstance(value, bool) else text)
    except BadInput:
        raise NotAllowed("a finite decimal number") from None


def _to_str(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise NotAllowed("a text in quotation marks, not empty")
    return value


def _to_date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise NotAllowed("a date like 2026-01-05")


def _to_datetime(value: object) -> datetime:
    moment = value if isinstance(value, datetime) else None
    if isinstance(value, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
    if moment is None or moment.tzinfo is None:
        raise NotAllowed("a time with its offset from UTC, like 2026-01-05T14:30:00Z")
    return moment.astimezone(UTC)


def _to_names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    if isinstance(value, list | tuple) and all(isinstance(name, str) and name for name in value):
        return tuple(value)
    raise NotAllowed("a list of texts, or in a variable one text with commas")


def _one_of(kind: type[Enum]) -> Callable[[object], object]:
    def read(value: object) -> object:
        for member in kind:
            if value in (member, member.value):
                return member
        raise NotAllowed(f"one of {', '.join(str(member.value) for member in kind)}")

    return read


READERS: dict[Any, Callable[[object], object]] = {
    bool: _to_bool,
    int: _to_int,
    float: _to_float,
    str: _to_str,
    Decimal: _to_decimal,
    Path: lambda value: Path(_to_str(value)),
    Role: _one_of(Role),
    PortalMode: _one_of(PortalMode),
    PortalPacing: _one_of(PortalPacing),
    WhileAway: _one_of(WhileAway),
    Scope: _one_of(Scope),
    Verdict: _one_of(Verdict),
    OrderMeaning: _one_of(OrderMeaning),
    tuple[str, ...]: _to_names,
    date: _to_date,
    datetime: _to_datetime,
}
