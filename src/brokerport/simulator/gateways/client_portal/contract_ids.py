"""Contract ids that arrive in a request's body, as numbers or as texts."""

from __future__ import annotations

from brokerport.domain.errors import UnknownContract
from brokerport.domain.instruments import Instrument
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.gateways.client_portal.translate.contracts import read_contract_id


def instrument_of(listing: Listing, value: object) -> Instrument | None:
    """Return the instrument that a value from a body names, None when it names none."""
    contract_id = read_contract_id(str(value))
    if contract_id is None:
        return None
    try:
        return listing.by_contract_id(contract_id)
    except UnknownContract:
        return None
