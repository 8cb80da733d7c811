"""What it takes to read an account's books back and to hold them against the broker's.

The account has traded all day: N orders, each filled once, in N/10 instruments it now holds. The
broker stands still in this process and shows all of it, so what is measured is brokerport alone:

- ``read back``: the journal's entries (four for each order) become order book and ledger again;
- ``reconcile``: every order, execution and position, and the cash, held against the broker's.

Time is processor time, the median of rounds, each in a process of its own; memory is what Python
had allocated at most beyond what the broker's side takes, from one more run under tracemalloc. The
same with a tenth of the orders shows how it grows: linear is a ratio of ten.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from statistics import median
from typing import cast

from bench.child import run_child
from bench.figures import ratio, show, show_machine
from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.domain.accounts import AccountMap, BrokerAccount, LogicalAccount, Role
from brokerport.domain.balances import Balances
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Option, OptionRight
from brokerport.domain.journal import (
    BaselineRecorded,
    CommissionRecorded,
    ExecutionRecorded,
    JournalEntry,
    OrderRecorded,
    ReportRecorded,
)
from brokerport.domain.journal_fold import recorded_book
from brokerport.domain.money import usd
from brokerport.domain.order_types import Limit, Side, TimeInForce
from brokerport.domain.orders import ClientOrderId, Order, OrderRequest
from brokerport.domain.positions import Holding
from brokerport.domain.reports import Acknowledged
from brokerport.ports.adapter import BrokerAdapter, Capability
from brokerport.ports.orders import BookedExecution, BrokerOrder, BrokerOrderStatus
from brokerport.services.books import LedgerKeeper
from brokerport.services.opening import open_books
from brokerport.services.order_book import OrderBook
from brokerport.services.quarantine import Quarantine
from brokerport.services.reconciler import Reconciler
from brokerport.services.synchroniser import Synchroniser

NOW = datetime(2026, 1, 5, 20, 0, tzinfo=UTC)
ACCOUNT = BrokerAccount("DU1000001")
ACCOUNTS = AccountMap([(LogicalAccount("gen", Role.GEN), ACCOUNT)])
OPENING_CASH = usd(1_000_000_000)
PRICE = Decimal("2.50")
ORDERS_PER_POSITION = 10
GROWTH = 10


class StillBroker:
    """Every port that reconciliation asks, over records that do not change."""

    name = "still"
    capabilities = frozenset(Capability)

    def __init__(self, count: int) -> None:
        self.session = self.orders = self.account_data = self
        self.market_data = self.contracts = self
        self.fills = [_fill(number) for number in range(count)]
        self.records = tuple(_record(number, fill) for number, fill in enumerate(self.fills))
        self.booked = tuple(BookedExecution(fill, _commission(fill)) for fill in self.fills)
        paid = Decimal(sum(250 + 1 for _fill in self.fills))
        self.cash = OPENING_CASH - usd(paid)
        held = {fill.instrument: Decimal(0) for fill in self.fills}
        for fill in self.fills:
            held[fill.instrument] += fill.quantity
        self.holdings = tuple(
            Holding(one, quantity, Decimal(251)) for one, quantity in held.items()
        )

    async def open_orders(self, _account: BrokerAccount) -> tuple[BrokerOrder, ...]:
        """Nothing works any more."""
        return ()

    async def completed_orders(self, _account: BrokerAccount) -> tuple[BrokerOrder, ...]:
        """Return every order of the day."""
        return self.records

    async def executions(self, _account: BrokerAccount) -> tuple[BookedExecution, ...]:
        """Return every fill of the day."""
        return self.booked

    async def positions(self, _account: BrokerAccount) -> tuple[Holding, ...]:
        """Return every holding."""
        return self.holdings

    async def balances(self, _account: BrokerAccount) -> Balances:
        """Return the cash."""
        cash = self.cash
        return Balances(cash, cash, cash, cash, cash, cash, cash, NOW)

    async def broker_time(self) -> datetime:
        """Return the time."""
        return NOW


def _identity(number: int) -> ClientOrderId:
    return ClientOrderId("gen", f"01KE7916J0{number:016d}")


def _fill(number: int) -> Execution:
    strike = 1 + number // ORDERS_PER_POSITION
    option = Option("SPY", date(2026, 6, 19), Decimal(strike), OptionRight.PUT)
    key = str(_identity(number))
    return Execution(
        f"0000e0d5.{number:08x}.01.01", ACCOUNT, option, Side.BUY, Decimal(1), PRICE, NOW, key
    )


def _commission(fill: Execution) -> Commission:
    return Commission(fill.execution_id, usd(1))


def _record(number: int, fill: Execution) -> BrokerOrder:
    return BrokerOrder(
        str(number),
        number,
        fill.order_reference,
        ACCOUNT,
        fill.instrument,
        fill.side,
        fill.quantity,
        Limit(PRICE),
        TimeInForce.DAY,
        BrokerOrderStatus.FILLED,
        fill.quantity,
    )


def entries_of(broker: StillBroker) -> list[JournalEntry]:
    """Return what a process had journalled of the day."""
    entries: list[JournalEntry] = [
        BaselineRecorded(OPENING_CASH, (), (), NOW.replace(hour=14), "first session")
    ]
    for number, fill in enumerate(broker.fills):
        identity = _identity(number)
        request = OrderRequest("gen", fill.instrument, Side.BUY, fill.quantity, Limit(PRICE))
        entries += [
            OrderRecorded(Order.submitted(identity, request)),
            ReportRecorded(Acknowledged(str(identity), str(number), number)),
            ExecutionRecorded(fill),
            CommissionRecorded(_commission(fill)),
        ]
    return entries


async def reconcile(broker: StillBroker, entries: list[JournalEntry]) -> None:
    """Open the books of the day and reconcile; anything but agreement is an error."""
    adapter = cast(BrokerAdapter, broker)
    journal = MemoryJournal(MemoryStorage({"gen": entries}))
    ledgers = LedgerKeeper(journal)
    book = OrderBook(ACCOUNTS, lambda _event: None, ledgers)
    synchroniser = Synchroniser(adapter, ACCOUNTS, book, lambda _event: None, 60.0)
    quarantine = Quarantine(ledgers, lambda _event: None)
    reconciler = Reconciler(
        adapter,
        ACCOUNTS,
        book,
        ledgers,
        synchroniser,
        quarantine,
        lambda _event: None,
        settle_seconds=0,
        quarantines=True,
    )
    await open_books(journal, ACCOUNTS, book, synchroniser, ledgers, quarantine)
    began = time.process_time()
    result = await reconciler.reconcile("gen")
    if not result.is_clean or result.explained:
        raise RuntimeError(f"the books should agree: {result}")
    print(f"reconcile {time.process_time() - began}")


def measure_here(count: int, *, is_traced: bool) -> None:
    """Print the seconds, or the bytes, that a day of ``count`` orders takes."""
    broker = StillBroker(count)
    entries = entries_of(broker)
    gc.collect()
    if is_traced:
        tracemalloc.start()
        asyncio.run(reconcile(broker, entries))
        print(f"memory {tracemalloc.get_traced_memory()[1]}")
        return
    began = time.process_time()
    recorded_book(entries)
    print(f"read back {time.process_time() - began}")
    asyncio.run(reconcile(broker, entries))


def run_apart(count: int, *, is_traced: bool) -> dict[str, float]:
    """Take the measures in a process of its own."""
    traced = ("--traced",) if is_traced else ()
    outcome = run_child(("-m", "bench.reconciliation", "--here", str(count), *traced))
    lines = [line.rpartition(" ") for line in outcome.output.splitlines()]
    return {name: float(value) for name, _blank, value in lines}


def main() -> None:
    """Measure N and a tenth of it, and print how it grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, help="orders of the day")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each size")
    parser.add_argument("--here", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--traced", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here is not None:
        measure_here(options.here, is_traced=options.traced)
        return
    sizes = (options.orders // GROWTH, options.orders)
    taken: dict[tuple[str, int], list[float]] = {}
    for _round in range(options.rounds):
        for count in sizes:
            for name, value in run_apart(count, is_traced=False).items():
                taken.setdefault((name, count), []).append(value)
    for count in sizes:
        taken["memory", count] = [run_apart(count, is_traced=True)["memory"]]
    show_machine()
    rows = []
    for name, unit, label in (
        ("read back", 1.0, "read back, CPU s"),
        ("reconcile", 1.0, "reconcile, CPU s"),
        ("memory", 2.0**20, "both, MiB"),
    ):
        small, large = (median(taken[name, count]) for count in sizes)
        rows.append((label, f"{small / unit:.2f}", f"{large / unit:.2f}", ratio(large, small)))
    show(
        f"{sizes[1]} orders and {sizes[1] // ORDERS_PER_POSITION} positions against a tenth of "
        f"them: median of {options.rounds} rounds",
        ("", str(sizes[0]), str(sizes[1]), "ratio"),
        rows,
    )


if __name__ == "__main__":
    main()
