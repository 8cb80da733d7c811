"""Working an order: ask the middle of the market, then take the other side, then withdraw.

Each step is one turn of the simulated clock. Nothing here is specific to the wheel.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from brokerport.broker import Broker
from brokerport.domain.contracts import ContractDetails
from brokerport.domain.errors import CancelRejected, ReplaceRejected
from brokerport.domain.instruments import Instrument
from brokerport.domain.market_data import Quote
from brokerport.domain.order_types import Limit, Side
from brokerport.domain.orders import Order, OrderRequest

STEPS_AT_MIDDLE = 2
STEPS_AT_OTHER_SIDE = 6


class OrderWorker:
    """One limit order, worked until it is filled or given up."""

    def __init__(self, broker: Broker, order: Order, details: ContractDetails) -> None:
        self._broker = broker
        self._order = order
        self._details = details
        self._steps = 0

    @classmethod
    async def start(
        cls, broker: Broker, account: str, instrument: Instrument, side: Side, quantity: int
    ) -> OrderWorker | None:
        """Place the order at the middle of the market, or nothing when there is no market."""
        details = await broker.contract_details(instrument)
        price = _middle(await broker.quote(instrument), side, details)
        if price is None:
            return None
        request = OrderRequest(account, instrument, side, Decimal(quantity), Limit(price))
        return cls(broker, await broker.place(request), details)

    @property
    def order(self) -> Order:
        """The order as it was last seen."""
        return self._order

    async def is_done(self) -> bool:
        """Look at the order again; return whether it is done with."""
        account, key = self._order.account, self._order.client_order_id
        self._order = await self._broker.order_status(account, key)
        return self._order.status.is_done

    async def step(self) -> None:
        """Take one turn on an order that is not done with yet."""
        if await self.is_done():
            return
        account, key = self._order.account, self._order.client_order_id
        self._steps += 1
        # Refused: the order was filled while we asked, and the next look sees it.
        with suppress(ReplaceRejected, CancelRejected):
            if self._steps == STEPS_AT_MIDDLE:
                await self._take_other_side()
            elif self._steps >= STEPS_AT_MIDDLE + STEPS_AT_OTHER_SIDE:
                self._order = await self._broker.cancel(account, key)

    async def _take_other_side(self) -> None:
        quote = await self._broker.quote(self._order.instrument)
        price = quote.bid if self._order.side is Side.SELL else quote.ask
        if price is not None and Limit(price) != self._order.order_type:
            self._order = await self._broker.replace(
                self._order.account, self._order.client_order_id, order_type=Limit(price)
            )


def _middle(quote: Quote, side: Side, details: ContractDetails) -> Decimal | None:
    """Return the middle of the market on a tick, rounded in our own favour."""
    middle = quote.mid
    if middle is None:
        return None
    tick = details.tick_size(middle)
    rounding = ROUND_CEILING if side is Side.SELL else ROUND_FLOOR
    price = (middle / tick).to_integral_value(rounding) * tick
    return max(price, tick)
