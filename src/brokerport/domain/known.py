"""A value that was true at a moment, for when nothing newer can be had."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

from attrs import field, frozen

from brokerport.domain.executions import utc

Value = TypeVar("Value")


@frozen
class Known(Generic[Value]):
    """``value`` as it was at ``as_of`` (UTC); it may be another by now."""

    value: Value
    as_of: datetime = field(converter=utc)
