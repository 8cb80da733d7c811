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
from brokerport.ports.account_data import AccountDataPort
from brokerport.ports.adapter import Capability
from brokerport.ports.clock import Clock
from brokerport.ports.contracts import ContractPort
from brokerport.ports.market_data import MarketDataPort
from brokerport.ports.orders import OrderPort
from brokerport.ports.session import SessionPort

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
        self._session = Session(settings, pacing_time=pacing_time)
        self._contracts = Contracts(self._session)
        self._session.order_events.instrument_of = self._contracts.instrument_of
        self._account_data = AccountData(self._session, self._contracts, clock)
        self._market_data = MarketData(self._session, self._contracts, clock)
        records = Records(self._session, self._contracts)
        self._orders = Orders(self._session, self._contracts, self._account_data, records)

    @property
    def name(self) -> str:
        """The adapter's name in the configuration."""
        return "client_portal"

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything but greeks, and streams of quotes and of positions."""
        return CAPABILITIES

    @property
    def session(self) -> SessionPort:
        """The session with Client Portal."""
        return self._session

    @property
    def orders(self) -> OrderPort:
        """Orders and executions."""
        return self._orders

    @property
    def account_data(self) -> AccountDataPort:
        """Positions and balances."""
        return self._account_data

    @property
    def market_data(self) -> MarketDataPort:
        """Quotes."""
        return self._market_data

    @property
    def contracts(self) -> ContractPort:
        """Contract lookup and option chains."""
        return self._contracts
