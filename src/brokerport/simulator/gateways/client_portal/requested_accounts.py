"""The accounts that a request's body names, as ``acctIds``."""

from __future__ import annotations

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.errors import bad_request


def requested_accounts(call: Call) -> tuple[BrokerAccount, ...]:
    """Return the accounts of ``acctIds``, each once, in the order they are named.

    Raises:
        PortalError: it is no list of account ids, or names one that this login cannot see (400).
    """
    named = call.body_mapping().get("acctIds")
    if not isinstance(named, list) or not named or not all(isinstance(one, str) for one in named):
        raise bad_request("Bad Request: acctIds must be a list of account ids")
    return tuple(dict.fromkeys(call.portal.account(one) for one in named))
