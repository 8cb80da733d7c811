"""Settings of reconciliation: how often, and what a difference does."""

from __future__ import annotations

from attrs import field, frozen

from brokerport.config import checks


@frozen
class ReconciliationSettings:
    """How the books are held against the broker's; times are in seconds.

    They are at every start and after every reconnect, and every ``every_seconds`` in between (0:
    not in between). A difference is believed when it has lasted ``settle_seconds``, because the
    broker's own figures do not move all at once. With ``quarantines`` an account with a difference
    that has no explanation is closed for opening orders until it is released.
    """

    SECTION = "reconciliation"

    every_seconds: float = field(default=900.0, validator=checks.not_negative)
    settle_seconds: float = field(default=5.0, validator=checks.not_negative)
    quarantines: bool = True
