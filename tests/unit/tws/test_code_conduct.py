"""What the adapter does about every code, sent to it over the wire in every context."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from attrs import frozen

from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.adapters.tws.codes import CODES
from brokerport.config.tws_codes import OrderMeaning, Verdict
from brokerport.domain.errors import BrokerportError, RequestRefused, TemporarilyRefused
from brokerport.domain.order_types import Limit
from brokerport.domain.reports import (
    Cancelled,
    CancelRefused,
    OrderReport,
    Rejected,
    ReplaceRefused,
    Warned,
)
from brokerport.ports.session import BrokerReachable, BrokerUnreachable, NoticeReported
from tests.unit.tws.sample_orders import ACCOUNT, ticket
from tests.unit.tws.test_session import Heard, until
from tests.unit.tws.virtual_tws import VirtualTws, connected, in_virtual_time, reports_on

NEW, WORKING, REPLACING, CANCELLING = "new", "working", "replacing", "cancelling"
CONTEXTS = (NEW, WORKING, REPLACING, CANCELLING)
WORDS = "IBKR's words"
# Long enough for anything to leave and arrive, also after code 100; it takes no time.
VIRTUAL_SECONDS = 2.0

Kinds = tuple[type[OrderReport], type[OrderReport], type[OrderReport], type[OrderReport]]

WARNED: Kinds = (Warned, Warned, Warned, Warned)
ENTRY_REFUSED: Kinds = (Rejected, Warned, ReplaceRefused, Warned)
REPLACE_REFUSED: Kinds = (Warned, Warned, ReplaceRefused, Warned)
CANCEL_REFUSED: Kinds = (Warned, Warned, Warned, CancelRefused)
NOT_FOUND: Kinds = (Warned, Warned, ReplaceRefused, CancelRefused)
REFUSED: Kinds = (Rejected, Rejected, ReplaceRefused, Rejected)
CANCELLED: Kinds = (Cancelled, Cancelled, Cancelled, Cancelled)

ON_ORDER = {
    OrderMeaning.WARNING: WARNED,
    OrderMeaning.ENTRY_REFUSED: ENTRY_REFUSED,
    OrderMeaning.REPLACE_REFUSED: REPLACE_REFUSED,
    OrderMeaning.CANCEL_REFUSED: CANCEL_REFUSED,
    OrderMeaning.NOT_FOUND: NOT_FOUND,
    OrderMeaning.REFUSED: REFUSED,
    OrderMeaning.CANCELLED: CANCELLED,
}
ON_READ: dict[Verdict, type[BrokerportError] | None] = {
    Verdict.NOTICE: None,
    Verdict.RETRYABLE: TemporarilyRefused,
    Verdict.FINAL: RequestRefused,
    Verdict.UNKNOWN: RequestRefused,
}

# What is told beside the notice.
ON_SESSION: dict[int, list[type]] = {
    1100: [BrokerUnreachable],
    2110: [BrokerUnreachable],
    1101: [BrokerReachable],
    1102: [BrokerReachable],
}

# The codes that the notes on the wire protocol name in section 5, with the duties they give.
DUTIES: dict[int, tuple[Kinds, type[BrokerportError] | None]] = {
    # too fast: throttle; nothing is said of an order
    100: (WARNED, TemporarilyRefused),
    # duplicate id, changed after the fill, change that does not match: the original may live
    103: (ENTRY_REFUSED, RequestRefused),
    104: (REPLACE_REFUSED, RequestRefused),
    105: (ENTRY_REFUSED, RequestRefused),
    # bad tick: a new order is dead, a change leaves the original live
    110: (ENTRY_REFUSED, RequestRefused),
    # not cancellable, not found, wrong state: nothing may be assumed of the order
    161: (CANCEL_REFUSED, RequestRefused),
    10147: (NOT_FOUND, RequestRefused),
    10148: (CANCEL_REFUSED, RequestRefused),
    # historical data: none, or paced
    162: (WARNED, TemporarilyRefused),
    366: (WARNED, TemporarilyRefused),
    # no or an ambiguous contract, rejected, cancelled, not allowed
    200: (ENTRY_REFUSED, RequestRefused),
    201: (REFUSED, RequestRefused),
    202: (CANCELLED, RequestRefused),
    203: (REFUSED, RequestRefused),
    # validation, also a read-only session
    321: (ENTRY_REFUSED, RequestRefused),
    326: (WARNED, TemporarilyRefused),
    327: (WARNED, RequestRefused),
    # market data: 10090 and 10167 still deliver, a competing session ends one day
    354: (WARNED, RequestRefused),
    10089: (WARNED, RequestRefused),
    10090: (WARNED, None),
    10167: (WARNED, None),
    10168: (WARNED, RequestRefused),
    10186: (WARNED, RequestRefused),
    10197: (WARNED, TemporarilyRefused),
    # warnings: the order is alive
    399: (WARNED, None),
    404: (WARNED, None),
    2109: (WARNED, None),
    10349: (WARNED, None),
    # zero size; an order id of 0
    434: (ENTRY_REFUSED, RequestRefused),
    10149: (ENTRY_REFUSED, RequestRefused),
    # a client's own, never on the wire
    501: (WARNED, RequestRefused),
    502: (WARNED, RequestRefused),
    503: (WARNED, RequestRefused),
    504: (WARNED, TemporarilyRefused),
    # the line to IBKR and the farms: notices
    **dict.fromkeys((1100, 1101, 1102, 1300), (WARNED, None)),
    **dict.fromkeys((2103, 2105, 2157, 2104, 2106, 2158, 2107, 2108, 2119, 2110), (WARNED, None)),
}

NOT_IN_THE_TABLE = 99_999
TESTED = sorted({*CODES, *DUTIES, *range(2100, 2171), NOT_IN_THE_TABLE})


@frozen
class Orders:
    """An order in each context: ClientOrderIds and order ids."""

    references: dict[str, str]
    order_ids: dict[str, int]


async def orders_in_context(tws: VirtualTws, adapter: TwsAdapter) -> Orders:
    """Bring an order into each context."""
    references = {
        context: ticket().client_order_id[:-1] + context[0].upper() for context in CONTEXTS
    }
    for reference in references.values():
        await adapter.orders.place(ticket(reference))
    await adapter.session.broker_time()
    order_ids: dict[str, int] = dict(zip(CONTEXTS, tws.placed_ids(), strict=True))
    for context in (WORKING, REPLACING, CANCELLING):
        tws.says_working(order_ids[context])
    await adapter.session.broker_time()
    await adapter.orders.replace(references[REPLACING], Decimal(150), Limit("251"))
    await adapter.orders.cancel(references[CANCELLING])
    await adapter.session.broker_time()
    return Orders(references, order_ids)


async def check_orders(tws: VirtualTws, adapter: TwsAdapter, heard: Heard, code: int) -> None:
    """Send the code about an order in each context, and compare what is reported of it."""
    orders = await orders_in_context(tws, adapter)
    before = len(heard)
    for order_id in orders.order_ids.values():
        tws.says_code(order_id, code, WORDS)
    await adapter.session.broker_time()
    news = Heard(heard[before:])
    for kind, context in zip(ON_ORDER[CODES.known(code).on_order], CONTEXTS, strict=True):
        (report,) = reports_on(news, orders.references[context])
        assert type(report) is kind, context
        if isinstance(report, Cancelled):
            assert report.reason == ("" if context == CANCELLING else WORDS)
        else:
            assert isinstance(report, Rejected | Warned | ReplaceRefused | CancelRefused)
            assert (report.reason, report.code) == (WORDS, code)
    assert news.of(NoticeReported) == []


async def check_read(tws: VirtualTws, adapter: TwsAdapter, heard: Heard, code: int) -> None:
    """Send the code about a read under way."""
    reading = asyncio.ensure_future(adapter.orders.executions(ACCOUNT))
    await asyncio.sleep(VIRTUAL_SECONDS)
    (sent,) = tws.sent("7")
    tws.says_code(int(sent[2]), code, WORDS)
    await adapter.session.broker_time()
    error = ON_READ[CODES.known(code).verdict]
    if error is None:
        assert not reading.done()
        assert heard.of(NoticeReported)[-1] == NoticeReported(code, WORDS)
        tws.say((55, 1, sent[2]))
        assert await reading == ()
        return
    with pytest.raises(error, match=WORDS) as caught:
        await reading
    assert isinstance(caught.value, RequestRefused | TemporarilyRefused)
    assert (caught.value.reason, caught.value.code) == (WORDS, code)


async def check_session(tws: VirtualTws, adapter: TwsAdapter, heard: Heard, code: int) -> None:
    """Send the code about nothing in particular."""
    before = len(heard)
    tws.says_code(-1, code, WORDS)
    await until(lambda: len(heard) > before)
    await adapter.session.broker_time()
    assert heard[before] == NoticeReported(code, WORDS)
    assert [type(event) for event in heard[before + 1 :]] == ON_SESSION.get(code, [])
    assert adapter.session.is_connected


@pytest.mark.parametrize("code", TESTED)
def test_the_adapter_does_what_the_table_says(code: int) -> None:
    """About an order in each context, a read under way, and the session."""

    async def send() -> None:
        async with VirtualTws() as tws:
            adapter, heard = await connected(tws)
            await check_orders(tws, adapter, heard, code)
            await check_read(tws, adapter, heard, code)
            await check_session(tws, adapter, heard, code)
            await adapter.session.disconnect()

    in_virtual_time(send)


@pytest.mark.parametrize("code", DUTIES)
def test_the_table_gives_each_code_its_duty(code: int) -> None:
    """What the notes on the wire protocol ask for stands in the table, written down twice."""
    entry = CODES[code]
    assert (ON_ORDER[entry.on_order], ON_READ[entry.verdict]) == DUTIES[code]
    assert entry.meaning


def test_after_too_many_messages_nothing_leaves_for_a_second() -> None:
    """Code 100 is answered by holding back, whatever waits."""

    async def send() -> None:
        async with VirtualTws() as tws:
            adapter, heard = await connected(tws)
            tws.says_code(-1, 100, "Max rate of messages per second has been exceeded")
            await until(lambda: heard.of(NoticeReported))
            began = asyncio.get_running_loop().time()
            await adapter.session.broker_time()
            assert asyncio.get_running_loop().time() - began >= 1.0
            await adapter.session.disconnect()

    in_virtual_time(send)
