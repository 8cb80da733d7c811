"""An account's row of GET /iserver/account/pnl/partitioned and of the ``spl`` topic.

``dpl`` is the profit since the last close, ``nl`` what the account is worth, ``upl`` the unrealised
profit, ``el`` the excess liquidity (the topic calls it ``uel``), ``mv`` what the positions are
worth, stocks and options, negative when short. There is no realised profit in it.
"""

from __future__ import annotations

from typing import Any

from brokerport.domain.money import to_cents
from brokerport.simulator.gateways.client_portal.translate.account_figures import AccountFigures


def partition(figures: AccountFigures) -> dict[str, dict[str, Any]]:
    """Return an account's row as the REST endpoint names it."""
    return _partition(figures, "el")


def partition_message(figures: AccountFigures) -> dict[str, dict[str, Any]]:
    """Return an account's row as the topic names it."""
    return _partition(figures, "uel")


def _partition(figures: AccountFigures, excess_liquidity: str) -> dict[str, dict[str, Any]]:
    row: dict[str, Any] = {
        "rowType": 1,
        "dpl": figures.daily,
        "nl": figures.net_liquidation,
        "upl": figures.unrealised,
        excess_liquidity: figures.excess_liquidity,
        "mv": to_cents(figures.stock_value + figures.option_value),
    }
    return {f"{figures.account.account_id}.Core": row}
