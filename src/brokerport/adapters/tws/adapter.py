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
from brokerport.ports.adapter import Capability
from brokerport.ports.clock import Clock
from brokerport.ports.order_ids import OrderIdReserve

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
        self.session = Session(settings, table, order_ids)
        self.contracts = Contracts(self.session)
        self.account_data = AccountData(self.session, clock)
        self.market_data = MarketData(self.session, self.contracts, clock)
        self.orders = Orders(self.session, self.contracts, self.account_data)

    @property
    def name(self) -> str:
        """The adapter's name in the configuration."""
        return "tws"

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this adapter can do."""
        return CAPABILITIES
