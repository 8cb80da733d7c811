"""IBKR's pacing limits for both of its APIs: one table, as data; the adapters keep to it.

Sources: TWS API, "Limitations" and "Historical Data Limitations"; IBKR Web API, "Pacing
Limitations".

Rules:

- A limit counts the requests of one connection (TWS: one socket client; Client Portal: the address
  of a gateway, or the username with OAuth), or only those that are identical.
- ``seconds`` 0 means so many at one time.
- A name stands in the table once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType

from attrs import frozen


class Api(Enum):
    """The API a limit belongs to."""

    TWS = "TWS"
    CLIENT_PORTAL = "Client Portal"


class Counted(Enum):
    """Which requests count together."""

    ALL = "all of one connection"
    OF_KIND = "those of the kind"
    IDENTICAL = "those of the kind that ask the same"


@frozen
class Limit:
    """At most ``requests`` in any ``seconds``; 0 seconds is at most ``requests`` at one time."""

    requests: int
    seconds: float


@frozen
class PacingLimit:
    """One row: which requests, and how many.

    ``messages`` are the TWS message ids it is about; ``method`` (several with ``|`` between) and
    ``path``, below ``/v1/api``, the Client Portal requests. A row that counts all has neither.
    """

    name: str
    api: Api
    limit: Limit
    counted: Counted = Counted.OF_KIND
    messages: frozenset[str] = frozenset()
    method: str = ""
    path: re.Pattern[str] | None = None


def limit_table(rows: Iterable[PacingLimit]) -> Mapping[str, PacingLimit]:
    """Index limits by name.

    Raises:
        ValueError: a name stands there twice.
    """
    table: dict[str, PacingLimit] = {}
    for row in rows:
        if row.name in table:
            raise ValueError(f"the limit {row.name!r} stands in the table twice")
        table[row.name] = row
    return MappingProxyType(table)


# reqHistoricalData, reqHistoricalTicks
_HISTORY = frozenset({"20", "96"})


def _tws(
    name: str,
    requests: int,
    seconds: float,
    counted: Counted = Counted.OF_KIND,
    messages: frozenset[str] = _HISTORY,
) -> PacingLimit:
    return PacingLimit(name, Api.TWS, Limit(requests, seconds), counted, messages)


def _portal(name: str, method: str, path: str, requests: int, seconds: float) -> PacingLimit:
    return PacingLimit(
        name,
        Api.CLIENT_PORTAL,
        Limit(requests, seconds),
        method=method,
        path=re.compile(path + r"\Z"),
    )


def _portal_in_all(name: str, requests: int) -> PacingLimit:
    return PacingLimit(name, Api.CLIENT_PORTAL, Limit(requests, 1.0), Counted.ALL)


LIMITS = limit_table(
    (
        _tws("messages", 50, 1.0, Counted.ALL, frozenset()),
        _tws("historical data", 60, 600.0),
        _tws("identical historical data", 1, 15.0, Counted.IDENTICAL),
        _portal_in_all("gateway", 10),
        _portal_in_all("username", 50),
        _portal("orders", "GET", "/iserver/account/orders", 1, 5.0),
        _portal("trades", "GET", "/iserver/account/trades", 1, 5.0),
        _portal("pnl", "GET", "/iserver/account/pnl/partitioned", 1, 5.0),
        _portal("portfolio accounts", "GET", "/portfolio/accounts", 1, 5.0),
        _portal("portfolio subaccounts", "GET", "/portfolio/subaccounts2?", 1, 5.0),
        _portal("tickle", "GET|POST", "/tickle", 1, 1.0),
        _portal("fyi", "GET|POST|PUT|DELETE", "/fyi/.*", 1, 1.0),
        _portal("scanner run", "POST", "/iserver/scanner/run", 1, 1.0),
        _portal("scanner params", "GET", "/iserver/scanner/params", 1, 900.0),
        _portal("pa performance", "POST", "/pa/performance", 1, 900.0),
        _portal("pa summary", "POST", "/pa/summary", 1, 900.0),
        _portal("pa transactions", "POST", "/pa/transactions", 1, 900.0),
        _portal("snapshot", "GET", "/iserver/marketdata/snapshot", 10, 1.0),
        _portal("history", "GET", "/iserver/marketdata/history", 5, 0.0),
        _portal("sso validate", "GET", "/sso/validate", 1, 60.0),
    )
)
