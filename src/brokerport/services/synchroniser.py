"""The synchroniser: holds the order book against the broker's record, and proves what is absent.

Rules:

- It runs when a session opens, before it is ready, and again while an order is in doubt.
- It first waits until all that the broker said before has been heard (``broker_time``), then reads
  open orders, completed orders and executions. Fills that the book lacks are told as if heard.
- The market does not stop for the reads: what disagrees is read again, and only what still does is
  published as a contradiction. An order of which something was heard meanwhile is left alone: what
  was read of it may be older than what was heard.
- An order in doubt that the broker never showed, and that none of three whole answers has, is
  proved absent: NOT_PLACED. Where a request may outlive its session, only after ``proof_seconds``.
- Nothing is proved absent or refused while the gateway cannot reach the broker: what it shows then
  is what it remembers.
- The record is of one trading day: an order in doubt of an earlier one may have filled or ended
  then, and its absence proves nothing.
- An order that the broker did show, and shows no longer, has ended unheard. How, its record cannot
  say: it is returned as a ``StaleOrder``, for reconciliation to settle.
- Fills from before the very first session of an account are known and not told: they are history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date

from attrs import frozen

from brokerport.domain.accounts import AccountMap
from brokerport.domain.errors import NotConnected
from brokerport.domain.events import BrokerNotice, ContradictionFound
from brokerport.domain.executions import Execution
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.orders import Order
from brokerport.domain.reconciliation import StaleOrder
from brokerport.domain.trading_day import exchange_date
from brokerport.ports.adapter import BrokerAdapter, Capability
from brokerport.services.adoption import acknowledged, adopted, disagreement, reports_towards
from brokerport.services.broker_record import BrokerRecord, read_record
from brokerport.services.event_bus import Publish
from brokerport.services.order_book import UNANSWERED, OrderBook
from brokerport.services.order_identity import issued_at

READS_MAX = 3


@frozen
class Look:
    """What a look at one account came to; see the rules above."""

    record: BrokerRecord
    stale: tuple[StaleOrder, ...]
    contradictions: tuple[ContradictionFound, ...]


class Synchroniser:
    """Brings the book and the broker's record of every mapped account together."""

    def __init__(
        self,
        adapter: BrokerAdapter,
        accounts: AccountMap,
        book: OrderBook,
        publish: Publish,
        proof_seconds: float,
    ) -> None:
        self._adapter = adapter
        self._accounts = accounts
        self._book = book
        self._publish = publish
        self._proof_seconds = proof_seconds
        # Since when; what is heard or asked of an order makes its doubt another, which begins anew.
        self._doubted_at: dict[str, tuple[float, Order]] = {}
        self._is_in_reach = True
        self._outages = 0
        self._new_accounts: set[str] = set()
        self._told_notices: set[str] = set()
        self._looks: dict[str, Look] = {}

    def begin_history(self, account: str) -> None:
        """Take what the broker shows of an account at the next look as older than our books."""
        self._new_accounts.add(account)

    def hear_reach(self, is_in_reach: bool) -> None:
        """Hear whether the gateway can reach the broker."""
        self._is_in_reach = is_in_reach
        if not is_in_reach:
            self._outages += 1

    async def synchronise(self) -> None:
        """Look at every account; the orders that a session of ours left are in the book then.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: a read failed; the session is not ready.
        """
        self._book.begin_adoption()
        try:
            for account in self._accounts:
                await self.look_at(account.name)
        finally:
            # What was heard in a session that failed is older than what the next one reads.
            self._book.end_adoption()

    def last_look(self, account: str) -> Look:
        """Return what the last look at an account came to.

        Raises:
            NotConnected: there was none yet.
        """
        look = self._looks.get(account)
        if look is None:
            raise NotConnected(f"account {account!r} was not looked at yet")
        return look

    async def look_at(self, account: str) -> tuple[StaleOrder, ...]:
        """Look at one account; see the rules above.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: a read failed; nothing was concluded.
        """
        found: list[ContradictionFound] = []
        stale: tuple[StaleOrder, ...] = ()
        readings = 0
        while True:
            readings += 1
            outages = self._outages
            before = {
                str(order.client_order_id): order for order in self._book.open_orders_of(account)
            }
            suspects = self._suspects(before)
            now = await self._adapter.session.broker_time()
            record = await read_record(self._adapter, self._accounts.broker_account(account))
            if any(order.status is OrderStatus.IN_DOUBT for order in suspects.values()):
                # The reads may have been of the next day.
                now = await self._adapter.session.broker_time()
            is_proof = self._is_in_reach and outages == self._outages
            moved = {key for key in {*record.orders, *suspects} if self._has_moved(key, before)}
            self._take_fills(account, record)
            found = self._compare(account, record, moved, is_proof)
            stale = ()
            if is_proof and record.is_whole:
                gone = [key for key in suspects if key not in moved and not record.has(key)]
                stale = self._conclude(account, gone, exchange_date(now))
            if not (found or moved) or readings == READS_MAX:
                break
        self._looks[account] = Look(record, stale, tuple(found))
        for notice in record.notices:
            text = f"account {account!r}: {notice}"
            if text not in self._told_notices:
                self._told_notices.add(text)
                self._publish(BrokerNotice(None, text))
        for contradiction in found:
            self._publish(contradiction)
        return stale

    def _suspects(self, before: Mapping[str, Order]) -> dict[str, Order]:
        """Return the orders that must be in a record read from now on, if they exist."""
        now = asyncio.get_running_loop().time()
        suspects = {
            key: order
            for key, order in before.items()
            if order.status in (OrderStatus.IN_DOUBT, OrderStatus.WORKING)
        }
        for key, order in suspects.items():
            _since, doubted = self._doubted_at.get(key, (now, None))
            if order.status is not OrderStatus.IN_DOUBT or order is doubted:
                continue
            # An order that was never seen is in one doubt, however often its cancel is asked for.
            if order.is_known_to_broker or order != doubted:
                self._doubted_at[key] = (now, order)
        return suspects

    def _take_fills(self, account: str, record: BrokerRecord) -> None:
        broker_account = self._accounts.broker_account(account)
        if account in self._new_accounts:
            self._new_accounts.discard(account)
            self._book.begin_history(account, (one.execution for one in record.executions))
            return
        for booked in record.executions:
            self._book.apply_execution(booked.execution)
            if booked.commission is not None:
                self._book.record_commission(broker_account, booked.commission)

    def _has_moved(self, key: str, before: dict[str, Order]) -> bool:
        """Say whether something was heard of an order during the reads, which may be older."""
        known = self._book.find(key)
        if known is None:
            return False
        return known is not before[key] if key in before else not known.status.is_done

    def _compare(
        self, account: str, record: BrokerRecord, moved: set[str], is_proof: bool
    ) -> list[ContradictionFound]:
        fills: dict[str | None, list[Execution]] = {}
        for booked in record.executions:
            fills.setdefault(booked.execution.order_reference, []).append(booked.execution)
        found: list[ContradictionFound] = []
        for reference, shown in record.orders.items():
            known = self._book.find(reference)
            problem: str | None
            if reference in record.doubled:
                problem = "the broker has more than one order under this ClientOrderId"
            elif known is None:
                result = adopted(shown, fills.get(reference, ()), account)
                if isinstance(result, Order):
                    self._book.adopt(result)
                    continue
                problem = result
            elif known.status in UNANSWERED or reference in moved:
                # Its answer is awaited on the line this very moment, or has just been heard.
                continue
            else:
                is_settled = is_proof and self._is_settled(reference)
                for report in reports_towards(known, shown, is_settled=is_settled):
                    self._book.apply(report)
                problem = disagreement(self._book.find(reference) or known, shown)
            if problem is not None:
                found.append(ContradictionFound(reference, problem, acknowledged(reference, shown)))
        return found

    def _conclude(self, account: str, gone: Iterable[str], today: date) -> tuple[StaleOrder, ...]:
        """Prove absent what can be; return what is gone and may have been there."""
        stale: list[StaleOrder] = []
        for key in gone:
            order = self._book.order(account, key)
            is_older = exchange_date(issued_at(order.client_order_id)) < today
            if order.is_known_to_broker or is_older:
                stale.append(StaleOrder(account, key, order.status.value, order.filled_quantity))
            elif order.status is OrderStatus.IN_DOUBT and self._is_settled(key):
                self._doubted_at.pop(key, None)
                self._book.enter(order.with_absence_proved())
        return tuple(stale)

    def _is_settled(self, key: str) -> bool:
        if Capability.ORDERED_REQUESTS in self._adapter.capabilities:
            return True
        now = asyncio.get_running_loop().time()
        since, _doubted = self._doubted_at.get(key, (now, None))
        return now - since >= self._proof_seconds
