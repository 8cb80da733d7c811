"""Account value endpoints: an account's summary, its ledger, and what its value is made of.

``allocation`` counts every holding at its mark and the cash, long and short apart, negative when
short. An option counts in its underlying's sector and group; what has none is in "Others". Cash is
an asset class but has no sector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from attrs import frozen

from brokerport.domain.money import to_cents
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint, Tier
from brokerport.simulator.gateways.client_portal.requested_accounts import requested_accounts
from brokerport.simulator.gateways.client_portal.translate.account_figures import AccountFigures
from brokerport.simulator.gateways.client_portal.translate.account_values import summary_body
from brokerport.simulator.gateways.client_portal.translate.contracts import sec_type
from brokerport.simulator.gateways.client_portal.translate.ledger import ledger_body
from brokerport.simulator.gateways.client_portal.valuation import figures_of

OTHERS = "Others"


@frozen
class _Part:
    """One holding, or the cash, and what it belongs to."""

    amount: Decimal
    asset_class: str
    sector: str | None = None
    group: str | None = None


def _summary(call: Call) -> dict[str, Any]:
    return summary_body(figures_of(call.portal, call.account()))


def _ledger(call: Call) -> dict[str, Any]:
    return ledger_body(figures_of(call.portal, call.account()))


def _allocation(call: Call) -> dict[str, Any]:
    return _allocated(_parts(figures_of(call.portal, call.account()), call.world.listing))


def _allocation_of_several(call: Call) -> dict[str, Any]:
    parts: list[_Part] = []
    for account in requested_accounts(call):
        parts += _parts(figures_of(call.portal, account), call.world.listing)
    return _allocated(parts)


def _parts(figures: AccountFigures, listing: Listing) -> Iterator[_Part]:
    yield _Part(figures.cash, "CASH")
    for holding in figures.holdings:
        instrument = holding.position.instrument
        stock = listing.listed(instrument.symbol)
        yield _Part(
            to_cents(holding.market_value),
            sec_type(instrument),
            stock.industry or OTHERS,
            stock.category or OTHERS,
        )


def _allocated(parts: Iterable[_Part]) -> dict[str, Any]:
    parts = tuple(parts)
    return {
        "assetClass": _sides((part.asset_class, part.amount) for part in parts),
        "sector": _sides((part.sector, part.amount) for part in parts),
        "group": _sides((part.group, part.amount) for part in parts),
    }


def _sides(amounts: Iterable[tuple[str | None, Decimal]]) -> dict[str, dict[str, Decimal]]:
    sides: dict[str, dict[str, Decimal]] = {"long": {}, "short": {}}
    for name, amount in amounts:
        if name is not None and amount:
            side = sides["long" if amount > 0 else "short"]
            side[name] = side.get(name, Decimal(0)) + amount
    return sides


def _of_portfolio(method: str, path: str, handler: Any) -> Endpoint:
    return Endpoint(method, path, handler, tier=Tier.OUTER, needs_portfolio_accounts=True)


ENDPOINTS = (
    _of_portfolio("GET", "/portfolio/{accountId}/summary", _summary),
    _of_portfolio("GET", "/portfolio/{accountId}/ledger", _ledger),
    _of_portfolio("GET", "/portfolio/{accountId}/allocation", _allocation),
    _of_portfolio("POST", "/portfolio/allocation", _allocation_of_several),
)
