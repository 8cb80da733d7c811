"""Settings of the session: how it survives losses, restarts and silence."""

from __future__ import annotations

from enum import Enum

from attrs import Attribute, field, frozen

from brokerport.config import checks
from brokerport.domain.errors import InvalidConfiguration
from brokerport.domain.restart_times import restart_time


class WhileAway(Enum):
    """What becomes of an order that is placed while the broker is away."""

    REFUSE = "refuse"
    QUEUE = "queue"


def _restarts(_instance: object, attribute: Attribute[tuple[str, ...]], value: object) -> None:
    for text in value if isinstance(value, tuple) else (value,):
        try:
            restart_time(str(text))
        except ValueError:
            allowed = "a time like '23:45', or with its day 'sat 00:30'"
            raise InvalidConfiguration(f"session.{attribute.name}", text, allowed) from None


@frozen
class SessionSettings:
    """How the session survives; times are in seconds.

    With ``reconnects`` a lost session is opened again by itself, first after
    ``first_delay_seconds``, then at delays that double up to ``delay_seconds_max``, each shortened
    at random by up to a half so that many clients do not come back at once.

    The line is asked for the broker's time every ``heartbeat_seconds``; a line that does not answer
    twice in a row is dead, and is closed.

    ``restarts`` are the times at which TWS or the gateway restarts (New York): no order is placed
    within ``restart_gate_seconds`` before one. ``while_away`` says whether an order that is placed
    while the broker is away is refused, or waits up to ``queue_seconds_max``.
    """

    SECTION = "session"

    reconnects: bool = True
    first_delay_seconds: float = field(default=1.0, validator=checks.positive)
    delay_seconds_max: float = field(default=60.0, validator=checks.positive)
    heartbeat_seconds: float = field(default=30.0, validator=checks.positive)
    restarts: tuple[str, ...] = field(default=(), validator=_restarts)
    restart_gate_seconds: float = field(default=120.0, validator=checks.not_negative)
    while_away: WhileAway = WhileAway.REFUSE
    queue_seconds_max: float = field(default=300.0, validator=checks.positive)

    @property
    def queue_seconds(self) -> float | None:
        """How long an order may wait for the session, None when it is refused at once."""
        return self.queue_seconds_max if self.while_away is WhileAway.QUEUE else None
