"""A scenario: everything a world is built from. The same scenario gives the same world."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from attrs import field, frozen, validators

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BadInput
from brokerport.domain.executions import utc
from brokerport.domain.money import usd
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.market.market import Market

TICK_SECONDS_MAX = 3600
DEFAULT_ACCOUNTS = (AccountSetup(BrokerAccount("DU1000001"), usd(100_000)),)


@frozen
class ReplaySettings:
    """Prices from a file of daily bars, beginning on ``from_date`` or on the file's first day."""

    path: Path = field(converter=Path)
    from_date: date | None = None


MarketChoice: TypeAlias = Literal["synthetic"] | ReplaySettings | Market


def _accounts(value: tuple[AccountSetup, ...]) -> tuple[AccountSetup, ...]:
    accounts = tuple(value)
    ids = [setup.account_id.account_id for setup in accounts]
    if not ids or len(set(ids)) != len(ids):
        raise BadInput("scenario.accounts", ids, "at least one account, each with its own id")
    return accounts


def _starts_at(value: datetime | None) -> datetime | None:
    return None if value is None else utc(value)


def _check_tick_seconds(_scenario: object, _attribute: object, value: int) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 1 <= value <= TICK_SECONDS_MAX:
        raise BadInput(
            "scenario.tick_seconds", value, f"a whole number of seconds, 1 to {TICK_SECONDS_MAX}"
        )


@frozen
class Scenario:
    """What a world is built from.

    ``starts_at`` is aware UTC; None means the opening of the market's first day: Monday 2026-01-05
    at 9:30 New York, or of the first day replayed. ``tick_seconds`` (1 to 3600) is how often quotes
    change while the session is open. ``market`` is ``"synthetic"``, a ``ReplaySettings`` or a
    market of your own, such as a ``ScriptedMarket``.
    """

    seed: int = field(default=0, validator=validators.instance_of(int))
    accounts: tuple[AccountSetup, ...] = field(default=DEFAULT_ACCOUNTS, converter=_accounts)
    starts_at: datetime | None = field(default=None, converter=_starts_at)
    tick_seconds: int = field(default=1, validator=_check_tick_seconds)
    market: MarketChoice = "synthetic"
