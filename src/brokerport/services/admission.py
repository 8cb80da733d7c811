"""Admission: which orders an account that is closed for opening orders may still send.

Rules:

- An order closes when it trades against what the broker shows of the instrument now, and for no
  more of it than our own open closing orders leave. Anything else opens: also what would go through
  zero. The broker's position decides, because that is where the risk is.
- New terms with a larger quantity are an order for the rest; any others pass, and so does a cancel.
- The position is read when the question comes up; a read that fails admits nothing.
- Our open orders are counted before and after that read, the larger number: what fills in between
  may be in the position already, or not yet.
"""

from __future__ import annotations

from decimal import Decimal

from brokerport.domain.accounts import AccountMap
from brokerport.domain.errors import AccountQuarantined
from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import Side
from brokerport.domain.orders import Order, OrderRequest
from brokerport.ports.account_data import AccountDataPort
from brokerport.services.order_book import OrderBook
from brokerport.services.quarantine import Quarantine

ZERO = Decimal(0)


class Admission:
    """Stands before the order desk's door; it opens at once for accounts that are open."""

    def __init__(
        self,
        account_data: AccountDataPort,
        accounts: AccountMap,
        book: OrderBook,
        quarantine: Quarantine,
    ) -> None:
        self._account_data = account_data
        self._accounts = accounts
        self._book = book
        self._quarantine = quarantine

    async def check(self, request: OrderRequest) -> None:
        """Refuse an opening order of an account that is closed for them.

        Raises:
            AccountQuarantined: says why it is closed; nothing was sent.
            NotConnected, RequestTimedOut, RequestRefused: the position could not be read.
        """
        await self._check(request.account, request.instrument, request.side, request.quantity)

    async def check_replace(self, order: Order, quantity: Decimal) -> None:
        """Refuse a larger quantity for an order where the rest would open.

        Raises: as ``check``.
        """
        more = quantity - order.quantity
        if more > 0:
            await self._check(order.account, order.instrument, order.side, more)

    async def _check(
        self, account: str, instrument: Instrument, side: Side, quantity: Decimal
    ) -> None:
        if not self._quarantine.reasons(account):
            return
        before = self._working(account, instrument, side)
        held = ZERO
        for holding in await self._account_data.positions(self._accounts.broker_account(account)):
            if holding.instrument == instrument:
                held = holding.quantity
        after = self._working(account, instrument, side)
        working = sum(
            (max(before.get(key, ZERO), after.get(key, ZERO)) for key in before | after), ZERO
        )
        reasons = self._quarantine.reasons(account)
        if reasons and working + quantity > -side.sign * held:
            raise AccountQuarantined(account, reasons)

    def _working(self, account: str, instrument: Instrument, side: Side) -> dict[str, Decimal]:
        """Return how much our open orders on this side may still trade."""
        return {
            str(order.client_order_id): _still_to_trade(order)
            for order in self._book.open_orders_of(account)
            if order.instrument == instrument and order.side is side
        }


def _still_to_trade(order: Order) -> Decimal:
    quantity = order.quantity if order.proposed is None else max(order.quantity, order.proposed[0])
    return quantity - order.filled_quantity
