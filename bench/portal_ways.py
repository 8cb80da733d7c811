"""The two clients of the Client Portal benchmarks, doing the same things, each in its own best way.

    adapter   brokerport's Client Portal adapter: one event loop, as much at once as is asked for
    ibind     ibind's ``IbkrClient`` and ``IbkrWsClient``, unmodified: every call blocks

Both keep their connections open and pin the gateway's certificate. ibind is as lean as it can be
made: it writes no log, retries nothing, and its stream looks at its queue every 10 ms, not every
250. What a client returns is looked at: a figure for half an answer would be a lie.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from itertools import count
from typing import Any

from ibind import IbkrClient, IbkrWsClient, OrderRequest, QuestionType
from ibind.subscriptions import OrdersSubscription, TradesSubscription

from bench.portal_stage import ACCOUNTS, POSITIONS, QUESTION_ID, Contract, Gateway
from brokerport import OrderRequest as BrokerOrderRequest
from brokerport.adapters.client_portal.adapter import ClientPortalAdapter
from brokerport.adapters.client_portal.translate_quotes import FIELDS
from brokerport.adapters.clock.system import SystemClock
from brokerport.broker import Broker
from brokerport.config import (
    AccountSettings,
    ClientPortalSettings,
    JournalSettings,
    PortalPacing,
    Settings,
)
from brokerport.container import open_broker
from brokerport.domain.accounts import BrokerAccount, Role
from brokerport.domain.instruments import Stock
from brokerport.domain.order_types import Limit, Side, TimeInForce
from brokerport.ports.orders import OrderTicket
from brokerport.services.order_identity import ClientOrderIds

LOGICAL_ACCOUNT = "gen"
ACCOUNT = ACCOUNTS[0]
SNAPSHOTS_MAX = 100
THREADS = 10
AAPL = Stock("AAPL")
# It rests: nobody sells at that price.
LIMIT = Decimal("100.00")
_YES = dict.fromkeys(QuestionType, True)
_STREAM_SECONDS_MAX = 10.0
_numbers = count(1)


def portal_settings(gateway: Gateway) -> ClientPortalSettings:
    """Return how the adapter reaches the gateway; the stage's question may be answered."""
    return ClientPortalSettings(
        base_url=gateway.base_url,
        certificate=gateway.certificate,
        answered_questions=(QUESTION_ID,),
        pacing=PortalPacing.OFF,
    )


@asynccontextmanager
async def open_adapter(gateway: Gateway) -> AsyncIterator[ClientPortalAdapter]:
    """Connect the adapter until it is ready; what it is told is not kept."""
    adapter = ClientPortalAdapter(portal_settings(gateway))
    await adapter.session.connect(lambda _event: None)
    try:
        yield adapter
    finally:
        await adapter.session.disconnect()


@asynccontextmanager
async def open_portal_broker(gateway: Gateway) -> AsyncIterator[Broker]:
    """Open a ``Broker`` on the gateway for one account, its journal in memory."""
    settings = Settings(
        "client_portal",
        (AccountSettings(LOGICAL_ACCOUNT, Role.GEN, ACCOUNT.account_id),),
        client_portal=portal_settings(gateway),
        journal=JournalSettings(url="memory:"),
    )
    async with open_broker(settings) as broker:
        yield broker


@contextmanager
def open_ibind(gateway: Gateway) -> Iterator[Any]:
    """Connect ibind's REST client, and make the calls that must come first."""
    client = IbkrClient(
        account_id=ACCOUNT.account_id,
        url=gateway.base_url,
        cacert=str(gateway.certificate),
        max_retries=0,
        auto_register_shutdown=False,
    )
    try:
        if not client.check_health():
            raise RuntimeError("ibind finds the session not to be healthy")
        client.receive_brokerage_accounts()
        client.portfolio_accounts()
        yield client
    finally:
        client.close()


@contextmanager
def open_ibind_stream(gateway: Gateway, client: Any) -> Iterator[None]:
    """Open ibind's stream, and subscribe to what the adapter follows: orders and trades."""
    listener = IbkrWsClient(
        account_id=ACCOUNT.account_id,
        url=gateway.base_url.replace("https", "wss") + "/ws",
        ibkr_client=client,
        cacert=str(gateway.certificate),
        cycle_interval=0.01,
    )
    # It waits for a pong while it closes, ten seconds long; that is not timed, but waited for.
    listener._runtime._transport._ping_timeout = 0.25
    logging.getLogger("ibind").setLevel(logging.CRITICAL)
    if not listener.start():
        raise RuntimeError("ibind's stream did not start")
    try:
        subscribed = [
            listener.subscribe(TradesSubscription(days=7, realtime_updates_only=False)),
            listener.subscribe(OrdersSubscription()),
        ]
        if listener.wait_all(subscribed, _STREAM_SECONDS_MAX):
            raise RuntimeError("ibind's subscriptions were not confirmed")
        yield
    finally:
        listener.shutdown()


async def adapter_ready(gateway: Gateway) -> float:
    """Return how long the adapter takes from nothing to ready."""
    began = time.perf_counter()
    async with open_adapter(gateway):
        return time.perf_counter() - began


async def broker_ready(gateway: Gateway) -> float:
    """Return how long ``Broker`` takes: it reads and reconciles its account's books as well."""
    began = time.perf_counter()
    async with open_portal_broker(gateway):
        return time.perf_counter() - began


def ibind_ready(gateway: Gateway) -> float:
    """Return how long ibind's REST client takes until it may place an order."""
    began = time.perf_counter()
    with open_ibind(gateway):
        return time.perf_counter() - began


def ibind_ready_to_follow(gateway: Gateway) -> float:
    """Return how long ibind takes until it knows and follows what the adapter does."""
    began = time.perf_counter()
    with open_ibind(gateway) as client:
        client.reset_suppressed_messages()
        client.suppress_messages([QUESTION_ID])
        client.live_orders()
        client.trades()
        with open_ibind_stream(gateway, client):
            return time.perf_counter() - began


async def adapter_orders(gateway: Gateway, orders: int, *, is_asked: bool) -> list[float]:
    """Place orders through the adapter's port; return how long each took to be acknowledged."""
    taken: list[float] = []
    ids = ClientOrderIds(SystemClock(), random.Random())  # noqa: S311 - names, not secrets
    async with open_adapter(gateway) as adapter:
        if is_asked:
            await asyncio.to_thread(_have_questions_asked, gateway)
        for _order in range(orders):
            name = str(ids.issue(LOGICAL_ACCOUNT))
            ticket = OrderTicket(
                name, ACCOUNT, AAPL, Side.BUY, Decimal(1), Limit(LIMIT), TimeInForce.DAY
            )
            began = time.perf_counter()
            await adapter.orders.place(ticket)
            taken.append(time.perf_counter() - began)
            await adapter.orders.cancel(name)
    return taken


async def broker_orders(gateway: Gateway, orders: int) -> list[float]:
    """Place orders through ``Broker``; return how long each took to be acknowledged."""
    taken: list[float] = []
    request = BrokerOrderRequest(LOGICAL_ACCOUNT, AAPL, Side.BUY, Decimal(1), Limit(LIMIT))
    async with open_portal_broker(gateway) as broker:
        await asyncio.to_thread(_have_questions_asked, gateway)
        for _order in range(orders):
            began = time.perf_counter()
            order = await broker.place(request)
            taken.append(time.perf_counter() - began)
            await broker.cancel(order.account, order.client_order_id)
    return taken


def ibind_orders(gateway: Gateway, contract_id: int, orders: int) -> list[float]:
    """Place orders through ibind, which answers the question; return how long each took."""
    taken: list[float] = []
    with open_ibind(gateway) as client:
        client.reset_suppressed_messages()
        for _order in range(orders):
            request = OrderRequest(
                conid=contract_id,
                side="BUY",
                quantity=1,
                order_type="LMT",
                price=float(LIMIT),
                acct_id=ACCOUNT.account_id,
                coid=f"ibind.{time.time_ns()}.{next(_numbers)}",
                tif="DAY",
            )
            began = time.perf_counter()
            placed = client.place_order(request, _YES).data
            taken.append(time.perf_counter() - began)
            if placed["order_status"] != "Submitted":
                raise RuntimeError(f"ibind's order is not working: {placed}")
            client.cancel_order(placed["order_id"])
    return taken


def _have_questions_asked(gateway: Gateway) -> None:
    """Take the suppression back that the adapter asked for: it is the login's, not a client's."""
    with open_ibind(gateway) as client:
        client.reset_suppressed_messages()


async def adapter_accounts(adapter: ClientPortalAdapter) -> None:
    """Read positions, summary and ledger of every account, all at once."""
    # The port has no ledger of its own: it is a part of profit and loss.
    session = adapter.session

    async def read(account: BrokerAccount) -> None:
        held, balances, ledger = await asyncio.gather(
            adapter.account_data.positions(account),
            adapter.account_data.balances(account),
            session.read("GET", f"/portfolio/{account}/ledger"),
        )
        _require(POSITIONS, len(held), f"positions of {account}")
        if balances.total_cash.amount <= 0 or "USD" not in ledger:
            raise RuntimeError(f"{account} has no money")

    await asyncio.gather(*(read(account) for account in ACCOUNTS))


async def adapter_profits(adapter: ClientPortalAdapter) -> None:
    """Read profit and loss of every account, all at once."""
    told = await asyncio.gather(
        *(adapter.account_data.profit_and_loss(account) for account in ACCOUNTS)
    )
    _require(len(ACCOUNTS), len(told), "profits")


def ibind_accounts(client: Any, threads: int = 1) -> None:
    """Read positions, summary and ledger of every account, so many accounts at a time."""

    def read(account: BrokerAccount) -> None:
        name = account.account_id
        held = client.positions2(name).data
        summary = client.portfolio_summary(name).data
        ledger = client.get_ledger(name).data
        _require(POSITIONS, len(held), f"positions of {name}")
        if summary["totalcashvalue"]["amount"] <= 0 or "USD" not in ledger:
            raise RuntimeError(f"{name} has no money")

    _for_each(read, ACCOUNTS, threads)


def ibind_profits(client: Any) -> None:
    """Read profit and loss of every account: it is selected first, and asked until it answers."""
    for account in ACCOUNTS:
        name = account.account_id
        client.switch_account(name)
        key = f"{name}.Core"
        while key not in client.account_profit_and_loss().data.get("upnl", {}):
            pass
        client.get_ledger(name)


async def adapter_quotes(adapter: ClientPortalAdapter, contracts: Sequence[Contract]) -> None:
    """Ask for every quote at once."""
    quotes = await asyncio.gather(*(adapter.market_data.quote(one.instrument) for one in contracts))
    _require(len(contracts), sum(quote.bid is not None for quote in quotes), "quotes")


def ibind_quotes(
    client: Any, contracts: Sequence[Contract], *, threads: int = 1, keeps_lines: bool = False
) -> None:
    """Ask for every quote, 100 to a request and every request twice: the first only opens them.

    ``keeps_lines`` lets go of them before the next hundred, as IBKR's 100 market data lines demand.
    """
    quoted: list[int] = []

    def read(identities: Sequence[str]) -> None:
        client.live_marketdata_snapshot(identities, fields)
        rows = client.live_marketdata_snapshot(identities, fields).data
        quoted.append(sum("84" in row for row in rows))
        if keeps_lines:
            client.marketdata_unsubscribe_all()

    fields, names = [*FIELDS], [str(one.contract_id) for one in contracts]
    lists = [names[at : at + SNAPSHOTS_MAX] for at in range(0, len(names), SNAPSHOTS_MAX)]
    _for_each(read, lists, threads)
    _require(len(contracts), sum(quoted), "quotes")


def _for_each(work: Callable[[Any], None], items: Sequence[Any], threads: int) -> None:
    if threads == 1:
        for item in items:
            work(item)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _done in pool.map(work, items):
            pass


def _require(wanted: int, found: int, what: str) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} {what}, not {wanted}")
