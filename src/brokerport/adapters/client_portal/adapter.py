"""The Client Portal adapter: ties the ports of one Client Portal gateway, or of OAuth, together."""

from __future__ import annotations

from brokerport.adapters.client_portal.account_data import AccountData
from brokerport.adapters.client_portal.contracts import Contracts
from brokerport.adapters.client_portal.market_data import MarketData
from brokerport.adapters.client_portal.orders import Orders
from brokerport.adapters.client_portal.pacing import PacingTime
from brokerport.adapters.client_portal.records import Records
from brokerport.adapters.client_portal.session import Session
from brokerport.adapters.clock.system import SystemClock
from brokerport.config import ClientPortalSettings
from brokerport.ports.adapter import Capability
from brokerport.ports.clock import Clock

# Client Portal has no topic for positions and no codes for refusals; a request that was lost on its
# way may still arrive when its session is over.
CAPABILITIES = frozenset(Capability) - {
    Capability.STREAMING_QUOTES,
    Capability.POSITION_STREAM,
    Capability.MESSAGE_CODES,
    Capability.ORDERED_REQUESTS,
}


class ClientPortalAdapter:
    """Every port of brokerport over IBKR's Client Portal API.

    Nothing is connected before ``session.connect``. ``clock`` stamps quotes and balances.
    ``pacing_time`` is the time that pacing limits go by, the event loop's when it is not given.
    """

    def __init__(
        self,
        settings: ClientPortalSettings,
        clock: Clock | None = None,
        *,
        pacing_time: PacingTime | None = None,
    ) -> None:
        clock = SystemClock() if clock is None else clock
        self.session = Session(settings, pacing_time=pacing_time)
        self.contracts = Contracts(self.session)
        self.session.order_events.instrument_of = self.contracts.instrument_of
        self.account_data = AccountData(self.session, self.contracts, clock)
        self.market_data = MarketData(self.session, self.contracts, clock)
        records = Records(self.session, self.contracts)
        self.orders = Orders(self.session, self.contracts, self.account_data, records)

    @property
    def name(self) -> str:
        """The adapter's name in the configuration."""
        return "client_portal"

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this adapter can do."""
        return CAPABILITIES
