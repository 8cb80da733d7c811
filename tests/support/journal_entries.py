"""Journal entries for the tests: one of each kind, and strategies that make any."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal

from hypothesis import strategies as st

from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.domain.journal import (
    BaselineRecorded,
    CommissionRecorded,
    ExecutionRecorded,
    HistoryRecorded,
    JournalEntry,
    OrderRecorded,
    QuarantineRecorded,
    ReleaseRecorded,
    ReportRecorded,
    SettlementRecorded,
)
from brokerport.domain.money import Money, usd
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit, Market, Side, Stop, StopLimit, TimeInForce
from brokerport.domain.orders import ClientOrderId, Order, OrderRequest
from brokerport.domain.positions import Holding
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    Executed,
    Rejected,
    Replaced,
    ReplaceRefused,
    Warned,
)
from tests.support.examples import AAPL, AAPL_PUT, GEN, KEY, NOON, REV, execution, submitted


def one_of_each() -> tuple[JournalEntry, ...]:
    """Return an entry of every kind."""
    return (
        HistoryRecorded(("e0",)),
        BaselineRecorded(
            usd(1000), (Holding(AAPL, Decimal(5), Decimal("1.25")),), ("e0",), NOON, "first sight"
        ),
        OrderRecorded(submitted()),
        ReportRecorded(Acknowledged(KEY, "17", 4711)),
        ExecutionRecorded(execution(4)),
        CommissionRecorded(Commission("e1", usd("1.05"), usd("-3"))),
        SettlementRecorded(AAPL_PUT, Decimal(-1), Decimal(100)),
        QuarantineRecorded(("cash differs",)),
        ReleaseRecorded("looked at"),
    )


# Everything a broker or a user may write: quotes, line ends, signs from anywhere, even half a pair.
texts = st.text(st.characters(exclude_categories=()), max_size=20)
prices = st.decimals(Decimal("0.0001"), Decimal(999_999), allow_nan=False, allow_infinity=False)
amounts = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False)
quantities = st.integers(1, 10**6).map(Decimal)
times = st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(fold=0))
codes = st.none() | st.integers(-(2**31), 2**31)
currencies = st.sampled_from(["USD", "EUR", "JPY"])
money = st.builds(Money, amounts, currencies)
stocks = st.builds(Stock, st.sampled_from(["AAPL", "BRK B", "T"]), currencies)
options = st.builds(
    Option,
    st.sampled_from(["AAPL", "SPXW"]),
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.decimals("0.5", 99_999, places=3),
    st.sampled_from(OptionRight),
    st.sampled_from([10, 100]),
    currencies,
)
instruments = stocks | options
order_types = (
    st.just(Market())
    | st.builds(Limit, prices)
    | st.builds(Stop, prices)
    | st.builds(StopLimit, prices, prices)
)
sides = st.sampled_from(Side)
keys = st.builds(
    ClientOrderId,
    st.sampled_from(["gen", "rev-1"]),
    st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26),
)
executions = st.builds(
    Execution,
    texts,
    st.sampled_from([GEN, REV]),
    instruments,
    sides,
    quantities,
    prices,
    times,
    st.none() | texts,
    codes,
)
requests = st.builds(
    OrderRequest,
    st.sampled_from(["gen", "rev-1"]),
    instruments,
    sides,
    quantities,
    order_types,
    st.sampled_from(TimeInForce),
)
orders = st.builds(
    Order,
    keys,
    requests,
    quantities,
    order_types,
    st.sampled_from(OrderStatus),
    st.none() | texts,
    codes,
    st.lists(executions, max_size=3).map(tuple),
    st.none() | st.tuples(quantities, order_types),
    texts,
    codes,
    st.lists(texts, max_size=2).map(tuple),
)
reports = (
    st.builds(Acknowledged, texts, texts, codes)
    | st.builds(Replaced, texts, quantities, order_types)
    | st.builds(ReplaceRefused, texts, texts, codes, st.none() | texts)
    | st.builds(CancelRefused, texts, texts, codes)
    | st.builds(Cancelled, texts, texts)
    | st.builds(Rejected, texts, texts, codes, st.none() | texts)
    | st.builds(Executed, texts, executions)
    | st.builds(Warned, texts, texts, codes)
)
entries: st.SearchStrategy[JournalEntry] = (
    st.builds(OrderRecorded, orders)
    | st.builds(ReportRecorded, reports)
    | st.builds(ExecutionRecorded, executions)
    | st.builds(CommissionRecorded, st.builds(Commission, texts, money, st.none() | money))
    | st.builds(HistoryRecorded, st.lists(texts, max_size=2).map(tuple))
    | st.builds(
        BaselineRecorded,
        money,
        st.lists(st.builds(Holding, instruments, amounts, amounts), max_size=2).map(tuple),
        st.lists(texts, max_size=2).map(tuple),
        times,
        texts,
    )
    | st.builds(SettlementRecorded, options, amounts, amounts)
    | st.builds(QuarantineRecorded, st.lists(texts, max_size=2).map(tuple))
    | st.builds(ReleaseRecorded, texts)
)


def numbered(number: int) -> ReleaseRecorded:
    """Return an entry that carries a number."""
    return ReleaseRecorded(str(number))


def numbers_of(found: tuple[JournalEntry, ...]) -> list[int]:
    """Return the numbers that entries carry, in their order."""
    return [int(entry.note) for entry in found if isinstance(entry, ReleaseRecorded)]
