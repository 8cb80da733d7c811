"""The broker's front: every request a customer can make, and what the world drives it with.

It decides nothing itself: ``acceptance`` says whether an order is taken, the exchange matches it,
``booking`` keeps the books, ``standing`` and ``margin`` value them, ``settlement`` ends options.
Refusals are ``OrderRefused`` with IBKR's code; lack of funds alone leaves an INACTIVE order behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from attrs import evolve

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import Balances, MarginImpact, ProfitAndLoss
from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import OrderType, TimeInForce
from brokerport.domain.positions import Position
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.brokerage.acceptance import (
    Demand,
    add_demand,
    check_contract,
    check_quantity,
    check_ticks,
    refusal_of,
    remove_demand,
    reserve_price,
    standing_if_filled,
)
from brokerport.simulator.brokerage.accounts import Account, AccountSetup, PortfolioItem
from brokerport.simulator.brokerage.blotter import Blotter, OpenOrder
from brokerport.simulator.brokerage.booking import Bookkeeper, demand_of
from brokerport.simulator.brokerage.events import OrderRefusedEvent
from brokerport.simulator.brokerage.identifiers import IdentifierSource
from brokerport.simulator.brokerage.marks import Marks, NoMarkPrice, PriceSource
from brokerport.simulator.brokerage.orders import (
    BrokerageExecution,
    BrokerageOrder,
    BrokerageStatus,
    Ticket,
)
from brokerport.simulator.brokerage.outbox import Outbox, Subscriber
from brokerport.simulator.brokerage.refusals import (
    MODIFY_MISMATCH,
    NOT_CANCELLABLE,
    NOT_MODIFIABLE,
    REJECTED,
    VALIDATION,
    WRONG_STATE_TO_CANCEL,
    OrderRefused,
)
from brokerport.simulator.brokerage.settlement import settle_expired
from brokerport.simulator.brokerage.standing import (
    balances_of,
    impact_of,
    net_liquidation_of,
    portfolio_of,
    standing_of,
)
from brokerport.simulator.clock import SimulatedClock
from brokerport.simulator.exchange.exchange import Exchange, ListedContracts

ZERO = Decimal(0)


class Brokerage:
    """One simulated broker over one exchange; synchronous, and quiet unless called."""

    def __init__(
        self,
        exchange: Exchange,
        listing: ListedContracts,
        market: PriceSource,
        clock: SimulatedClock,
        accounts: Sequence[AccountSetup],
        *,
        seed: int = 0,
    ) -> None:
        """Open the accounts; ``seed`` decides the permanent ids and execution ids.

        Raises:
            BadInput: there is no account, or two have the same id.
        """
        self._accounts = {setup.account_id: Account(setup) for setup in accounts}
        if not accounts or len(self._accounts) != len(accounts):
            ids = [setup.account_id.account_id for setup in accounts]
            raise BadInput("accounts", ids, "at least one account, each with an id of its own")
        self._exchange = exchange
        self._listing = listing
        self._market = market
        self._clock = clock
        self._outbox = Outbox()
        self._blotter = Blotter()
        self._identifiers = IdentifierSource(seed)
        self._books = Bookkeeper(self._blotter, self._identifiers, self._outbox)
        self._settled_through: date | None = None
        exchange.subscribe(self._books.book)

    # --- what a customer asks for ---------------------------------------------------------------

    @property
    def accounts(self) -> tuple[BrokerAccount, ...]:
        """The accounts, in the order in which the scenario opened them."""
        return tuple(self._accounts)

    def subscribe(self, callback: Subscriber) -> None:
        """Deliver every event from now on to ``callback``, when the books agree with it."""
        self._outbox.subscribe(callback)

    def unsubscribe(self, callback: Subscriber) -> None:
        """Deliver no more events to ``callback``; raises ValueError if it never subscribed."""
        self._outbox.unsubscribe(callback)

    def place(self, ticket: Ticket) -> BrokerageOrder:
        """Take an order and return it as it is once everything that could trade has traded.

        An order the account cannot afford is recorded and returned as INACTIVE (201).

        Raises:
            OrderRefused: no order was created: 110 off tick, 200 unknown or expired instrument,
                321 unknown account, 383 too large, 434 no quantity, 10243 a fraction.
        """
        with self._outbox.operation():
            account, now = self._account(ticket.account), self._clock.now()
            self._check_terms(ticket, now)
            marks = self._marks(now)
            try:
                demand = self._demand(ticket, marks)
                reason = refusal_of(account, demand, marks)
            except NoMarkPrice as error:
                return self._refuse(ticket, f"Order rejected - reason:{error}", now)
            if reason is not None:
                return self._refuse(ticket, reason, now)
            order = self._record(ticket, now)
            record = OpenOrder(order, account, demand.reserve_price)
            record.commission_reserved = add_demand(account, demand)
            self._blotter.open(record)
            self._exchange.submit(
                order.perm_id,
                ticket.instrument,
                ticket.side,
                ticket.quantity,
                ticket.order_type,
                ticket.time_in_force,
                now,
            )
            return self._blotter.order(order.perm_id)

    def replace(
        self,
        perm_id: int,
        quantity: Decimal,
        order_type: OrderType,
        time_in_force: TimeInForce | None = None,
    ) -> BrokerageOrder:
        """Give an open order new terms; ``quantity`` is the new total, what has filled included.

        A total of exactly what has filled completes the order as FILLED.

        Raises:
            OrderRefused: the order is what it was: 104 not open, 105 below what has filled, 110 off
                tick, 201 not enough funds, 383 too large, 434 no quantity, 10147 unknown, 10243 a
                fraction.
        """
        with self._outbox.operation():
            record, now = self._blotter.find_open(perm_id), self._clock.now()
            if record is None:
                state = self._blotter.order(perm_id).status.value.lower()
                raise OrderRefused(NOT_MODIFIABLE, f"Cannot modify an order that is {state}.")
            order = record.order
            check_quantity(quantity)
            check_ticks(self._listing.details(order.instrument), order_type)
            if quantity < order.filled:
                raise OrderRefused(
                    MODIFY_MISMATCH,
                    "Order being modified does not match original order: "
                    f"{order.filled} of it has filled, more than the new size {quantity}.",
                )
            if quantity == order.filled:
                record.completes_as_filled = True
                self._exchange.cancel(perm_id, now)
            else:
                self._reserve_for_replace(record, quantity, order_type, now)
                self._exchange.replace(perm_id, quantity, order_type, now, time_in_force)
            return self._blotter.order(perm_id)

    def cancel(self, perm_id: int) -> BrokerageOrder:
        """Take the rest of an open order off the market.

        Raises:
            OrderRefused: the order is what it was: 161 filled, 10148 cancelled or inactive, 10147
                unknown.
        """
        with self._outbox.operation():
            if self._blotter.find_open(perm_id) is None:
                order = self._blotter.order(perm_id)
                if order.status is BrokerageStatus.FILLED:
                    raise OrderRefused(
                        NOT_CANCELLABLE,
                        "Cancel attempted when order is not in a cancellable state.  "
                        f"Order permId = {perm_id}",
                    )
                raise OrderRefused(
                    WRONG_STATE_TO_CANCEL,
                    f"OrderId {order.entry.order_id} that needs to be cancelled can not be "
                    f"cancelled, state: {order.status.value}.",
                )
            self._exchange.cancel(perm_id, self._clock.now())
            return self._blotter.order(perm_id)

    def cancel_all(self, account: BrokerAccount | None = None) -> tuple[BrokerageOrder, ...]:
        """Cancel every open order of one account, or of all; return them as they are now.

        Raises:
            OrderRefused: 321, the account is unknown.
        """
        if account is not None:
            self._account(account)
        with self._outbox.operation():
            return tuple(
                self.cancel(order.perm_id)
                for order in self._blotter.open_orders()
                if account is None or order.account == account
            )

    def what_if(self, ticket: Ticket) -> MarginImpact:
        """Return what the order would change if it filled now, alone and in full.

        Raises:
            OrderRefused: as ``place``; 201 when no price is known to compute it from. An order the
                account could not afford is no reason to refuse: the figures say so.
        """
        account, now = self._account(ticket.account), self._clock.now()
        self._check_terms(ticket, now)
        marks = self._marks(now)
        try:
            demand = self._demand(ticket, marks)
            before = standing_of(account, marks)
            after = standing_if_filled(account, demand, marks)
        except NoMarkPrice as error:
            raise OrderRefused(REJECTED, f"Order rejected - reason:{error}") from error
        return impact_of(account, before, after, demand.commission_left)

    # --- what a customer can read ---------------------------------------------------------------

    def order(self, perm_id: int) -> BrokerageOrder:
        """Return an order, open or done; raises ``OrderRefused`` (10147) when there is none."""
        return self._blotter.order(perm_id)

    def orders(self) -> tuple[BrokerageOrder, ...]:
        """Return every order there ever was, oldest first."""
        return self._blotter.orders()

    def open_orders(self) -> tuple[BrokerageOrder, ...]:
        """Return the orders that may still trade, oldest first."""
        return self._blotter.open_orders()

    def completed_orders(self) -> tuple[BrokerageOrder, ...]:
        """Return the orders filled, cancelled or refused on the clock's New York date."""
        return self._blotter.done_on(exchange_date(self._clock.now()))

    def executions(self, since: datetime | None = None) -> tuple[BrokerageExecution, ...]:
        """Return the executions at or after ``since`` (UTC), oldest first; all without it."""
        return self._blotter.executions(since)

    def positions(self, account: BrokerAccount) -> tuple[Position, ...]:
        """Return the positions that are not flat; raises ``OrderRefused`` (321) if unknown."""
        return self._account(account).held_positions()

    def position(self, account: BrokerAccount, instrument: Instrument) -> Position:
        """Return one position, a flat one too; raises ``OrderRefused`` (321) if unknown."""
        return self._account(account).position(instrument)

    def portfolio(self, account: BrokerAccount) -> tuple[PortfolioItem, ...]:
        """Return the positions that are not flat at their mark prices.

        Raises:
            OrderRefused: 321, the account is unknown.
            NoMarkPrice: the market has no price for a holding.
        """
        return portfolio_of(self._account(account), self._marks(self._clock.now()))

    def balances(self, account: BrokerAccount) -> Balances:
        """Return the account's money, rounded to cents, with the positions at their marks.

        Raises:
            OrderRefused: 321, the account is unknown.
            NoMarkPrice: the market has no price for a holding.
        """
        books, now = self._account(account), self._clock.now()
        return balances_of(books, standing_of(books, self._marks(now)), now)

    def profit_and_loss(self, account: BrokerAccount) -> ProfitAndLoss:
        """Return the account's profit: since the last close, unrealised, and realised since then.

        Raises:
            OrderRefused: 321, the account is unknown.
            NoMarkPrice: the market has no price for a holding.
        """
        books, marks = self._account(account), self._marks(self._clock.now())
        equity = net_liquidation_of(books, marks)
        unrealised = sum((line.unrealised_pnl for line in portfolio_of(books, marks)), ZERO)
        return ProfitAndLoss(
            daily=books.money(equity - books.opening_equity),
            unrealised=books.money(unrealised),
            realised=books.money(books.realised_this_session),
        )

    # --- what the world drives it with ----------------------------------------------------------

    def begin_session(self, at: datetime) -> None:
        """Open a session: the day's profit counts from the last close, held orders go to work."""
        for account in self._accounts.values():
            account.begin_session()
        self.match(at)

    def match(self, at: datetime) -> None:
        """Match the open orders against the quotes of this moment."""
        with self._outbox.operation():
            self._exchange.match(at)

    def end_session(self, at: datetime) -> None:
        """Close the session at ``at``: day orders end, then expiring options are settled.

        Raises:
            NoMarkPrice: an underlying's closing price, or that of a holding, is not known.
        """
        today = exchange_date(at)
        with self._outbox.operation():
            self._exchange.end_session(at)
            marks = self._marks(at)
            for account in self._accounts.values():
                for event in settle_expired(account, today, marks):
                    self._outbox.put(event)
                account.closing_equity = net_liquidation_of(account, marks)
            self._settled_through = today

    # --- inside ---------------------------------------------------------------------------------

    def _account(self, account: BrokerAccount) -> Account:
        books = self._accounts.get(account)
        if books is None:
            raise OrderRefused(
                VALIDATION, f"Error validating request: the account {account} is not managed here"
            )
        return books

    def _marks(self, at: datetime) -> Marks:
        return Marks(self._market, at, self._books.last_trades)

    def _check_terms(self, ticket: Ticket, now: datetime) -> None:
        check_quantity(ticket.quantity)
        details = check_contract(self._listing, ticket.instrument, now, self._settled_through)
        check_ticks(details, ticket.order_type)

    def _demand(self, ticket: Ticket, marks: Marks) -> Demand:
        price = reserve_price(ticket.side, ticket.order_type, marks.find(ticket.instrument))
        return Demand(ticket.side, ticket.instrument, ticket.order_type, ticket.quantity, price)

    def _record(self, ticket: Ticket, now: datetime) -> BrokerageOrder:
        return BrokerageOrder.entered(ticket, self._identifiers.next_perm_id(), now)

    def _refuse(self, ticket: Ticket, reason: str, now: datetime) -> BrokerageOrder:
        order = evolve(
            self._record(ticket, now),
            status=BrokerageStatus.INACTIVE,
            completed_at=now,
            reason=reason,
            reason_code=REJECTED,
        )
        self._blotter.record_refused(order)
        self._outbox.put(OrderRefusedEvent(order, REJECTED, reason))
        return order

    def _reserve_for_replace(
        self, record: OpenOrder, quantity: Decimal, order_type: OrderType, now: datetime
    ) -> None:
        old, marks = demand_of(record), self._marks(now)
        try:
            price = reserve_price(old.side, order_type, marks.find(old.instrument))
        except NoMarkPrice as error:
            raise OrderRefused(REJECTED, f"Order rejected - reason:{error}") from error
        new = evolve(
            old, order_type=order_type, remaining=quantity - old.filled, reserve_price=price
        )
        remove_demand(record.account, old, record.commission_reserved)
        reason = refusal_of(record.account, new, marks)
        if reason is not None:
            record.commission_reserved = add_demand(record.account, old)
            raise OrderRefused(REJECTED, reason)
        record.reserve_price = new.reserve_price
        record.commission_reserved = add_demand(record.account, new)
