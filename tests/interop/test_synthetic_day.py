"""One synthetic day in volume: ib_async trades, the official client looks on, and at the close
three sets of books agree to the cent: ib_async's, the official client's and the exchange's.

A seed decides the market and the orders; it is printed when the day fails.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from ib_async import IB, LimitOrder, MarketOrder, Order, Stock, StopLimitOrder, StopOrder, Trade
from ibapi.execution import ExecutionFilter

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.money import usd
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.gateways.tws import GatewaySettings, TwsGateway
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World
from tests.interop.client_log import client_log
from tests.interop.floor import ACCOUNT, CLOSING
from tests.interop.official_client import OfficialClient, errors, every, names

pytestmark = pytest.mark.interop
D = Decimal
SEED = 20260105
SYMBOLS = ("AAPL", "MSFT", "SPY", "F", "KO", "INTC", "GME", "TLT")
TRADER, MASTER = 11, 12
MINUTE = timedelta(minutes=1)
MINUTES = 390
EVERY_MINUTES = 3


class Trader:
    """An ib_async client that works a day's worth of random orders."""

    def __init__(self, world: World, port: int) -> None:
        self._world = world
        self._port = port
        self._random = random.Random(SEED)
        self.ib = IB()
        self.ib.client.MaxRequests = 0
        self.trades: list[Trade] = []
        self.errors: Counter[int] = Counter()
        self.ib.errorEvent += lambda _id, code, *_: self.errors.update([code])

    async def trade_the_day(self) -> None:
        """Trade until the close, a few orders every few minutes; then hear the last of it."""
        ib = self.ib
        await ib.connectAsync("127.0.0.1", self._port, TRADER, timeout=10, raiseSyncErrors=True)
        contracts = [Stock(symbol, "SMART", "USD") for symbol in SYMBOLS]
        assert await ib.qualifyContractsAsync(*contracts) == contracts
        tickers = [ib.reqMktData(contract) for contract in contracts]
        await self._settle()
        for _ in range(0, MINUTES - EVERY_MINUTES, EVERY_MINUTES):
            self._world.advance(EVERY_MINUTES * MINUTE)
            await self._settle()
            for ticker in tickers:
                assert 0 < ticker.bid < ticker.ask
            for ticker in self._random.sample(tickers, 2):
                assert ticker.contract is not None
                self.trades.append(ib.placeOrder(ticker.contract, self._order(ticker)))
            if working := ib.openTrades():
                self._change(self._random.choice(working))
            await self._settle()
        self._world.advance_to(CLOSING)
        await self._settle()

    async def hang_up(self) -> None:
        """Disconnect."""
        self.ib.disconnect()

    def _order(self, ticker: Any) -> Order:
        action = self._random.choice(("BUY", "SELL"))
        quantity = self._random.choice((1, 5, 30, 100, 700, 2500))
        away = self._random.choice((-4, -1, 0, 1, 4, 20)) / 100
        toward = 1 if action == "BUY" else -1
        near = round((ticker.ask if action == "BUY" else ticker.bid) - toward * away, 2)
        beyond: float = round(ticker.last + toward * (abs(away) + 0.02), 2)
        reference = f"day {len(self.trades)}"
        match self._random.randrange(4):
            case 0:
                order: Order = MarketOrder(action, min(quantity, 100))
            case 1:
                order = StopOrder(action, min(quantity, 100), beyond)
            case 2:
                limit = round(beyond + toward * 0.05, 2)
                order = StopLimitOrder(action, min(quantity, 100), limit, beyond)
            case _:
                order = LimitOrder(action, quantity, near)
        order.orderRef = reference
        return order

    def _change(self, trade: Trade) -> None:
        if self._random.random() < 0.5:
            self.ib.cancelOrder(trade.order)
        elif trade.order.orderType == "LMT":
            toward = 1 if trade.order.action == "BUY" else -1
            price: Any = trade.order.lmtPrice
            trade.order.lmtPrice = round(price + toward * 0.02, 2)
            self.ib.placeOrder(trade.contract, trade.order)

    async def _settle(self) -> None:
        for _ in range(2):
            await self.ib.reqCurrentTimeAsync()


Books = tuple[Decimal, dict[str, Decimal], dict[str, tuple[Any, ...]]]


def books(executions: Iterable[tuple[str, str, Decimal, Decimal, Decimal, str]]) -> Books:
    """Add up executions: the cash, the position in each symbol, and every fill by its id.

    Each is (execution id, symbol, signed quantity, price, commission, order reference).
    """
    cash, held, fills = D(1_000_000), defaultdict[str, Decimal](Decimal), {}
    for execution_id, symbol, quantity, price, commission, reference in executions:
        assert execution_id not in fills
        fills[execution_id] = (symbol, quantity, price, commission, reference)
        cash -= (quantity * price).quantize(D("0.01")) + commission
        held[symbol] += quantity
    return cash, {symbol: quantity for symbol, quantity in held.items() if quantity}, fills


def ib_async_executions(trades: Iterable[Trade]) -> Iterator[Any]:
    """Yield what ib_async holds in its trades."""
    for trade in trades:
        for fill in trade.fills:
            execution = fill.execution
            yield (
                execution.execId,
                fill.contract.symbol,
                signed(execution.side, execution.shares),
                D(str(execution.price)),
                D(str(fill.commissionReport.commission)).quantize(D("0.01")),
                execution.orderRef,
            )


def official_executions(calls: list[Any]) -> Iterator[Any]:
    """Yield what the official client was told."""
    reports = {
        call.commissionAndFeesReport.execId: call.commissionAndFeesReport
        for call in every("commissionAndFeesReport", calls)
    }
    for call in every("execDetails", calls):
        execution = call.execution
        commission = reports[execution.execId].commissionAndFees
        yield (
            execution.execId,
            call.contract.symbol,
            signed(execution.side, execution.shares),
            D(str(execution.price)),
            D(str(commission)).quantize(D("0.01")),
            execution.orderRef,
        )


def exchange_executions(world: World) -> Iterator[Any]:
    """Yield what the exchange's own books hold."""
    for booked in world.brokerage.executions():
        execution = booked.execution
        yield (
            execution.execution_id,
            execution.instrument.symbol,
            execution.side.sign * execution.quantity,
            execution.price,
            booked.commission.amount.amount,
            execution.order_reference,
        )


def signed(side: str, shares: float | Decimal) -> Decimal:
    """Return a quantity with the sign of its side."""
    return D(str(shares)) * {"BOT": 1, "SLD": -1}[side]


def test_a_synthetic_day() -> None:
    """Hundreds of orders, three books, one truth; and nobody logged an error of its own."""
    print(f"seed {SEED}")
    account = BrokerAccount(ACCOUNT)
    world = World.build(
        Scenario(seed=SEED, accounts=(AccountSetup(account, usd(1_000_000)),), tick_seconds=15)
    )
    settings = GatewaySettings(messages_per_second_max=None, master_client_id=MASTER)
    gateway = TwsGateway(world, settings=settings)
    with (
        client_log("ibapi") as official_log,
        client_log("ib_async") as ib_async_log,
        ExitStack() as resources,
    ):
        portal = resources.enter_context(start_blocking_portal())
        resources.enter_context(portal.wrap_async_context_manager(gateway))
        port = portal.call(lambda: gateway.port)
        master = OfficialClient(port, MASTER)
        resources.callback(master.hang_up)
        master.connect()
        master.ask(
            lambda client: client.reqPositions(),
            lambda client: client.reqAccountUpdates(True, ACCOUNT),
        )
        trader = portal.call(Trader, world, port)
        resources.callback(portal.call, trader.hang_up)
        portal.call(trader.trade_the_day)
        master.barrier()

        truth = books(exchange_executions(world))
        assert truth[0] == world.brokerage.balances(account).total_cash.amount
        assert books(ib_async_executions(trader.trades)) == truth
        assert books(official_executions(master.calls)) == truth
        replay = master.ask(lambda client: client.reqExecutions(1, ExecutionFilter()))
        assert books(official_executions(replay)) == truth

        held = {p.instrument.symbol: p for p in world.brokerage.positions(account)}
        assert {symbol: p.quantity for symbol, p in held.items()} == truth[1]
        for told in (
            {p.contract.symbol: (p.position, p.avgCost) for p in trader.ib.positions()},
            last_positions(master),
        ):
            assert told == {
                symbol: (float(p.quantity), float(p.average_cost)) for symbol, p in held.items()
            }
        cash = {c.key: c.val for c in every("updateAccountValue", master.calls)}
        assert D(cash["TotalCashValue"]) == truth[0]

        orders = {order.order_reference: order for order in world.brokerage.orders()}
        assert len(orders) == len(trader.trades) == 2 * len(range(0, 387, EVERY_MINUTES))
        for trade in trader.trades:
            order = orders[trade.order.orderRef]
            assert trade.orderStatus.status == order.status.value
            assert D(str(trade.orderStatus.filled)) == order.filled
            assert trade.order.permId == order.perm_id
        done = master.ask(lambda client: client.reqCompletedOrders(False))
        assert {c.order.permId: c.orderState.status for c in every("completedOrder", done)} == {
            order.perm_id: order.status.value for order in orders.values()
        }
        assert names(master.ask(lambda client: client.reqAllOpenOrders())) == ["openOrderEnd"]

        # The day was worth the name: it saw fills in parts, cancels, and every end of an order.
        statuses = Counter(order.status.value for order in orders.values())
        assert statuses["Filled"] > 50, statuses
        assert statuses["Cancelled"] > 10, statuses
        assert len(truth[2]) > statuses["Filled"]
        # 104 and 161: some orders filled while their change or cancel was on its way.
        assert trader.errors.keys() - {2104, 2106, 2158} <= {104, 161, 201, 202}
        assert {code for _, code in errors(master.calls)} <= {201, 202}
        assert gateway.faults.count == 0
    assert official_log.faults == ib_async_log.faults == []


def last_positions(client: OfficialClient) -> dict[str, tuple[float, float]]:
    """Return the last position an official client was told of in each symbol, the flat left out."""
    last = {
        call.contract.symbol: (float(call.position), call.avgCost)
        for call in every("position", client.calls)
    }
    return {symbol: (quantity, cost) for symbol, (quantity, cost) in last.items() if quantity}
