"""A broker adapter: one object offers every port for one broker API and says what it can do."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from brokerport.ports.account_data import AccountDataPort
from brokerport.ports.contracts import ContractPort
from brokerport.ports.market_data import MarketDataPort
from brokerport.ports.orders import OrderPort
from brokerport.ports.session import SessionPort


class Capability(Enum):
    """Something an adapter may or may not be able to do; what it lacks raises ``Unsupported``."""

    REPLACE_ORDERS = "replace orders"
    MARGIN_IMPACT = "margin impact"
    OPTION_CHAINS = "option chains"
    OPTION_GREEKS = "option greeks"
    COMPLETED_ORDERS = "completed orders"
    POSITION_STREAM = "position stream"
    STREAMING_QUOTES = "streaming quotes"
    MESSAGE_CODES = "IBKR's numeric codes with refusals and notices"
    ORDERED_REQUESTS = "requests answered in order, and gone with their session"


class BrokerAdapter(Protocol):
    """All the ports of one broker API."""

    @property
    def name(self) -> str:
        """The adapter's name in the configuration, such as ``tws``."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this adapter can do."""
        ...

    @property
    def session(self) -> SessionPort:
        """The session with the broker."""
        ...

    @property
    def orders(self) -> OrderPort:
        """Orders and executions."""
        ...

    @property
    def account_data(self) -> AccountDataPort:
        """Positions and balances."""
        ...

    @property
    def market_data(self) -> MarketDataPort:
        """Quotes."""
        ...

    @property
    def contracts(self) -> ContractPort:
        """Contract lookup and option chains."""
        ...
