"""What ib_async can ask: contracts, quotes, bars, the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ib_async import BarDataList, Option, RealTimeBarList, Ticker

from brokerport.simulator.gateways.tws import GatewaySettings
from tests.interop.floor import (
    AAPL,
    AAPL_ID,
    ACCOUNT,
    DAILY_BARS,
    GREEKS,
    MINUTE_BARS,
    MSFT_ID,
    OPENING,
    SPY,
    SPY_ID,
    TICK,
    VERSIONS,
)
from tests.interop.ib_async_desk import CLIENT_ID, IbAsyncDesk, play, put, stock

pytestmark = pytest.mark.interop
D = Decimal
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("version", VERSIONS)
def test_connecting_synchronises_everything(version: int) -> None:
    """ib_async's own start-up requests are all answered: no time-out, no error, no invention."""

    async def story(desk: IbAsyncDesk) -> None:
        ib = desk.ib
        assert ib.managedAccounts() == [ACCOUNT]
        assert ib.client.getReqId() >= 101
        assert await ib.reqCurrentTimeAsync() == OPENING
        assert (ib.positions(), ib.trades(), ib.fills(), ib.portfolio()) == ([], [], [], [])
        values = {(v.tag, v.currency): v.value for v in ib.accountValues(ACCOUNT)}
        assert values["NetLiquidation", "USD"] == "1000000.00"
        assert values["AccountReady", ""] == "true"
        untyped: Any = ib
        assert await untyped.reqUserInfoAsync() == []
        assert desk.errors == []
        assert desk.floor.gateway.connected_client_ids == (CLIENT_ID,)
        assert desk.log.warnings == []

    play(story, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_contracts(version: int) -> None:
    """Stocks and options are qualified, described and found, with IBKR's own contract ids."""

    async def story(desk: IbAsyncDesk) -> None:
        ib = desk.ib
        stocks = [stock("AAPL"), stock("MSFT"), stock("SPY")]
        assert await ib.qualifyContractsAsync(*stocks) == stocks
        assert [c.conId for c in stocks] == [AAPL_ID, MSFT_ID, SPY_ID]
        assert [c.primaryExchange for c in stocks] == ["NASDAQ", "NASDAQ", "ARCA"]
        assert [c.localSymbol for c in stocks] == ["AAPL", "MSFT", "SPY"]
        (details,) = await ib.reqContractDetailsAsync(stocks[0])
        assert (details.longName, details.stockType) == ("APPLE INC", "COMMON")
        assert (details.industry, details.category) == ("Technology", "Computers")
        assert (details.minTick, details.priceMagnifier) == (0.01, 1)
        assert details.timeZoneId == "US/Eastern"
        assert details.validExchanges.split(",")[0] == "SMART"
        assert len(details.marketRuleIds.split(",")) == len(details.validExchanges.split(","))
        assert details.tradingHours.startswith("20260105:0930-20260105:1600;20260106:0930-")
        assert "20260110:CLOSED" in details.tradingHours
        assert details.liquidSessions()[0].start.astimezone(UTC) == OPENING
        if version >= 164:
            assert (details.minSize, details.suggestedSizeIncrement) == (1, 100)
        rule = await ib.reqMarketRuleAsync(int(details.marketRuleIds.split(",")[0]))
        assert rule is not None
        assert [(step.lowEdge, step.increment) for step in rule] == [(0, 0.01)]

        found = await ib.reqMatchingSymbolsAsync("AAP")
        assert found is not None
        (match,) = [f for f in found if f.contract is not None and f.contract.symbol == "AAPL"]
        assert match.contract is not None
        assert (match.contract.conId, match.contract.primaryExchange) == (AAPL_ID, "NASDAQ")
        assert match.derivativeSecTypes == ["OPT"]
        # ib_async has no place for the description that version 176 adds; it must skip it.

    play(story, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_options(version: int) -> None:
    """An option is found in its chain, qualified and described."""

    async def story(desk: IbAsyncDesk) -> None:
        ib = desk.ib
        chains = await ib.reqSecDefOptParamsAsync("AAPL", "", "STK", AAPL_ID)
        (chain,) = [c for c in chains if c.exchange == "SMART"]
        assert (chain.tradingClass, chain.multiplier) == ("AAPL", "100")
        assert int(chain.underlyingConId) == AAPL_ID
        assert "20260109" in chain.expirations
        assert list(chain.expirations) == sorted(chain.expirations)
        assert 260.0 in chain.strikes
        assert list(chain.strikes) == sorted(chain.strikes)
        option = put()
        assert await ib.qualifyContractsAsync(option) == [option]
        assert option.conId > 0
        assert option.localSymbol == "AAPL  260109P00260000"
        assert (option.multiplier, option.tradingClass) == ("100", "AAPL")
        (details,) = await ib.reqContractDetailsAsync(Option(conId=option.conId))
        assert details.contract is not None
        assert (details.contract.strike, details.contract.right) == (260.0, "P")
        assert details.contract.lastTradeDateOrContractMonth == "20260109"
        assert (details.underSymbol, details.underConId) == ("AAPL", AAPL_ID)
        assert (details.realExpirationDate, details.contractMonth) == ("20260109", "202601")
        rule = await ib.reqMarketRuleAsync(int(details.marketRuleIds.split(",")[0]))
        assert rule is not None
        assert [(step.lowEdge, step.increment) for step in rule] == [(0, 0.01), (3, 0.05)]
        everything = await ib.reqContractDetailsAsync(
            Option("AAPL", "20260109", right="P", exchange="SMART", currency="USD")
        )
        assert len(everything) == len(chain.strikes)
        assert len({d.contract.conId for d in everything if d.contract}) == len(everything)

    play(story, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_quotes(version: int) -> None:
    """Snapshots and streams carry the prices and sizes on display, live or delayed."""

    def sides(ticker: Ticker) -> tuple[float, float, float, float, float, float]:
        return (
            *(ticker.bid, ticker.bidSize, ticker.ask, ticker.askSize),
            *(ticker.last, ticker.lastSize),
        )

    async def story(desk: IbAsyncDesk) -> None:
        ib, aapl, msft, spy, option = desk.ib, stock("AAPL"), stock("MSFT"), stock("SPY"), put()
        await ib.qualifyContractsAsync(aapl, msft, spy, option)
        (ticker,) = await ib.reqTickersAsync(aapl)
        assert sides(ticker) == (270.00, 1000, 270.02, 1000, 270.01, 100)
        assert (ticker.open, ticker.high, ticker.low, ticker.close) == (269.5, 271, 269, 268)
        assert (ticker.volume, ticker.minTick, ticker.marketDataType) == (12345, 0.01, 1)
        assert ticker.lastTimestamp == OPENING

        stream = ib.reqMktData(aapl)
        await desk.settle()
        await desk.show(AAPL, "270.50", "270.53", size=300, last="270.51")
        assert sides(stream) == (270.50, 300, 270.53, 300, 270.51, 100)
        assert (stream.prevBid, stream.prevAsk) == (270.00, 270.02)
        assert stream.lastTimestamp == OPENING + TICK
        assert ib.cancelMktData(aapl)
        await desk.settle()
        await desk.show(AAPL, "271.00", "271.02")
        assert stream.bid == 270.50

        (quote,) = await ib.reqTickersAsync(option)
        assert (quote.bid, quote.bidSize, quote.ask, quote.askSize) == (1.00, 50, 1.04, 60)
        model = quote.modelGreeks
        assert model is not None
        assert (model.delta, model.gamma, model.vega, model.theta) == (
            *(float(GREEKS.delta), float(GREEKS.gamma)),
            *(float(GREEKS.vega), float(GREEKS.theta)),
        )
        assert (model.impliedVol, model.optPrice, model.undPrice) == (0.5, 1.02, 270.0)
        assert quote.bidGreeks is not None
        assert quote.askGreeks is not None
        assert quote.bidGreeks.impliedVol is not None
        assert quote.askGreeks.impliedVol is not None
        assert 0 < quote.bidGreeks.impliedVol < quote.askGreeks.impliedVol

        desk.floor.tick(200)
        ib.reqMarketDataType(3)
        delayed = ib.reqMktData(msft)
        await desk.settle()
        assert sides(delayed) == (480.00, 1000, 480.04, 1000, 480.02, 100)
        assert delayed.marketDataType == 3

        ib.reqMarketDataType(1)
        every = ib.reqTickByTickData(spy, "BidAsk")
        ticks: list[tuple[float, float, float]] = []
        # ib_async keeps ticks until the next packet only.
        every.updateEvent.connect(
            lambda ticker: ticks.extend(
                (tick.bidPrice, tick.askPrice, tick.bidSize) for tick in ticker.tickByTicks
            )
        )
        await desk.settle()
        await desk.show(SPY, "684.95", "684.97", size=5)
        assert ticks == [(684.90, 684.92, 1000), (684.95, 684.97, 5)]
        assert desk.errors == []

    play(story, version=version)


def test_a_login_without_market_data_is_shown_delayed_data() -> None:
    """Live data is refused with 354; delayed data comes with notice 10167 and type 3."""

    async def story(desk: IbAsyncDesk) -> None:
        ib, aapl, msft = desk.ib, stock("AAPL"), stock("MSFT")
        await ib.qualifyContractsAsync(aapl, msft)
        desk.floor.tick(200)
        refused = ib.reqMktData(aapl)
        await desk.settle()
        assert [code for _, code in desk.errors] == [354]
        assert ib.isConnected()
        assert refused.bid != refused.bid
        ib.reqMarketDataType(3)
        shown = ib.reqMktData(msft)
        await desk.settle()
        assert [code for _, code in desk.errors] == [354, 10167]
        assert (shown.bid, shown.ask, shown.marketDataType) == (480.00, 480.04, 3)

    settings = GatewaySettings(messages_per_second_max=None, live_market_data=False)
    play(story, errors=(354,), settings=settings)


@pytest.mark.parametrize("version", VERSIONS)
def test_bars(version: int) -> None:
    """Histories are complete and in order; running bars and five-second bars keep coming."""

    async def story(desk: IbAsyncDesk) -> None:
        ib, floor, aapl = desk.ib, desk.floor, stock("AAPL")
        await ib.qualifyContractsAsync(aapl)
        real_time: RealTimeBarList = ib.reqRealTimeBars(aapl, 5, "TRADES", True)
        await desk.settle()
        for _ in range(3):
            floor.tick()
            await desk.settle()
        assert [bar.time for bar in real_time] == [OPENING, OPENING + TICK, OPENING + 2 * TICK]
        first = real_time[0]
        assert (first.open_, first.high, first.low, first.close) == (270, 270.75, 269.5, 270.25)
        assert (first.volume, first.wap, first.count) == (10, 270.125, 40)
        ib.cancelRealTimeBars(real_time)
        await desk.settle()

        floor.wait_until(OPENING + MINUTE_BARS * MINUTE)
        await desk.settle()
        assert len(real_time) == 3
        days = await history(desk, "5 D", "1 day")
        assert [f"{bar.date:%m%d}" for bar in days] == ["1229", "1230", "1231", "0102", "0105"]
        assert len(days) == DAILY_BARS
        minutes = await history(desk, "1 D", "1 min")
        assert len(minutes) == MINUTE_BARS
        starts = [bar.date for bar in minutes]
        assert starts == [OPENING + n * MINUTE for n in range(MINUTE_BARS)]
        for bar in [*days, *minutes]:
            assert bar.low <= bar.open <= bar.high
            assert bar.low <= bar.close <= bar.high
        assert (minutes[1].open, minutes[1].volume, minutes[1].barCount) == (271, 101, 41)
        earlier = await ib.reqHistoricalDataAsync(
            aapl, OPENING + 15 * MINUTE, "600 S", "1 min", "TRADES", True, formatDate=1
        )
        # As text, times are New York's; before version 174 they do not say so.
        zone = ZoneInfo("US/Eastern")
        texts = [(OPENING + n * MINUTE).astimezone(zone) for n in range(5, 15)]
        assert [bar.date for bar in earlier] == [
            text if version >= 174 else text.replace(tzinfo=None) for text in texts
        ]

        running = await history(desk, "1 D", "1 min", keep_up_to_date=True)
        updates: list[tuple[int, bool]] = []
        running.updateEvent += lambda bars, is_new: updates.append((len(bars), is_new))
        floor.set_running_bar(volume=7)
        floor.tick()
        await desk.settle()
        floor.set_running_bar(volume=9)
        floor.tick()
        await desk.settle()
        assert updates == [(MINUTE_BARS + 1, True), (MINUTE_BARS + 1, False)]
        assert (running[-1].date, running[-1].volume) == (OPENING + MINUTE_BARS * MINUTE, 9)
        assert (running[-1].open, running[-1].high) == (300, 300.75)
        ib.cancelHistoricalData(running)
        await desk.settle()
        floor.set_running_bar(volume=11)
        floor.tick()
        await desk.settle()
        assert len(updates) == 2

        head = await ib.reqHeadTimeStampAsync(aapl, "TRADES", True, 2)
        assert isinstance(head, datetime)
        assert head < OPENING
        assert desk.errors == []

    async def history(
        desk: IbAsyncDesk,
        duration: str,
        size: str,
        *,
        keep_up_to_date: bool = False,
    ) -> BarDataList:
        return await desk.ib.reqHistoricalDataAsync(
            stock("AAPL"), None, duration, size, "TRADES", True, 2, keep_up_to_date
        )

    play(story, version=version)
