"""The TWS adapter: ties the ports of one TWS or IB Gateway together."""

from __future__ import annotations

from brokerport.adapters.clock.system import SystemClock
from brokerport.adapters.tws.account_data import AccountData
from brokerport.adapters.tws.code_table import CodeTable
from brokerport.adapters.tws.codes import CODES
from brokerport.adapters.tws.contracts import Contracts
from brokerport.adapters.tws.market_data import MarketData
from brokerport.adapters.tws.orders import Orders
from brokerport.adapters.tws.session import Session
from brokerport.config import TwsSettings
from brokerport.ports.account_data import AccountDataPort
from brokerport.ports.adapter import Capability
from brokerport.ports.clock import Clock
from brokerport.ports.contracts import ContractPort
from brokerport.ports.market_data import MarketDataPort
from brokerport.ports.order_ids import OrderIdReserve
from brokerport.ports.orders import OrderPort
from brokerport.ports.session import SessionPort

CAPABILITIES = frozenset(Capability) - {Capability.STREAMING_QUOTES}


class TwsAdapter:
    """Every port of brokerport over TWS's socket, through an unmodified ib_async.

    Nothing is connected before ``session.connect``. ``clock`` stamps quotes and balances, for TWS
    sends no time with them. ``order_ids`` keeps the mark up to which order ids may have been used,
    None for one that the process takes with it; a ``Journal`` is one. ``codes`` is the table of
    message codes, to which those of the settings are added.

    Raises:
        InvalidConfiguration: a code of the settings cannot be added; names it.
    """

    def __init__(
        self,
        settings: TwsSettings,
        clock: Clock | None = None,
        *,
        order_ids: OrderIdReserve | None = None,
        codes: CodeTable = CODES,
    ) -> None:
        clock = SystemClock() if clock is None else clock
        table = codes.extended(settings.codes, "tws.codes")
        self._session = Session(settings, table, order_ids)
        self._contracts = Contracts(self._session)
        self._account_data = AccountData(self._session, clock)
        self._market_data = MarketData(self._session, self._contracts, clock)
        self._orders = Orders(self._session, self._contracts, self._account_data)

    @property
    def name(self) -> str:
        """The adapter's name in the configuration."""
        return "tws"

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything but streaming quotes."""
        return CAPABILITIES

    @property
    def session(self) -> SessionPort:
        """The session with TWS."""
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
