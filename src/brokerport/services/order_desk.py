"""The order desk: places, replaces and cancels orders, each exactly once.

Rules (design document, section 9.6, "Exactly once"):

- everything that can be checked here is checked before anything is sent;
- an order is in the book before its first byte leaves, because its fill may be quicker than its
  acknowledgement; and it is durable in the journal, because a crash may be quicker than both;
- without a journal that can be written nothing is placed or replaced; a cancel takes risk off, and
  is sent all the same;
- what the broker answered is durable before the caller hears of it;
- each request is sent once; an answer that does not come makes the order IN_DOUBT, never failed,
  and a later report of the broker's ends the doubt;
- the wait for an answer is timed from when the request has left, for one that pacing holds back was
  not asked yet; leaving has a time-out of its own, so that no caller hangs for ever;
- only the errors by which an adapter says that nothing was sent undo a request; any other error
  leaves it in doubt;
- an account that is closed for opening orders may only close (``admission``);
- requests on one order wait for each other, so an answer always belongs to one question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal

from attrs import define, evolve

from brokerport.domain.accounts import AccountMap
from brokerport.domain.balances import MarginImpact
from brokerport.domain.contracts import ContractDetails
from brokerport.domain.errors import (
    CancelRejected,
    InvalidOrder,
    JournalUnavailable,
    NotConnected,
    OrderInDoubt,
    OrderRejected,
    ReplaceRejected,
    UnansweredQuestion,
    UnansweredReplaceQuestion,
    UnknownAccount,
    UnknownContract,
    UnknownOrder,
    Unsupported,
)
from brokerport.domain.executions import Execution
from brokerport.domain.instruments import Instrument, Option, Stock
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import OrderType
from brokerport.domain.orders import Order, OrderRequest, check_not_expired, check_prices
from brokerport.domain.reports import (
    CancelRefused,
    Executed,
    OrderReport,
    Rejected,
    ReplaceRefused,
)
from brokerport.domain.trading_day import exchange_date
from brokerport.ports.adapter import BrokerAdapter
from brokerport.ports.journal import Journal
from brokerport.ports.orders import OrderTicket
from brokerport.services.admission import Admission
from brokerport.services.order_book import OrderBook
from brokerport.services.order_identity import ClientOrderIds

# Pacing lets 45 requests a second leave: more than 2,500 at once are more than a mistake.
LEAVING_SECONDS_MAX = 60.0

# What an adapter raises only when nothing has left for the broker (see ports.orders).
_NOT_SENT = (
    InvalidOrder,
    JournalUnavailable,
    NotConnected,
    UnknownAccount,
    UnknownContract,
    UnknownOrder,
    Unsupported,
)


@define
class _Question:
    """A request under way on one order, and the report that answered it.

    ``report`` is set even when nobody waits any more, because an answer may come in the very
    moment in which its wait is cancelled or timed out.
    """

    action: str
    is_answer: Callable[[Order, OrderReport | None], bool]
    answered: asyncio.Future[OrderReport]
    report: OrderReport | None = None

    def hear(self, order: Order, report: OrderReport) -> None:
        """Take in a report on the order, which now stands as given."""
        if self.report is None and self.is_answer(order, report):
            self.report = report
            if not self.answered.done():
                self.answered.set_result(report)

    def fail(self, error: OrderInDoubt) -> None:
        """End the wait without an answer."""
        if not self.answered.done():
            self.answered.set_exception(error)

    def close(self) -> None:
        """Stop waiting; an error that nobody waited for any more counts as read."""
        if not self.answered.cancel() and not self.answered.cancelled():
            self.answered.exception()


class OrderDesk:
    """Sends orders through an adapter and keeps the book of what became of them."""

    def __init__(
        self,
        adapter: BrokerAdapter,
        accounts: AccountMap,
        book: OrderBook,
        order_ids: ClientOrderIds,
        answer_timeout_seconds: float,
        journal: Journal,
        on_doubt: Callable[[str], None],
        admission: Admission,
    ) -> None:
        """Put the desk together; ``on_doubt`` is told the account of an order put in doubt."""
        self._admission = admission
        self._adapter = adapter
        self._accounts = accounts
        self._book = book
        self._journal = journal
        self._on_doubt = on_doubt
        self._order_ids = order_ids
        self._answer_timeout_seconds = answer_timeout_seconds
        self._questions: dict[str, _Question] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._stocks: dict[Instrument, ContractDetails] = {}

    async def place(self, request: OrderRequest) -> Order:
        """Place an order; return it once the broker has answered: working, or filled already.

        Raises:
            UnknownAccount, UnknownContract, InvalidOrder, NotConnected, JournalUnavailable,
                AccountQuarantined: nothing was sent.
            OrderRejected: the broker refused it.
            UnansweredQuestion: the broker asked what no setting allows a yes to; it is not placed.
            OrderInDoubt: no answer came; the order may be working.
        """
        ticket = await self._checked_ticket(request)
        # Nothing may happen between this check and the order's entry into the book.
        await self._admission.check(request)
        client_order_id = self._order_ids.issue(request.account)
        order = Order.submitted(client_order_id, request)
        ticket = evolve(ticket, client_order_id=str(client_order_id))
        async with self._turn(str(client_order_id)):
            self._book.enter(order)
            answer = await self._ask(
                "place",
                order,
                lambda: self._adapter.orders.place(ticket),
                lambda now, _report: now.status is not OrderStatus.PENDING_SUBMIT,
            )
        placed = self._now(order)
        if placed.status is OrderStatus.REJECTED:
            if isinstance(answer, Rejected) and answer.question is not None:
                raise UnansweredQuestion(answer.reason, answer.question, answer.code)
            raise OrderRejected(placed.reason, placed.code)
        return placed

    async def replace(
        self,
        account: str,
        client_order_id: str,
        quantity: Decimal | None = None,
        order_type: OrderType | None = None,
    ) -> Order:
        """Give a working order new terms; what is None stays. ``quantity`` counts what is filled.

        Raises:
            UnknownAccount, UnknownOrder, InvalidOrder, NotConnected, AccountQuarantined: nothing
                was sent.
            ReplaceRejected: refused, or too late; the order lives on with its old terms, or ended.
            OrderInDoubt: no answer came; either set of terms may hold.
        """
        self._book.order(account, client_order_id)
        async with self._turn(client_order_id):
            order = self._book.order(account, client_order_id)
            if not order.status.is_live:
                raise ReplaceRejected(f"the order is {order.status.value}")
            asked = evolve(
                order.request,
                quantity=order.quantity if quantity is None else quantity,
                order_type=order.order_type if order_type is None else order_type,
            )
            check_prices(asked.order_type, await self._details(order.instrument))
            await self._admission.check_replace(order, asked.quantity)
            order = self._now(order)
            if not order.status.is_live:
                raise ReplaceRejected(f"the order is {order.status.value}")
            proposed = order.with_replace_requested(asked.quantity, asked.order_type)
            self._book.enter(proposed)
            answer = await self._ask(
                "replace",
                proposed,
                lambda: self._adapter.orders.replace(
                    client_order_id, asked.quantity, asked.order_type
                ),
                lambda now, _report: now.status is not OrderStatus.PENDING_REPLACE,
            )
            replaced = self._now(order)
            if isinstance(answer, ReplaceRefused):
                if answer.question is not None:
                    raise UnansweredReplaceQuestion(answer.reason, answer.question, answer.code)
                raise ReplaceRejected(answer.reason, answer.code)
            if replaced.proposed is not None or (
                replaced.quantity != asked.quantity or replaced.order_type != asked.order_type
            ):
                raise ReplaceRejected(
                    f"the order was {replaced.status.value} before the change was confirmed"
                )
            return replaced

    async def cancel(self, account: str, client_order_id: str) -> Order:
        """Cancel a working order; return it when it is off the market.

        Raises:
            UnknownAccount, UnknownOrder, NotConnected: nothing was sent.
            CancelRejected: refused, or the order ended another way first.
            OrderInDoubt: no answer came; the order may still be working.
        """
        self._book.order(account, client_order_id)
        async with self._turn(client_order_id):
            order = self._book.order(account, client_order_id)
            if order.status.is_done:
                raise CancelRejected(f"the order is already {order.status.value}")
            asked = order.with_cancel_requested()
            self._book.enter(asked)
            answer = await self._ask(
                "cancel",
                asked,
                lambda: self._adapter.orders.cancel(client_order_id),
                lambda now, report: now.status.is_done or isinstance(report, CancelRefused),
            )
            ended = self._now(order)
            if ended.status is OrderStatus.CANCELLED:
                return ended
            if isinstance(answer, CancelRefused):
                raise CancelRejected(answer.reason, answer.code)
            raise CancelRejected(f"the order was {ended.status.value} before the cancel")

    async def margin_impact(self, request: OrderRequest) -> MarginImpact:
        """Ask the broker what an order would do to margin, without placing it.

        Raises:
            UnknownAccount, UnknownContract, InvalidOrder, NotConnected: it was not asked.
            RequestRefused: the broker would not accept the order.
        """
        return await self._adapter.orders.margin_impact(await self._checked_ticket(request))

    def hear(self, report: OrderReport) -> None:
        """Take in a report of the broker's on one of our orders."""
        order = self._book.apply(report)
        if order is not None:
            self._answer(order, report)

    def hear_execution(self, execution: Execution) -> None:
        """Take in a fill, ours or not; one of ours also answers the request under way."""
        order = self._book.apply_execution(execution)
        if order is not None:
            self._answer(order, Executed(str(order.client_order_id), execution))

    def connection_lost(self, reason: str) -> None:
        """Put every order whose request is unanswered in doubt."""
        for client_order_id, question in tuple(self._questions.items()):
            question.fail(
                OrderInDoubt(client_order_id, question.action, f"connection lost: {reason}")
            )

    async def until_quiet(self) -> None:
        """Return when no request is under way; without a session each ends at once."""
        for turn in tuple(self._turns.values()):
            async with turn:
                pass

    def _turn(self, client_order_id: str) -> asyncio.Lock:
        return self._turns.setdefault(client_order_id, asyncio.Lock())

    def _now(self, order: Order) -> Order:
        return self._book.order(order.account, str(order.client_order_id))

    async def _checked_ticket(self, request: OrderRequest) -> OrderTicket:
        broker_account = self._accounts.broker_account(request.account)
        check_prices(request.order_type, await self._details(request.instrument))
        return OrderTicket(
            client_order_id="",
            broker_account=broker_account,
            instrument=request.instrument,
            side=request.side,
            quantity=request.quantity,
            order_type=request.order_type,
            time_in_force=request.time_in_force,
        )

    async def _details(self, instrument: Instrument) -> ContractDetails:
        """Look up what an order must be checked against; a stock once in a session.

        An option is looked up for every order, because it expires.
        """
        known = self._stocks.get(instrument)
        if known is not None:
            return known
        try:
            details = await self._adapter.contracts.details(instrument)
        except UnknownContract:
            # A broker forgets an option when it has expired; the caller should hear the reason.
            if isinstance(instrument, Option):
                broker_time = await self._adapter.session.broker_time()
                check_not_expired(instrument, exchange_date(broker_time))
            raise
        if isinstance(instrument, Stock):
            self._stocks[instrument] = details
        return details

    async def _ask(
        self,
        action: str,
        order: Order,
        send: Callable[[], Awaitable[None]],
        is_answer: Callable[[Order, OrderReport | None], bool],
    ) -> OrderReport | None:
        """Send one request and wait for the report that answers it, None when a look did."""
        key = str(order.client_order_id)
        await self._make_intent_durable(action, order)
        question = _Question(action, is_answer, asyncio.get_running_loop().create_future())
        self._questions[key] = question
        seconds_max = LEAVING_SECONDS_MAX
        try:
            async with asyncio.timeout(seconds_max) as limit:
                await send()
                seconds_max = self._answer_timeout_seconds
                limit.reschedule(asyncio.get_running_loop().time() + seconds_max)
                report = await question.answered
            await self._make_answer_durable()
            return report
        except _NOT_SENT as error:
            if question.report is not None:
                detail = f"the adapter did not send it ({error}), yet the broker answered"
                raise OrderInDoubt(key, action, detail) from error
            self._withdraw(action, order)
            raise
        except (OrderInDoubt, TimeoutError) as error:
            if question.report is not None or is_answer(self._now(order), None):
                # Not heard perhaps, but a look at the broker's record has shown what became of it.
                await self._make_answer_durable()
                return question.report
            self._doubt(order)
            if isinstance(error, OrderInDoubt):
                raise
            detail = f"no answer within {seconds_max:g} seconds"
            raise OrderInDoubt(key, action, detail) from None
        except Exception as error:
            # No adapter should, but one that fails half way may have sent the order first.
            if question.report is None:
                self._doubt(order)
            raise OrderInDoubt(key, action, f"the adapter failed: {error!r}") from error
        except BaseException:
            if question.report is None:
                self._doubt(order)
            raise
        finally:
            del self._questions[key]
            question.close()

    async def _make_intent_durable(self, action: str, order: Order) -> None:
        try:
            await self._journal.flush()
        except JournalUnavailable:
            if action == "cancel":
                return
            self._withdraw(action, order)
            raise
        except BaseException:
            self._withdraw(action, order)
            raise

    async def _make_answer_durable(self) -> None:
        # A journal that fails now is told of by itself; the answer is true all the same.
        with suppress(JournalUnavailable):
            await self._journal.flush()

    def _answer(self, order: Order, report: OrderReport) -> None:
        question = self._questions.get(str(order.client_order_id))
        if question is not None:
            question.hear(order, report)

    def _doubt(self, order: Order) -> None:
        now = self._now(order)
        if not now.status.is_done:
            self._book.enter(now.with_answer_lost())
            self._on_doubt(order.account)

    def _withdraw(self, action: str, order: Order) -> None:
        """Undo a request that the adapter proved was never sent."""
        now = self._now(order)
        if action == "place":
            self._book.enter(now.with_nothing_sent())
        elif not now.status.is_done:
            refused = ReplaceRefused if action == "replace" else CancelRefused
            self._book.apply(refused(str(order.client_order_id), "not sent"))
