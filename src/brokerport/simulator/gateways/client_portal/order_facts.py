"""What the gateway looks at before it lets an order through: the ticket and the market it meets."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from brokerport.domain.order_types import Limit, OrderType, Side, Stop, StopLimit
from brokerport.simulator.brokerage.orders import Ticket
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.gateways.client_portal.translate.order_texts import listing_exchange
from brokerport.simulator.world import World


@frozen
class OrderFacts:
    """A ticket, the quote on display, the last price, and where its stock is listed."""

    ticket: Ticket
    quote: DisplayedQuote
    last: Decimal | None
    exchange: str

    @classmethod
    def gather(cls, world: World, ticket: Ticket, route: str) -> OrderFacts:
        """Look at the market an order would meet now."""
        instrument, now = ticket.instrument, world.clock.now()
        return cls(
            ticket,
            world.market.quote(instrument, now),
            world.market.last_price(instrument, now),
            listing_exchange(instrument, world.listing) or route,
        )

    @property
    def touch(self) -> Decimal | None:
        """Where the order would trade at once: the other side's quote, else the last price."""
        side = self.quote.ask if self.ticket.side is Side.BUY else self.quote.bid
        return side if side is not None else self.last

    @property
    def named_price(self) -> Decimal | None:
        """The limit price, or a stop's trigger; None for a market order."""
        return _named(self.ticket.order_type)

    @property
    def expected_price(self) -> Decimal | None:
        """The price its value is estimated at: its own, else where it would trade."""
        named = self.named_price
        return self.touch if named is None else named

    @property
    def value(self) -> Decimal | None:
        """Price times quantity times multiplier; None when no price is known."""
        price = self.expected_price
        if price is None:
            return None
        return price * self.ticket.quantity * self.ticket.instrument.multiplier


def _named(order_type: OrderType) -> Decimal | None:
    match order_type:
        case Limit(limit_price) | StopLimit(_, limit_price):
            return limit_price
        case Stop(trigger_price):
            return trigger_price
        case _:
            return None
