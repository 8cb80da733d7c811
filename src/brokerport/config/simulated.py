"""Settings of the simulated adapter's world."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from attrs import field, frozen

from brokerport.config import checks
from brokerport.domain.errors import InvalidConfiguration


@frozen
class SimulatedSettings:
    """The world that the ``simulated`` adapter trades in, inside this process.

    ``speed`` is how many simulated seconds pass in one; 0 leaves the clock to be stepped by hand.
    Quotes change every ``tick_seconds`` of simulated time.
    ``opening_cash`` is what each mapped account begins with, in US dollars.
    """

    SECTION = "simulated"

    seed: int = 1
    speed: float = field(default=1.0, validator=checks.not_negative)
    tick_seconds: int = field(default=1, validator=checks.positive)
    opening_cash: Decimal = field(default=Decimal(100_000), validator=checks.not_negative)
    starts_at: datetime | None = None
    replay: Path | None = None
    replay_from: date | None = None

    def __attrs_post_init__(self) -> None:
        if self.replay_from is not None and self.replay is None:
            raise InvalidConfiguration(
                "simulated.replay_from",
                self.replay_from.isoformat(),
                "left out unless simulated.replay names a file",
            )
