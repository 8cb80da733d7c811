"""The exchange: takes orders, matches them against the quotes on display, and tells what happened.

Rules:

- It knows no account: an order is a number, an instrument, a side, a quantity and its terms.
- While the session is closed an order is held. It works from the first matching in a session on.
- A new price or a larger quantity loses the order its place in time; a smaller quantity does not.
- A day order, and an immediate-or-cancel order that never had its turn, end with the session; a
  good-till-cancelled order in an option ends with the session of its expiry date.
- A done order is forgotten, so that cost and memory follow the live orders only.
- A subscriber may not call the exchange from its callback: the books are in the middle of a change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from brokerport.domain.contracts import ContractDetails
from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.order_types import OrderType, Side, TimeInForce, prices_of
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.exchange.book import Book
from brokerport.simulator.exchange.events import CancelReason
from brokerport.simulator.exchange.matching import match_book
from brokerport.simulator.exchange.quotes import QuoteSource
from brokerport.simulator.exchange.refusals import (
    BadQuantity,
    DuplicateOrder,
    NoSuchOrder,
    OffTick,
)
from brokerport.simulator.exchange.resting_order import RestingOrder, Stage
from brokerport.simulator.exchange.tape import Subscriber, Tape


class ListedContracts(Protocol):
    """Who knows what is listed, and its tick sizes."""

    def details(self, instrument: Instrument) -> ContractDetails:
        """Return the definition of an instrument; raises ``UnknownContract``."""
        ...

    def is_listed(self, instrument: Instrument, on: date) -> bool:
        """Say whether an instrument can be traded on a date (New York)."""
        ...


class TradingHours(Protocol):
    """Who knows when a session is in progress."""

    def is_open(self, at: datetime) -> bool:
        """Say whether a session is in progress at ``at`` (UTC)."""
        ...


class Exchange:
    """One exchange over all listed instruments."""

    def __init__(
        self, listing: ListedContracts, quotes: QuoteSource, calendar: TradingHours
    ) -> None:
        self._listing = listing
        self._quotes = quotes
        self._calendar = calendar
        self._tape = Tape()
        self._orders: dict[int, RestingOrder] = {}
        self._held: dict[int, RestingOrder] = {}
        self._books: dict[Instrument, Book] = {}
        self._active: dict[Instrument, Book] = {}
        self._arrivals = 0
        self._is_busy = False

    def subscribe(self, callback: Subscriber) -> None:
        """Tell ``callback`` of every event from now on, as it happens."""
        self._tape.subscribe(callback)

    def submit(
        self,
        order_id: int,
        instrument: Instrument,
        side: Side,
        quantity: Decimal,
        order_type: OrderType,
        time_in_force: TimeInForce,
        at: datetime,
    ) -> None:
        """Take a new order and trade what can trade of it at once.

        Raises:
            DuplicateOrder: a live order has this id.
            BadQuantity: the quantity is not a positive whole number.
            OffTick: a price is not a whole number of ticks.
            UnknownContract: the instrument is not listed.
        """
        with self._busy():
            if order_id in self._orders:
                raise DuplicateOrder(f"order {order_id} is live already")
            _check_quantity(quantity)
            self._check_prices(instrument, order_type)
            self._arrivals += 1
            order = RestingOrder(
                order_id, instrument, side, quantity, order_type, time_in_force, self._arrivals
            )
            self._orders[order_id] = order
            self._enter(order, at)
            self._tape.accepted(order, at)
            self._match_if_working(order, at)

    def replace(
        self,
        order_id: int,
        quantity: Decimal,
        order_type: OrderType,
        at: datetime,
        time_in_force: TimeInForce | None = None,
    ) -> None:
        """Give a live order new terms; ``quantity`` is the new total, what has traded included.

        Raises:
            NoSuchOrder: no live order has this id.
            BadQuantity: the quantity is not a whole number above what has traded.
            OffTick: a price is not a whole number of ticks.
        """
        with self._busy():
            order = self._live(order_id)
            _check_quantity(quantity)
            if quantity <= order.traded:
                raise BadQuantity(f"quantity {quantity} is not above the {order.traded} traded")
            self._check_prices(order.instrument, order_type)
            self._leave(order)
            if order_type != order.order_type or quantity > order.quantity:
                self._arrivals += 1
                order.arrival = self._arrivals
            if order_type != order.order_type:
                self._change_terms(order, order_type)
            order.quantity = quantity
            if time_in_force is not None:
                order.time_in_force = time_in_force
            self._enter(order, at)
            self._tape.replaced(order, at)
            self._match_if_working(order, at)

    def cancel(self, order_id: int, at: datetime) -> None:
        """Take the rest of a live order off the market.

        Raises:
            NoSuchOrder: no live order has this id.
        """
        with self._busy():
            self._cancel(self._live(order_id), CancelReason.REQUESTED, at)

    def match(self, at: datetime) -> None:
        """Match the live orders against the quotes of this moment; does nothing out of session."""
        with self._busy():
            if not self._calendar.is_open(at):
                return
            if self._held:
                self._activate_held(at)
            # Copied, because a book without orders is struck off the active ones on the way.
            for instrument, book in list(self._active.items()):
                self._match(instrument, book, at)

    def end_session(self, at: datetime) -> None:
        """End the orders that do not outlive the session that closes at ``at``."""
        today = exchange_date(at)
        with self._busy():
            for order in list(self._orders.values()):
                if order.time_in_force is not TimeInForce.GTC:
                    self._cancel(order, CancelReason.SESSION_ENDED, at)
                elif isinstance(order.instrument, Option) and order.instrument.expiry <= today:
                    self._cancel(order, CancelReason.INSTRUMENT_EXPIRED, at)

    def _enter(self, order: RestingOrder, at: datetime) -> None:
        if not self._calendar.is_open(at):
            order.stage = Stage.HELD
            self._held[order.order_id] = order
            return
        book = self._books.get(order.instrument)
        if book is None:
            book = self._books[order.instrument] = Book()
        self._active[order.instrument] = book
        book.add(order)

    def _leave(self, order: RestingOrder) -> None:
        if order.stage is Stage.HELD:
            del self._held[order.order_id]
            return
        book = self._books[order.instrument]
        book.remove(order)
        if book.is_empty:
            del self._active[order.instrument]

    def _activate_held(self, at: datetime) -> None:
        held, self._held = self._held, {}
        for order in held.values():
            self._enter(order, at)
            if order.stage is Stage.WORKING:
                self._tape.activated(order, at)

    def _match_if_working(self, order: RestingOrder, at: datetime) -> None:
        if order.stage is not Stage.HELD:
            self._match(order.instrument, self._books[order.instrument], at)

    def _match(self, instrument: Instrument, book: Book, at: datetime) -> None:
        quote = self._quotes.quote(instrument, at)
        if quote.sequence == book.sequence and not book.newcomers:
            return
        for order in match_book(book, quote, self._tape, at):
            del self._orders[order.order_id]
        if book.is_empty:
            del self._active[instrument]

    def _cancel(self, order: RestingOrder, reason: CancelReason, at: datetime) -> None:
        self._leave(order)
        order.stage = Stage.DONE
        del self._orders[order.order_id]
        self._tape.cancelled(order, reason, at)

    def _change_terms(self, order: RestingOrder, order_type: OrderType) -> None:
        # A triggered stop that gets new prices is at the market already: only another kind of
        # order may send it back to wait for a trigger.
        if type(order_type) is not type(order.order_type):
            order.is_triggered = False
        order.set_order_type(order_type)
        order.first_of_double = None

    def _live(self, order_id: int) -> RestingOrder:
        order = self._orders.get(order_id)
        if order is None:
            raise NoSuchOrder(f"no live order has the id {order_id}")
        return order

    def _check_prices(self, instrument: Instrument, order_type: OrderType) -> None:
        details = self._listing.details(instrument)
        for name, price in prices_of(order_type).items():
            if not details.is_on_tick(price):
                raise OffTick(
                    f"{name} is {price}, but must be a multiple of {details.tick_size(price)}"
                )

    @contextmanager
    def _busy(self) -> Iterator[None]:
        if self._is_busy:
            raise RuntimeError("the exchange was called from one of its own callbacks")
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False


def _check_quantity(quantity: Decimal) -> None:
    if not quantity.is_finite() or quantity <= 0 or quantity != quantity.to_integral_value():
        raise BadQuantity(f"quantity is {quantity}, but must be a positive whole number")
