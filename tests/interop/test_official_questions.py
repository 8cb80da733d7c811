"""What the official client can ask: contracts, quotes, bars, the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ibapi.client import EClient

from tests.interop.floor import (
    AAPL,
    AAPL_ID,
    ACCOUNT,
    DAILY_BARS,
    GREEKS,
    MINUTE_BARS,
    MSFT_ID,
    OPENING,
    SPY_ID,
    TICK,
    VERSIONS,
)
from tests.interop.official_client import Call, errors, every, names, only, order, put, stock
from tests.interop.official_desk import CLIENT_ID, OfficialDesk, play

pytestmark = pytest.mark.interop
D = Decimal
MINUTE = timedelta(minutes=1)


def prices(calls: list[Call], request_id: int) -> dict[int, float]:
    """Return the last price of each tick number."""
    return {c.tickType: c.price for c in every("tickPrice", calls) if c.reqId == request_id}


def sizes(calls: list[Call], request_id: int) -> dict[int, int]:
    """Return the last size of each tick number."""
    return {c.tickType: int(c.size) for c in every("tickSize", calls) if c.reqId == request_id}


@pytest.mark.parametrize("version", VERSIONS)
def test_connecting(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client is told its accounts, its next id and the farms, and then nothing unasked."""

    def story(desk: OfficialDesk) -> None:
        user = desk.user
        first = [c for c in user.calls if c.name != "currentTime"]
        assert names(first) == [
            "connectAck", "managedAccounts", "nextValidId", "error", "error", "error",
        ]  # fmt: skip
        assert only("managedAccounts", first).accountsList == ACCOUNT
        assert only("nextValidId", first).orderId == 101
        assert [c.errorCode for c in every("error", first)] == [2104, 2106, 2158]
        assert [c.reqId for c in every("error", first)] == [-1, -1, -1]
        assert user.client.twsConnectionTime() == b"20260105 09:30:00 EST"
        assert datetime.fromtimestamp(every("currentTime", user.calls)[0].time, UTC) == OPENING
        calls = user.ask(
            lambda client: client.reqIds(1),
            lambda client: client.reqManagedAccts(),
            lambda client: client.setServerLogLevel(2),
        )
        assert names(calls) == ["nextValidId", "managedAccounts"]
        if version >= 165:
            calls = user.ask(lambda client: client.reqUserInfo(5))
            assert only("userInfo", calls).whiteBrandingId == ""
        assert desk.do(lambda floor: floor.gateway.connected_client_ids) == (CLIENT_ID,)

    play(story, monkeypatch, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_contracts(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stocks are described and found, with IBKR's own contract ids."""

    def story(desk: OfficialDesk) -> None:
        user = desk.user
        calls = user.ask(
            lambda client: client.reqContractDetails(1, stock("AAPL")),
            lambda client: client.reqContractDetails(2, stock("MSFT")),
            lambda client: client.reqContractDetails(3, stock("SPY")),
        )
        assert names(calls) == ["contractDetails", "contractDetailsEnd"] * 3
        found = every("contractDetails", calls)
        assert [c.reqId for c in found] == [1, 2, 3]
        assert [c.contractDetails.contract.conId for c in found] == [AAPL_ID, MSFT_ID, SPY_ID]
        details = found[0].contractDetails
        assert details.longName == "APPLE INC"
        assert (details.industry, details.category) == ("Technology", "Computers")
        assert (details.minTick, details.priceMagnifier) == (0.01, 1)
        assert details.contract.primaryExchange == "NASDAQ"
        assert details.stockType == "COMMON"
        exchanges = details.validExchanges.split(",")
        assert "NYSE" in exchanges
        assert len(details.marketRuleIds.split(",")) == len(exchanges)
        assert details.timeZoneId == "US/Eastern"
        assert details.tradingHours.startswith("20260105:0930-20260105:1600;20260106:0930-")
        assert details.liquidHours == details.tradingHours
        if version >= 164:
            assert (int(details.minSize), int(details.suggestedSizeIncrement)) == (1, 100)
        rule_id = int(details.marketRuleIds.split(",")[0])
        rule = only("marketRule", user.ask(lambda client: client.reqMarketRule(rule_id)))
        assert rule.marketRuleId == rule_id
        assert [(step.lowEdge, step.increment) for step in rule.priceIncrements] == [(0, 0.01)]

        calls = user.ask(lambda client: client.reqMatchingSymbols(4, "AAP"))
        (match,) = [
            d
            for d in only("symbolSamples", calls).contractDescriptions
            if d.contract.symbol == "AAPL"
        ]
        assert (match.contract.conId, match.contract.primaryExchange) == (AAPL_ID, "NASDAQ")
        assert match.derivativeSecTypes == ["OPT"]
        assert match.contract.description == ("APPLE INC" if version >= 176 else "")

    play(story, monkeypatch, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_options(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option is found in its chain, described, quoted and computed with its greeks."""

    def story(desk: OfficialDesk) -> None:
        user = desk.user
        calls = user.ask(lambda client: client.reqSecDefOptParams(1, "AAPL", "", "STK", AAPL_ID))
        assert names(calls)[-1] == "securityDefinitionOptionParameterEnd"
        (chain,) = [
            c for c in every("securityDefinitionOptionParameter", calls) if c.exchange == "SMART"
        ]
        assert (chain.tradingClass, chain.multiplier) == ("AAPL", "100")
        assert chain.underlyingConId == AAPL_ID
        assert "20260109" in chain.expirations
        assert 260.0 in chain.strikes

        calls = user.ask(lambda client: client.reqContractDetails(2, put()))
        details = only("contractDetails", calls).contractDetails
        contract = details.contract
        assert contract.localSymbol == "AAPL  260109P00260000"
        assert (contract.strike, contract.right, contract.multiplier) == (260.0, "P", "100")
        assert contract.lastTradeDateOrContractMonth == "20260109"
        assert (details.underSymbol, details.underConId) == ("AAPL", AAPL_ID)
        assert details.realExpirationDate == "20260109"

        calls = user.ask(lambda client: client.reqMktData(3, put(), "", True, False, []))
        assert names(calls)[0] == "tickReqParams"
        assert names(calls)[-1] == "tickSnapshotEnd"
        assert (prices(calls, 3)[1], prices(calls, 3)[2]) == (1.00, 1.04)
        greeks = {c.tickType: c for c in every("tickOptionComputation", calls)}
        assert set(greeks) == {10, 11, 12, 13}
        model = greeks[13]
        assert (model.delta, model.gamma) == (float(GREEKS.delta), float(GREEKS.gamma))
        assert (model.vega, model.theta) == (float(GREEKS.vega), float(GREEKS.theta))
        assert (model.impliedVol, model.optPrice, model.undPrice) == (0.5, 1.02, 270.0)
        assert 0 < greeks[10].impliedVol < greeks[12].impliedVol < greeks[11].impliedVol

        calls = user.ask(
            lambda client: client.calculateImpliedVolatility(4, put(), 1.04, 270.0, []),
            lambda client: client.calculateOptionPrice(5, put(), 0.5, 270.0, []),
        )
        volatility, price = every("tickOptionComputation", calls)
        assert (volatility.reqId, price.reqId) == (4, 5)
        assert (volatility.tickType, price.tickType) == (53, 53)
        assert volatility.impliedVol == pytest.approx(greeks[11].impliedVol)
        assert price.optPrice > 0

    play(story, monkeypatch, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_quotes(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snapshots and streams carry the prices and sizes on display, live or delayed."""

    def story(desk: OfficialDesk) -> None:
        user, aapl = desk.user, stock("AAPL")
        calls = user.ask(lambda client: client.reqMktData(1, aapl, "", True, False, []))
        assert names(calls)[-1] == "tickSnapshotEnd"
        assert prices(calls, 1) == {
            1: 270.00, 2: 270.02, 4: 270.01, 6: 271.0, 7: 269.0, 9: 268.0, 14: 269.5,
        }  # fmt: skip
        assert sizes(calls, 1) == {0: 1000, 3: 1000, 5: 100, 8: 12345}
        assert only("tickString", calls).value == str(int(OPENING.timestamp()))

        calls = user.ask(lambda client: client.reqMktData(2, aapl, "", False, False, []))
        assert only("marketDataType", calls).marketDataType == 1
        assert only("tickReqParams", calls).minTick == 0.01
        calls = desk.show(AAPL, "270.50", "270.53", size=300, last="270.51")
        assert prices(calls, 2) == {1: 270.50, 2: 270.53, 4: 270.51}
        assert sizes(calls, 2) == {0: 300, 3: 300, 5: 100}
        calls = desk.show(AAPL, "270.50", "270.53", size=200)
        assert (prices(calls, 2), sizes(calls, 2)) == ({}, {0: 200, 3: 200})
        user.ask(lambda client: client.cancelMktData(2))
        assert desk.show(AAPL, "271.00", "271.02") == []

        desk.do(lambda floor: floor.tick(200))
        calls = user.ask(
            lambda client: client.reqMarketDataType(3),
            lambda client: client.reqMktData(3, stock("MSFT"), "", False, False, []),
        )
        assert only("marketDataType", calls).marketDataType == 3
        assert prices(calls, 3) == {66: 480.00, 67: 480.04, 68: 480.02}
        assert sizes(calls, 3) == {69: 1000, 70: 1000, 71: 100}

        calls = user.ask(
            lambda client: client.reqTickByTickData(4, stock("SPY"), "BidAsk", 0, False),
            lambda client: client.reqTickByTickData(5, stock("SPY"), "Last", 0, False),
            lambda client: client.reqTickByTickData(6, stock("SPY"), "MidPoint", 0, False),
        )
        sides = only("tickByTickBidAsk", calls)
        assert (sides.bidPrice, sides.askPrice, int(sides.askSize)) == (684.90, 684.92, 1000)
        assert only("tickByTickAllLast", calls).price == 684.91
        assert only("tickByTickMidPoint", calls).midPoint == 684.91
        assert errors(user.calls) == []

    play(story, monkeypatch, version=version)


def bar_time(text: str, version: int) -> datetime:
    """Read the time of a bar in formatDate 1."""
    if version < 174:
        moment, zone = text, "America/New_York"
    else:
        moment, zone = text.rsplit(" ", 1)
    local = datetime.strptime(" ".join(moment.split()), "%Y%m%d %H:%M:%S")  # noqa: DTZ007
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("version", VERSIONS)
def test_bars(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Histories are complete and in order; running bars and five-second bars keep coming."""

    def history(
        request_id: int, duration: str, size: str, end: str = "", kept: bool = False, form: int = 1
    ) -> Any:
        def request(client: EClient) -> None:
            client.reqHistoricalData(
                request_id, stock("AAPL"), end, duration, size, "TRADES", 1, form, kept, []
            )

        return request

    def story(desk: OfficialDesk) -> None:
        user, aapl = desk.user, stock("AAPL")
        user.ask(lambda client: client.reqRealTimeBars(1, aapl, 5, "TRADES", True, []))
        calls = [call for _ in range(3) for call in desk.after(lambda floor: floor.tick())]
        assert names(calls) == ["realtimeBar"] * 3
        assert [datetime.fromtimestamp(c.time, UTC) for c in calls] == [
            OPENING, OPENING + TICK, OPENING + 2 * TICK,
        ]  # fmt: skip
        first = calls[0]
        assert (first.open_, first.high, first.low, first.close) == (270, 270.75, 269.5, 270.25)
        assert (first.volume, first.wap, first.count) == (10, D("270.125"), 40)
        user.ask(lambda client: client.cancelRealTimeBars(1))
        late = OPENING + MINUTE_BARS * MINUTE
        assert desk.after(lambda floor: floor.wait_until(late)) == []

        calls = user.ask(history(2, "5 D", "1 day"))
        assert names(calls) == ["historicalData"] * DAILY_BARS + ["historicalDataEnd"]
        days = [c.bar for c in every("historicalData", calls)]
        assert [bar.date for bar in days] == [
            "20251229", "20251230", "20251231", "20260102", "20260105",
        ]  # fmt: skip
        calls = user.ask(history(3, "1 D", "1 min"))
        minutes = [c.bar for c in every("historicalData", calls)]
        starts = [OPENING + n * MINUTE for n in range(MINUTE_BARS)]
        assert [bar_time(bar.date, version) for bar in minutes] == starts
        for bar in [*days, *minutes]:
            assert bar.low <= bar.open <= bar.high
            assert bar.low <= bar.close <= bar.high
        assert (minutes[1].open, minutes[1].volume, minutes[1].barCount) == (271, 101, 41)
        assert minutes[1].wap == D("271.125")
        calls = user.ask(history(4, "600 S", "1 min", "20260105-14:45:00", form=2))
        assert [int(c.bar.date) for c in every("historicalData", calls)] == [
            int(start.timestamp()) for start in starts[5:15]
        ]
        end = only("historicalDataEnd", calls)
        # 9:35 and 9:45 in New York, in the form of the version.
        assert [bar_time(end.start, version), bar_time(end.end, version)] == [starts[5], starts[15]]

        calls = user.ask(history(5, "1 D", "1 min", kept=True))
        assert len(every("historicalData", calls)) == MINUTE_BARS
        for volume in (7, 9):
            desk.do(lambda floor, volume=volume: floor.set_running_bar(volume))  # type: ignore[misc]
            update = only("historicalDataUpdate", desk.after(lambda floor: floor.tick()))
            assert (update.reqId, update.bar.volume) == (5, volume)
            assert bar_time(update.bar.date, version) == late
            assert (update.bar.open, update.bar.high, update.bar.low, update.bar.close) == (
                *(300, 300.75, 299.5, 300.25),
            )
        user.ask(lambda client: client.cancelHistoricalData(5))
        desk.do(lambda floor: floor.set_running_bar(11))
        assert desk.after(lambda floor: floor.tick()) == []

        calls = user.ask(lambda client: client.reqHeadTimeStamp(6, aapl, "TRADES", 1, 2))
        head = only("headTimestamp", calls)
        assert datetime.fromtimestamp(int(head.headTimestamp), UTC) < OPENING
        assert errors(user.calls) == []

    play(story, monkeypatch, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_server_s_own_lists(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lists that an individual's login has nothing in are answered, and decode."""

    def story(desk: OfficialDesk) -> None:
        calls = desk.user.ask(
            lambda client: client.reqFamilyCodes(),
            lambda client: client.reqNewsProviders(),
            lambda client: client.reqMktDepthExchanges(),
            lambda client: client.reqScannerParameters(),
        )
        assert errors(calls) == []
        (code,) = only("familyCodes", calls).familyCodes
        assert code.accountID == ACCOUNT
        assert only("newsProviders", calls).newsProviders == []
        assert only("mktDepthExchanges", calls).depthMktDataDescriptions == []
        assert only("scannerParameters", calls).xml.startswith("<?xml")

    play(story, monkeypatch, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_positions_and_values_of_one_account(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests 74 and 76 tell of one account, and go on telling until they are cancelled."""

    def story(desk: OfficialDesk) -> None:
        user = desk.user
        calls = user.ask(
            lambda client: client.reqPositionsMulti(1, ACCOUNT, ""),
            lambda client: client.reqAccountUpdatesMulti(2, ACCOUNT, "", True),
        )
        assert names(calls)[0] == "positionMultiEnd"
        assert names(calls)[-1] == "accountUpdateMultiEnd"
        calls = user.ask(lambda client: client.placeOrder(101, put(), order("BUY", 3)))
        position = only("positionMulti", calls)
        assert (position.reqId, int(position.pos), position.account) == (1, 3, ACCOUNT)
        # Three contracts at 1.04, with 1.95 of commission.
        assert position.avgCost == 104.65
        assert position.contract.localSymbol == "AAPL  260109P00260000"
        cash = {(c.key, c.currency): c.value for c in every("accountUpdateMulti", calls)}
        assert cash["CashBalance", "USD"] == cash["CashBalance", "BASE"] == "999686.05"
        user.ask(
            lambda client: client.cancelPositionsMulti(1),
            lambda client: client.cancelAccountUpdatesMulti(2),
        )
        calls = user.ask(lambda client: client.placeOrder(102, put(), order("SELL", 1)))
        assert {"positionMulti", "accountUpdateMulti"}.isdisjoint(names(calls))

    play(story, monkeypatch, version=version)
