"""Quotes of the Client Portal API: rows of a snapshot, and how they are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from brokerport.adapters.client_portal.contracts import Contracts
from brokerport.adapters.client_portal.market_data import (
    ASK_AGAIN_SECONDS,
    ASKS_MAX,
    FIRST_WAITS_SECONDS,
    LINES_MAX,
    SETTLING_ASKS,
    MarketData,
)
from brokerport.adapters.client_portal.translate_quotes import FIELDS, to_quote
from brokerport.domain.contracts import ContractDetails
from brokerport.domain.errors import NotConnected, RequestRefused, RequestTimedOut, UnknownContract
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.market_data import Greeks, MarketDataKind, Quote
from tests.unit.client_portal.fake_session import FakeSession, Query, run

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
AAPL = Stock("AAPL")
PUT = Option("AAPL", date(2026, 1, 23), Decimal(250), OptionRight.PUT)
SNAPSHOT = "/iserver/marketdata/snapshot"
UNSUBSCRIBE_ALL = "/iserver/marketdata/unsubscribeall"
FILLED = {
    "conidEx": "265598",
    "_updated": 1702317649000,
    "31": "250.02",
    "7059": "1,200",
    "84": "250.00",
    "88": "1,300",
    "86": "250.05",
    "85": "600",
    "87": "1.2M",
    "7762": "1234567",
    "7741": "248.75",
    "6509": "RpB",
}


class StillClock:
    """It is always the same moment."""

    def now(self) -> datetime:
        return NOW


class FakeContracts:
    """Numbers for instruments, in the order in which they are asked for."""

    def __init__(self) -> None:
        self.ids: dict[Instrument, int] = {AAPL: 265598, PUT: 700}
        self.expired: set[Instrument] = set()

    async def contract_id(self, instrument: Instrument) -> int:
        return self.ids.setdefault(instrument, len(self.ids) + 1)

    async def details(self, instrument: Instrument) -> ContractDetails | None:
        if instrument in self.expired:
            raise UnknownContract(str(instrument))
        return None


class Feed:
    """Snapshots as IBKR gives them: the first request about a contract opens its feed only."""

    def __init__(self, session: FakeSession, row: dict[str, Any] | None = None) -> None:
        self.row = FILLED if row is None else row
        self.opened: set[str] = set()
        self.requests: list[list[str]] = []
        session.answers[SNAPSHOT] = self.snapshot
        session.answers[UNSUBSCRIBE_ALL] = self.unsubscribe_all

    def snapshot(self, query: Query) -> list[dict[str, Any]]:
        asked = query["conids"].split(",")
        self.requests.append(asked)
        rows = [{"conid": int(one), **(self.row if one in self.opened else {})} for one in asked]
        self.opened.update(asked)
        return rows

    def unsubscribe_all(self, _query: Query) -> dict[str, bool]:
        self.opened.clear()
        return {"unsubscribed": True}


@pytest.fixture
def session() -> FakeSession:
    """A session that answers nothing yet."""
    return FakeSession()


def market_data(session: FakeSession, contracts: FakeContracts | None = None) -> MarketData:
    """The port under test."""
    found = contracts or FakeContracts()
    return MarketData(session.as_session, cast(Contracts, found), StillClock())


def quotes(data: MarketData, instruments: Iterable[Instrument]) -> list[Quote]:
    """Ask for many at once."""

    async def ask() -> list[Quote]:
        return await asyncio.gather(*(data.quote(one) for one in instruments))

    return run(ask())


def test_a_row_is_a_quote() -> None:
    """Every value exactly as it is written."""
    assert to_quote(AAPL, FILLED, NOW) == Quote(
        instrument=AAPL,
        as_of=NOW,
        bid=Decimal(250),
        bid_size=Decimal(1300),
        ask=Decimal("250.05"),
        ask_size=Decimal(600),
        last=Decimal("250.02"),
        last_size=Decimal(1200),
        close=Decimal("248.75"),
        volume=Decimal(1_234_567),
        kind=MarketDataKind.LIVE,
    )


@pytest.mark.parametrize("nothing", ["", None, "0", "-1", "-1.00"])
def test_nothing_at_a_price_is_an_empty_side(nothing: str | None) -> None:
    """No price and no size, never an offer at zero."""
    quote = to_quote(AAPL, FILLED | {"86": nothing}, NOW)
    assert (quote.ask, quote.ask_size, quote.bid) == (None, None, Decimal(250))
    quote = to_quote(AAPL, FILLED | {"88": nothing}, NOW)
    assert (quote.bid, quote.bid_size) == (None, None)


def test_a_prior_close_is_no_last_price() -> None:
    """Nothing has traded; it is the close where no other is told."""
    quote = to_quote(AAPL, FILLED | {"31": "C123.45"}, NOW)
    assert (quote.last, quote.last_size, quote.close) == (None, None, Decimal("248.75"))
    quote = to_quote(AAPL, FILLED | {"31": "C123.45", "7741": ""}, NOW)
    assert (quote.last, quote.close) == (None, Decimal("123.45"))


def test_a_halted_price_is_the_last() -> None:
    """It traded there before the halt."""
    assert to_quote(AAPL, FILLED | {"31": "H123.45"}, NOW).last == Decimal("123.45")


def test_greeks_come_whole_or_not_at_all() -> None:
    """The volatility is a percentage; neither the model's price nor the underlying's is told."""
    greeks = {"7308": "-0.45", "7309": "0.02", "7310": "-0.05", "7311": "0.3", "7633": "25.3%"}
    assert to_quote(PUT, FILLED | greeks, NOW).greeks == Greeks(
        delta=Decimal("-0.45"),
        gamma=Decimal("0.02"),
        theta=Decimal("-0.05"),
        vega=Decimal("0.3"),
        implied_volatility=Decimal("0.253"),
        underlying_price=None,
        model_price=None,
    )
    for field in greeks:
        assert to_quote(PUT, FILLED | greeks | {field: ""}, NOW).greeks is None


def test_a_rounded_volume_is_none() -> None:
    """1.2M is not a number of shares; 950 is; nothing traded is zero."""
    assert to_quote(AAPL, FILLED | {"7762": "", "87": "1.2M"}, NOW).volume is None
    assert to_quote(AAPL, FILLED | {"7762": "", "87": "950"}, NOW).volume == 950
    assert to_quote(AAPL, FILLED | {"7762": "0", "87": "0"}, NOW).volume == 0


@pytest.mark.parametrize(
    ("availability", "kind"),
    [
        ("RpB", MarketDataKind.LIVE),
        ("ZB", MarketDataKind.FROZEN),
        ("DPB", MarketDataKind.DELAYED),
        ("Y", MarketDataKind.DELAYED_FROZEN),
    ],
)
def test_freshness_is_told(availability: str, kind: MarketDataKind) -> None:
    """By the first letter of field 6509."""
    assert to_quote(AAPL, FILLED | {"6509": availability}, NOW).kind is kind


@pytest.mark.parametrize("row", [{"6509": "X"}, {"6509": ""}, {"84": "abc"}, {"31": "X1.00"}])
def test_a_value_of_an_unknown_form_is_refused(session: FakeSession, row: dict[str, str]) -> None:
    """A delayed quote must not pass for a live one, nor a text for a price."""
    Feed(session, FILLED | row)
    with pytest.raises(RequestRefused, match="not usable"):
        run(market_data(session).quote(AAPL))


def test_the_first_answer_has_only_a_number(session: FakeSession) -> None:
    """It is asked again, for the fields that make a quote."""
    feed = Feed(session)
    assert run(market_data(session).quote(AAPL)).bid == Decimal(250)
    assert feed.requests == [["265598"]] * 2
    assert session.asked_of(SNAPSHOT)[0]["fields"] == ",".join(FIELDS)


def test_an_open_feed_answers_at_once(session: FakeSession) -> None:
    """The second quote takes one request."""
    feed = Feed(session)
    data = market_data(session)
    run(data.quote(AAPL))
    run(data.quote(AAPL))
    assert len(feed.requests) == 3


def test_quotes_at_once_share_a_request(session: FakeSession) -> None:
    """A hundred contracts, each asked for twice: the request that opens, and the one that tells."""
    feed = Feed(session)
    stocks = [Stock(f"S{number}") for number in range(100)]
    found = quotes(market_data(session), stocks * 2)
    assert [quote.instrument for quote in found] == stocks * 2
    assert [len(request) for request in feed.requests] == [100, 100]


def test_no_request_asks_for_more_than_a_hundred(session: FakeSession) -> None:
    """The others come after, when the first ones' lines were let go of."""
    feed = Feed(session)
    stocks = [Stock(f"S{number}") for number in range(250)]
    found = quotes(market_data(session), stocks)
    assert [quote.instrument for quote in found] == stocks
    assert [len(request) for request in feed.requests] == [100, 100, 100, 100, 50, 50]
    assert len(session.asked_of(UNSUBSCRIBE_ALL)) == 2


def test_lines_are_let_go_of_before_they_run_out(session: FakeSession) -> None:
    """One contract after another holds a line each; the hundred and first starts anew."""
    Feed(session)
    data = market_data(session)
    for number in range(LINES_MAX):
        run(data.quote(Stock(f"S{number}")))
    assert session.asked_of(UNSUBSCRIBE_ALL) == []
    assert run(data.quote(Stock("ONE.MORE"))).bid == Decimal(250)
    assert len(session.asked_of(UNSUBSCRIBE_ALL)) == 1


def test_a_new_session_has_no_lines(session: FakeSession) -> None:
    """IBKR forgot them with the old one."""
    Feed(session)
    data = market_data(session)
    for number in range(LINES_MAX):
        run(data.quote(Stock(f"S{number}")))
    session.begin_again()
    run(data.quote(Stock("ONE.MORE")))
    assert session.asked_of(UNSUBSCRIBE_ALL) == []


def test_a_missing_side_is_waited_for_a_little(session: FakeSession) -> None:
    """Then it is empty."""
    feed = Feed(
        session, {name: value for name, value in FILLED.items() if name not in ("86", "85")}
    )
    quote = run(market_data(session).quote(AAPL))
    assert (quote.bid, quote.ask) == (Decimal(250), None)
    assert len(feed.requests) == 1 + SETTLING_ASKS + 1
    # The row that was only opened is asked for again at once.
    assert session.slept == [ASK_AGAIN_SECONDS] * SETTLING_ASKS


def test_an_options_greeks_are_waited_for_a_little(session: FakeSession) -> None:
    """They come later than its prices, if at all; a stock has none to wait for."""
    greeks = {"7308": "-0.45", "7309": "0.02", "7310": "-0.05", "7311": "0.3", "7633": "25.3%"}
    priced = {"conid": 700, **FILLED}
    session.answer(SNAPSHOT, [{"conid": 700}], [priced], [priced | greeks])
    assert run(market_data(session).quote(PUT)).greeks is not None
    session.answer(SNAPSHOT, [priced])
    session.asked.clear()
    assert run(market_data(session).quote(PUT)).greeks is None
    assert len(session.asked) == SETTLING_ASKS + 1


def test_a_side_that_comes_later_is_not_missed(session: FakeSession) -> None:
    """IBKR fills a row field by field."""
    partly = {"conid": 265598, "6509": "RpB", "84": "250.00", "88": "5"}
    session.answer(SNAPSHOT, [{"conid": 265598}], [partly], [{"conid": 265598, **FILLED}])
    assert run(market_data(session).quote(AAPL)).ask == Decimal("250.05")


def test_silence_is_no_quote(session: FakeSession) -> None:
    """Nothing in twenty requests is a time-out, not an empty market."""
    session.answer(SNAPSHOT, [{"conid": 265598}])
    with pytest.raises(RequestTimedOut, match="AAPL"):
        run(market_data(session).quote(AAPL))
    assert len(session.asked_of(SNAPSHOT)) == ASKS_MAX
    first, *growing = FIRST_WAITS_SECONDS
    assert first == 0
    assert growing == sorted(growing)
    rest = ASKS_MAX - 1 - len(FIRST_WAITS_SECONDS)
    assert session.slept == [*growing, *[ASK_AGAIN_SECONDS] * rest]


def test_an_expired_option_is_unknown(session: FakeSession) -> None:
    """Though its contract id was known."""
    session.answer(SNAPSHOT, [{"conid": 700}])
    contracts = FakeContracts()
    contracts.expired.add(PUT)
    with pytest.raises(UnknownContract):
        run(market_data(session, contracts).quote(PUT))


def test_no_subscription_is_a_refusal(session: FakeSession) -> None:
    """It is not an empty market either."""
    Feed(session, {"6509": "N"})
    with pytest.raises(RequestRefused, match="subscription"):
        run(market_data(session).quote(AAPL))


def test_a_failed_request_fails_all_who_wait(session: FakeSession) -> None:
    """And the next quote is asked for anew."""
    session.answer(SNAPSHOT, NotConnected("the line is cut"), [{"conid": 265598, **FILLED}])
    data = market_data(session)

    async def ask() -> list[Quote | BaseException]:
        asked = (data.quote(AAPL), data.quote(PUT))
        return list(await asyncio.gather(*asked, return_exceptions=True))

    assert [type(one) for one in run(ask())] == [NotConnected] * 2
    assert run(data.quote(AAPL)).bid == Decimal(250)


@pytest.mark.parametrize("answer", ["no list", [{"conid": "x"}], [{"31": "1.00"}], [1]])
def test_an_answer_of_another_form_is_refused(session: FakeSession, answer: object) -> None:
    """It is told to who asked."""
    session.answer(SNAPSHOT, answer)
    with pytest.raises(RequestRefused, match="not usable"):
        run(market_data(session).quote(AAPL))


def test_who_gives_up_is_not_asked_for(session: FakeSession) -> None:
    """The other still gets its quote, and nobody is left asking."""
    feed = Feed(session)
    data = market_data(session)

    async def ask() -> Quote:
        leaving = asyncio.create_task(data.quote(PUT))
        staying = asyncio.create_task(data.quote(AAPL))
        await asyncio.sleep(0)
        leaving.cancel()
        quote = await staying
        assert asyncio.all_tasks() - {asyncio.current_task()} == set()
        return quote

    assert run(ask()).instrument == AAPL
    assert feed.requests[-1] == ["265598"]


def test_a_question_during_a_request_gets_an_answer_of_its_own(session: FakeSession) -> None:
    """A quote is never older than its question."""
    feed = Feed(session)
    feed.opened.add("265598")
    data = market_data(session)

    async def ask() -> list[Quote]:
        first = asyncio.create_task(data.quote(AAPL))
        while not feed.requests:  # noqa: ASYNC110 - a state of the feed, not an event
            await asyncio.sleep(0)
        feed.row = FILLED | {"84": "249.00"}
        return [await data.quote(AAPL), await first]

    later, earlier = run(ask())
    assert (earlier.bid, later.bid) == (Decimal(250), Decimal(249))
