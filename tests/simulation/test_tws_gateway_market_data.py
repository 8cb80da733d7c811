"""Quotes, ticks, option computations and bars through the TWS gateway."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.market_data import Greeks
from brokerport.simulator.gateways.tws import GatewaySettings
from brokerport.simulator.market.market import SessionStatistics
from brokerport.simulator.wire.tws.messages.market_data import (
    CalculateImpliedVolatility,
    CalculateOptionPrice,
    CancelCalculateImpliedVolatility,
    CancelMktData,
    CancelMktDepth,
    CancelTickByTickData,
    MarketDataType,
    MktDepthExchanges,
    ReqMarketDataType,
    ReqMktData,
    ReqMktDepth,
    ReqMktDepthExchanges,
    ReqSmartComponents,
    ReqTickByTickData,
    SmartComponents,
    TickByTickBidAsk,
    TickByTickLast,
    TickByTickMidPoint,
    TickOptionComputation,
    TickPrice,
    TickReqParams,
    TickSize,
    TickSnapshotEnd,
    TickString,
)
from brokerport.simulator.wire.tws.messages.values import WireContract
from tests.simulation.trading_floor import AAPL, CLOSING, OPENING, PUT
from tests.simulation.tws_door import (
    OPTION,
    STOCK,
    Door,
    errors,
    every,
    names,
    only,
    play,
)

D = Decimal
GREEKS = Greeks(
    delta=D("-0.25"),
    gamma=D("0.02"),
    theta=D("-0.15"),
    vega=D("0.1"),
    implied_volatility=D("0.3"),
    underlying_price=D("270.01"),
    model_price=D("1.02"),
)


def prices(messages: list[Any]) -> dict[int, tuple[Decimal, Decimal]]:
    """Return price and size of each price tick, by its number."""
    return {m.tick_type: (m.price, m.size) for m in every(TickPrice, messages)}


def sizes(messages: list[Any]) -> dict[int, Decimal]:
    """Return each size tick by its number."""
    return {m.tick_type: m.size for m in every(TickSize, messages)}


def test_a_stream_begins_with_everything_shown() -> None:
    """Parameters, the market data type, both sides, the last trade and the session's figures."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqMktData(1, STOCK))
        assert messages[0] == TickReqParams(1, D("0.01"), "", 4)
        assert messages[1] == MarketDataType(1, 1)
        assert prices(messages) == {
            1: (D("270.00"), D(1000)),
            2: (D("270.02"), D(1000)),
            4: (D("270.01"), D(100)),
            14: (D("269.5"), D(0)),
            6: (D(271), D(0)),
            7: (D(269), D(0)),
            9: (D(268), D(0)),
        }
        assert sizes(messages) == {8: D(12345)}
        assert only(TickString, messages) == TickString(1, 45, str(int(OPENING.timestamp())))

    play(story)


def test_a_stream_goes_on_with_what_changes() -> None:
    """Only the side that moved is told; a size that changes alone is a size tick."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(ReqMktData(1, STOCK))
        door.tick()
        assert await client.ask() == []
        door.market.set_quote(AAPL, "270.01", "270.02", 300, 400)
        door.tick()
        messages = await client.ask()
        assert messages == [TickPrice(1, 1, D("270.01"), D(300)), TickSize(1, 3, D(400))]
        door.show(AAPL, None, "270.02", 400)
        door.tick()
        assert await client.ask() == [TickPrice(1, 1, D(-1), D(0))]
        assert errors(await client.ask(CancelMktData(1), CancelMktData(1))) == [(1, 300)]
        door.show(AAPL, "1.00", "2.00")
        door.tick()
        assert await client.ask() == []

    play(story)


def test_ticks_that_pass_within_a_turn_are_told_as_they_end() -> None:
    """A world advanced by hours tells its last state, not thousands of ticks."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(ReqMktData(1, STOCK))
        for cents in range(50):
            door.show(AAPL, f"269.{cents:02}", "270.02")
            door.tick()
        messages = await client.ask()
        assert prices(messages)[1] == (D("269.49"), D(1000))
        assert len(messages) == 1

    play(story)


def test_each_client_has_its_own_streams() -> None:
    """The same instrument under different ids; one that leaves takes its stream along."""

    async def story(door: Door) -> None:
        first, second = await door.client(1), await door.client(2)
        await first.ask(ReqMktData(5, STOCK), ReqMktData(6, OPTION))
        await second.ask(ReqMktData(9, STOCK))
        door.show(AAPL, "271.00", "271.02")
        door.tick()
        assert {m.request_id for m in await first.ask()} == {5}
        assert {m.request_id for m in await second.ask()} == {9}
        await second.hang_up()
        await door.dropped(connections=1)
        door.show(AAPL, "272.00", "272.02")
        door.tick()
        assert {m.request_id for m in await first.ask()} == {5}

    play(story)


def test_a_snapshot_is_told_once_and_ends() -> None:
    """Everything shown, the end, and nothing more."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqMktData(1, STOCK, snapshot=True))
        assert messages[-1] == TickSnapshotEnd(1)
        assert {1, 2, 4, 9} <= set(prices(messages))
        door.show(AAPL, "271.00", "271.02")
        door.tick()
        assert await client.ask() == []

    play(story)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (ReqMktData(1, STOCK, "233", snapshot=True), 414),
        (ReqMktData(1, STOCK, "shortable"), 322),
        (ReqMktData(1, WireContract(symbol="NOSUCH", sec_type="STK")), 200),
        (ReqMktData(1, WireContract(symbol="AAPL", sec_type="OPT")), 200),
        (ReqMktDepth(1, STOCK, 5), 10092),
        (CancelMktDepth(1), 310),
        (ReqSmartComponents(1, "9c0001"), 322),
        (ReqTickByTickData(1, STOCK, "Everything"), 10189),
        (ReqTickByTickData(1, OPTION, "BidAsk"), 10189),
        (ReqTickByTickData(1, STOCK, "BidAsk", 10), 10189),
        (CancelTickByTickData(1), 300),
    ],
)
def test_what_cannot_be_shown_is_refused(request_: object, code: int) -> None:
    """Each refusal carries the request's id and IBKR's code."""

    async def story(door: Door) -> None:
        client = await door.client()
        assert errors(await client.ask(request_)) == [(1, code)]

    play(story)


def test_a_request_id_streams_one_thing() -> None:
    """A second stream under a used id is 102; past the allowance it is 101."""

    async def story(door: Door) -> None:
        client = await door.client()
        requests = [ReqMktData(n, STOCK) for n in (1, 1, 2, 3)]
        assert errors(await client.ask(*requests)) == [(1, 102), (3, 101)]
        streams = [ReqTickByTickData(n, STOCK, "BidAsk") for n in (11, 11, 12, 13)]
        assert errors(await client.ask(*streams)) == [(11, 102), (13, 10190)]

    play(story, settings=GatewaySettings(market_data_lines_max=2))


def test_generic_ticks_that_are_not_simulated_are_named() -> None:
    """The stream comes, with a notice of what will be missing."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqMktData(1, STOCK, "233,236"))
        assert errors(messages) == [(1, 10090)]
        assert "233,236" in messages[1].error_string
        assert prices(messages)[1] == (D("270.00"), D(1000))

    play(story)


def test_no_order_book_is_offered() -> None:
    """The lists about order books and exchange maps are empty."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqMktDepthExchanges(), ReqSmartComponents(1, ""))
        assert messages == [MktDepthExchanges(()), SmartComponents(1, ())]

    play(story)


# --- options ------------------------------------------------------------------------------------


def test_an_option_s_stream_has_computations() -> None:
    """The model's figures (13), and those that explain bid, ask and last (10, 11, 12)."""

    async def story(door: Door) -> None:
        door.market.set_greeks(PUT, GREEKS)
        client = await door.client()
        messages = await client.ask(ReqMktData(1, OPTION))
        found = {m.tick_type: m for m in every(TickOptionComputation, messages)}
        assert set(found) == {10, 11, 12, 13}
        assert found[13] == TickOptionComputation(
            1,
            13,
            1,
            D("0.3"),
            D("-0.25"),
            D("1.02"),
            D(0),
            D("0.02"),
            D("0.1"),
            D("-0.15"),
            D("270.01"),
        )
        assert [found[n].opt_price for n in (10, 11, 12)] == [D("1.00"), D("1.04"), D("1.02")]
        low, middle, high = (found[n].implied_vol or D(0) for n in (10, 12, 11))
        assert 0 < low < middle < high < 1
        for n in (10, 11, 12):
            assert -1 < (found[n].delta or D(0)) < 0
            assert found[n].und_price == D("270.01")

    play(story)


def test_a_volatility_and_a_price_are_computed_from_each_other() -> None:
    """The volatility that explains a price gives that price again."""

    async def story(door: Door) -> None:
        client = await door.client()
        [found] = await client.ask(CalculateImpliedVolatility(1, OPTION, D("2.50"), D(270)))
        assert (found.request_id, found.tick_type, found.opt_price) == (1, 53, D("2.50"))
        [priced] = await client.ask(CalculateOptionPrice(2, OPTION, found.implied_vol, D(270)))
        assert abs(priced.opt_price - D("2.50")) < D("0.0001")
        assert await client.ask(CancelCalculateImpliedVolatility(1)) == []

    play(story)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (CalculateImpliedVolatility(1, STOCK, D(2), D(270)), 200),
        (CalculateImpliedVolatility(1, OPTION, D(9), D(250)), 322),
        (CalculateOptionPrice(1, OPTION, D(0), D(270)), 322),
        (CalculateOptionPrice(1, OPTION, D("0.3"), D(0)), 322),
        (CalculateOptionPrice(1, OPTION, D("1e300"), D(270)), 322),
        (CalculateOptionPrice(1, OPTION, D("0.3"), D("1e300")), 322),
        (CalculateImpliedVolatility(1, OPTION, D(9), D("1e300")), 322),
    ],
)
def test_what_has_no_volatility_or_price_is_refused(request_: object, code: int) -> None:
    """A stock, a price below intrinsic value, a zero: an error each."""

    async def story(door: Door) -> None:
        client = await door.client()
        assert errors(await client.ask(request_)) == [(1, code)]

    play(story)


# --- market data types --------------------------------------------------------------------------


def test_delayed_data_has_numbers_of_its_own() -> None:
    """Type 3 is announced and told as ticks 66 to 76 and 88."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqMarketDataType(3), ReqMktData(1, STOCK, snapshot=True))
        # A quarter of an hour before the opening the market was closed; a snapshot is due anyway.
        assert only(MarketDataType, messages) == MarketDataType(1, 3)
        assert set(prices(messages)) == {66, 67, 68, 72, 73, 75, 76}
        assert set(sizes(messages)) == {74}
        assert only(TickString, messages).tick_type == 88

    play(story)


def test_delayed_option_computations_have_numbers_of_their_own() -> None:
    """80 to 83 instead of 10 to 13."""

    async def story(door: Door) -> None:
        door.market.set_greeks(PUT, GREEKS)
        client = await door.client()
        messages = await client.ask(ReqMarketDataType(3), ReqMktData(1, OPTION))
        assert {m.tick_type for m in every(TickOptionComputation, messages)} == {80, 81, 82, 83}

    play(story)


def test_changing_the_type_changes_the_streams() -> None:
    """A running stream is told anew under the other numbers, and back."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(ReqMktData(1, STOCK))
        messages = await client.ask(ReqMarketDataType(3))
        assert messages[0] == MarketDataType(1, 3)
        assert 66 in prices(messages)
        messages = await client.ask(ReqMarketDataType(1))
        assert messages[0] == MarketDataType(1, 1)
        assert 1 in prices(messages)
        assert errors(await client.ask(ReqMarketDataType(5))) == [(-1, 322)]

    play(story)


def test_a_closed_market_is_frozen_for_those_who_ask() -> None:
    """Type 2 is live while the market is open, and announced as frozen once it has closed."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqMarketDataType(2), ReqMktData(1, STOCK))
        assert only(MarketDataType, messages).market_data_type == 1
        door.world.advance_to(CLOSING)
        assert every(MarketDataType, await client.ask()) == [MarketDataType(1, 2)]

    play(story)


def test_delayed_data_is_frozen_by_its_own_time() -> None:
    """Five minutes after the opening, what is shown by type 4 is from before it: frozen."""

    async def story(door: Door) -> None:
        client = await door.client()
        door.world.advance(timedelta(minutes=5))
        messages = await client.ask(ReqMarketDataType(4), ReqMktData(1, STOCK))
        assert only(MarketDataType, messages).market_data_type == 4
        door.world.advance(timedelta(minutes=10))
        assert every(MarketDataType, await client.ask()) == [MarketDataType(1, 3)]

    play(story)


def test_a_login_without_subscriptions_gets_delayed_data_only() -> None:
    """Live data is refused with 354, delayed data comes with notice 10167."""

    async def story(door: Door) -> None:
        client = await door.client()
        assert errors(await client.ask(ReqMktData(1, STOCK))) == [(1, 354)]
        messages = await client.ask(ReqMarketDataType(3), ReqMktData(2, STOCK))
        assert errors(messages) == [(2, 10167)]
        assert 66 in prices(messages)

    play(story, settings=GatewaySettings(live_market_data=False))


# --- tick by tick -------------------------------------------------------------------------------


def test_every_tick_is_told_in_order() -> None:
    """Tick-by-tick data leaves nothing out, however far the world is advanced at once."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(
            ReqTickByTickData(1, STOCK, "BidAsk"),
            ReqTickByTickData(2, STOCK, "MidPoint"),
            ReqTickByTickData(3, STOCK, "Last"),
            ReqTickByTickData(4, STOCK, "AllLast"),
        )
        at = int(OPENING.timestamp())
        assert messages == [
            TickByTickBidAsk(1, at, D("270.00"), D("270.02"), D(1000), D(1000)),
            TickByTickMidPoint(2, at, D("270.01")),
            TickByTickLast(3, 1, at, D("270.01"), D(100), exchange="SMART"),
            TickByTickLast(4, 2, at, D("270.01"), D(100), exchange="SMART"),
        ]
        for bid in ("270.01", "270.00", "269.99"):
            door.show(AAPL, bid, "270.03")
            door.tick()
        messages = await client.ask()
        assert [m.bid_price for m in every(TickByTickBidAsk, messages)] == [
            D("270.01"),
            D("270.00"),
            D("269.99"),
        ]
        assert [m.time for m in every(TickByTickBidAsk, messages)] == [at + 5, at + 10, at + 15]
        assert every(TickByTickLast, messages) == []
        await client.ask(*[CancelTickByTickData(n) for n in (1, 2, 3, 4)])
        door.show(AAPL, "1.00", "2.00")
        door.tick()
        assert await client.ask() == []

    play(story)


def test_sizes_can_be_ignored() -> None:
    """With ignoreSize a change of size alone is no tick."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(
            ReqTickByTickData(1, STOCK, "BidAsk", ignore_size=True),
            ReqTickByTickData(2, STOCK, "BidAsk"),
        )
        door.show(AAPL, "270.00", "270.02", 7)
        door.tick()
        assert [m.request_id for m in await client.ask()] == [2]

    play(story)


def test_the_close_empties_both_sides() -> None:
    """When the session ends nothing is on display; the stream says so."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(ReqMktData(1, STOCK))
        door.market.set_quote(AAPL, None, None)
        door.world.advance_to(CLOSING)
        messages = await client.ask()
        assert prices(messages) == {1: (D(-1), D(0)), 2: (D(-1), D(0))}

    play(story)


def test_statistics_are_told_as_they_change() -> None:
    """A new high and the volume are told, the rest of the session's figures are not."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(ReqMktData(1, STOCK))
        door.market.set_statistics(
            AAPL, SessionStatistics(D("269.5"), D(272), D(269), D(268), D(20000))
        )
        door.tick()
        assert await client.ask() == [TickPrice(1, 6, D(272)), TickSize(1, 8, D(20000))]

    play(story)


def test_a_trade_moves_the_last_tick() -> None:
    """A new last price comes with its size and its time."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(ReqMktData(1, STOCK))
        door.show(AAPL, "270.00", "270.02", last="270.02")
        door.tick()
        now: datetime = OPENING + timedelta(seconds=5)
        assert await client.ask() == [
            TickPrice(1, 4, D("270.02"), D(100)),
            TickString(1, 45, str(int(now.timestamp()))),
        ]
        assert names(await client.ask()) == []

    play(story)
