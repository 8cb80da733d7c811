"""A request under way on an order: whether it left, how to take it back, and when it is settled."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define

from brokerport.adapters.client_portal.book import PortalBook, Terms, TrackedOrder
from brokerport.domain.errors import OrderInDoubt


@define(eq=False)
class Change:
    """One request on one order.

    ``withdraw`` takes it out of the book: it was not sent, or not taken. ``is_settled`` says
    whether what became of it has been reported.
    """

    action: str
    tracked: TrackedOrder
    withdraw: Callable[[], None]
    is_settled: Callable[[], bool]
    has_left: bool = False

    @classmethod
    def place(cls, book: PortalBook, tracked: TrackedOrder) -> Change:
        """A new order."""
        return cls(
            "place",
            tracked,
            lambda: book.withdraw(tracked),
            lambda: tracked.acknowledged or tracked.end is not None,
        )

    @classmethod
    def replace(cls, book: PortalBook, tracked: TrackedOrder, terms: Terms) -> Change:
        """New terms."""
        return cls(
            "replace",
            tracked,
            lambda: book.withdraw_replace(tracked, terms),
            lambda: terms not in tracked.proposals,
        )

    @classmethod
    def cancel(cls, book: PortalBook, tracked: TrackedOrder) -> Change:
        """A cancel."""
        return cls(
            "cancel",
            tracked,
            lambda: book.withdraw_cancel(tracked),
            lambda: tracked.end is not None,
        )

    def leaves(self) -> None:
        """Note that its first byte is about to leave."""
        self.has_left = True

    def doubt(self, detail: str) -> OrderInDoubt:
        """Return the error that says that nobody knows what became of it."""
        return OrderInDoubt(self.tracked.client_order_id, self.action, detail)
