"""Account values, portfolio, positions and profit and loss through the TWS gateway."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from brokerport.simulator.market.market import SessionStatistics
from brokerport.simulator.wire.tws.messages.account import (
    AccountDownloadEnd,
    AccountSummary,
    AccountSummaryEnd,
    AccountUpdateMulti,
    AccountUpdateMultiEnd,
    AccountUpdateTime,
    AccountValue,
    CancelAccountSummary,
    CancelAccountUpdatesMulti,
    CancelPnL,
    CancelPnLSingle,
    CancelPositions,
    CancelPositionsMulti,
    PnL,
    PnLSingle,
    PortfolioValue,
    Position,
    PositionEnd,
    PositionMulti,
    PositionMultiEnd,
    ReqAccountSummary,
    ReqAccountUpdates,
    ReqAccountUpdatesMulti,
    ReqPnL,
    ReqPnLSingle,
    ReqPositions,
    ReqPositionsMulti,
)
from tests.simulation.trading_floor import AAPL, CASH_ACCOUNT, MARGIN_ACCOUNT
from tests.simulation.tws_door import (
    AAPL_ID,
    ACCOUNT,
    OPTION,
    Door,
    errors,
    every,
    limit_order,
    names,
    only,
    order,
    place,
    play,
)

D = Decimal
OTHER = CASH_ACCOUNT.account_id
BOTH = (MARGIN_ACCOUNT, CASH_ACCOUNT)

# TWS API documentation, "AccountSummaryTags".
DOCUMENTED_TAGS = (
    "AccountType,NetLiquidation,TotalCashValue,SettledCash,AccruedCash,BuyingPower,"
    "EquityWithLoanValue,PreviousEquityWithLoanValue,GrossPositionValue,ReqTEquity,ReqTMargin,"
    "SMA,InitMarginReq,MaintMarginReq,AvailableFunds,ExcessLiquidity,Cushion,FullInitMarginReq,"
    "FullMaintMarginReq,FullAvailableFunds,FullExcessLiquidity,LookAheadNextChange,"
    "LookAheadInitMarginReq,LookAheadMaintMarginReq,LookAheadAvailableFunds,"
    "LookAheadExcessLiquidity,HighestSeverity,DayTradesRemaining,Leverage"
)


def values(messages: list[Any]) -> dict[str, str]:
    """Return account values by key, those in dollars or without a currency."""
    return {m.key: m.value for m in every(AccountValue, messages) if m.currency != "BASE"}


# --- account updates ----------------------------------------------------------------------------


def test_account_updates_begin_with_everything_and_an_end() -> None:
    """Values, positions, the time, and the end marker that clients wait for."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, order()))
        messages = await client.ask(ReqAccountUpdates(True, ACCOUNT))
        found = values(messages)
        # 10 shares at 270.02 and one dollar of commission; marked at 270.01.
        assert found["TotalCashValue"] == "997298.80"
        assert found["NetLiquidation"] == "999998.90"
        assert found["GrossPositionValue"] == "2700.10"
        assert found["InitMarginReq"] == "1350.05"
        assert found["UnrealizedPnL"] == "-1.10"
        assert found["AccountReady"] == "true"
        portfolio = only(PortfolioValue, messages)
        assert (portfolio.position, portfolio.market_price) == (10, D("270.01"))
        assert portfolio.average_cost == D("270.12")
        assert portfolio.account_name == ACCOUNT
        assert messages[-2:] == [AccountUpdateTime("09:30"), AccountDownloadEnd(ACCOUNT)]
        assert {m.account_name for m in every(AccountValue, messages)} == {ACCOUNT}

    play(story)


def test_account_updates_tell_what_a_trade_changed_and_nothing_else() -> None:
    """After a fill the changed values and the position follow by themselves."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(ReqAccountUpdates(True, ""))
        messages = await client.ask(place(101, order()))
        found = values(messages)
        assert found["TotalCashValue"] == "997298.80"
        assert "AccountReady" not in found
        assert only(PortfolioValue, messages).position == 10
        messages = await client.ask(place(102, order("SELL")))
        assert only(PortfolioValue, messages).position == 0
        assert values(messages)["GrossPositionValue"] == "0.00"
        await client.ask(ReqAccountUpdates(False, ""))
        assert every(AccountValue, await client.ask(place(103, order()))) == []

    play(story)


def test_a_burst_of_fills_is_told_once() -> None:
    """Fills within one turn of the loop are priced together."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(ReqAccountUpdates(True, ""))
        messages = await client.ask(*[place(101 + n, order(quantity=1)) for n in range(20)])
        told = [m for m in every(AccountValue, messages) if m.key == "TotalCashValue"]
        assert len(told) <= 2
        assert told[-1].value == f"{1_000_000 - 20 * (D('270.02') + 1):.2f}"

    play(story)


def test_an_unchanged_portfolio_is_priced_every_three_minutes() -> None:
    """Prices alone are told at IBKR's interval, not with every tick."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, order()), ReqAccountUpdates(True, ""))
        door.show(AAPL, "280.00", "280.02", last="280.01")
        door.tick(35)
        assert every(PortfolioValue, await client.ask()) == []
        door.tick(1)
        assert only(PortfolioValue, await client.ask()).market_price == D("280.01")

    play(story)


def test_one_account_at_a_time_is_updated() -> None:
    """A second account takes the first one's place, with notice 2100."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(ReqAccountUpdates(True, ACCOUNT))
        messages = await client.ask(ReqAccountUpdates(True, OTHER))
        assert only(AccountDownloadEnd, messages).account_name == OTHER
        assert errors(messages) == [(-1, 2100)]
        assert ACCOUNT in messages[-1].error_string
        messages = await client.ask(place(101, order(account=ACCOUNT)))
        assert every(AccountValue, messages) == []

    play(story, accounts=BOTH)


def test_an_unknown_account_is_refused() -> None:
    """No request about an account that is not managed is met with silence."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(
            ReqAccountUpdates(True, "U404"),
            ReqAccountUpdatesMulti(1, "U404"),
            ReqPositionsMulti(2, "U404"),
            ReqPnL(3, "U404"),
            ReqPnLSingle(4, "U404", "", AAPL_ID),
            ReqAccountSummary(5, "U404", "NetLiquidation"),
        )
        assert errors(messages) == [(-1, 321), (1, 322), (2, 322), (3, 322), (4, 322), (5, 322)]

    play(story)


def test_account_updates_multi_stream_under_their_id() -> None:
    """Request 76 answers with everything, then changes, then ends when it is cancelled."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqAccountUpdatesMulti(8, OTHER))
        assert messages[-1] == AccountUpdateMultiEnd(8)
        first = every(AccountUpdateMulti, messages)
        assert {(m.request_id, m.account) for m in first} == {(8, OTHER)}
        assert ("NetLiquidation", "1000000.00") in {(m.key, m.value) for m in first}
        messages = await client.ask(place(101, order(account=OTHER)))
        changed = {(m.key, m.value) for m in every(AccountUpdateMulti, messages)}
        assert ("TotalCashValue", "997298.80") in changed
        await client.ask(CancelAccountUpdatesMulti(8))
        messages = await client.ask(place(102, order(account=OTHER)))
        assert every(AccountUpdateMulti, messages) == []

    play(story, accounts=BOTH)


def test_ledger_and_net_liquidation_alone_can_be_asked_for() -> None:
    """ledgerAndNLV leaves the margin figures out."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqAccountUpdatesMulti(8, ACCOUNT, "", True))
        keys = {m.key for m in every(AccountUpdateMulti, messages)}
        assert {"NetLiquidation", "CashBalance", "StockMarketValue"} <= keys
        assert "InitMarginReq" not in keys

    play(story)


# --- account summary ----------------------------------------------------------------------------


def test_every_documented_tag_has_a_value() -> None:
    """Each tag of IBKR's list is answered for each account, and the end follows."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqAccountSummary(9, "All", DOCUMENTED_TAGS))
        assert messages[-1] == AccountSummaryEnd(9)
        told = every(AccountSummary, messages)
        wanted = DOCUMENTED_TAGS.replace("ReqT", "RegT").split(",")
        assert [m.tag for m in told if m.account == ACCOUNT] == wanted
        assert [m.tag for m in told if m.account == OTHER] == wanted
        by_tag = {m.tag: m for m in told if m.account == ACCOUNT}
        assert (by_tag["BuyingPower"].value, by_tag["BuyingPower"].currency) == (
            "4000000.00",
            "USD",
        )
        assert by_tag["AccountType"].currency == ""

    play(story, accounts=BOTH)


@pytest.mark.parametrize(
    ("tag", "currencies"),
    [("$LEDGER", {"BASE"}), ("$LEDGER:USD", {"USD"}), ("$LEDGER:ALL", {"BASE", "USD"})],
)
def test_the_ledger_is_told_by_currency(tag: str, currencies: set[str]) -> None:
    """The three forms of $LEDGER choose the currencies."""

    async def story(door: Door) -> None:
        client = await door.client()
        told = every(AccountSummary, await client.ask(ReqAccountSummary(9, "All", tag)))
        assert {m.currency for m in told} == currencies
        assert {m.value for m in told if m.tag == "CashBalance"} == {"1000000.00"}

    play(story)


def test_an_account_summary_streams_until_it_is_cancelled() -> None:
    """A trade changes the summary; after the cancel nothing comes."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(ReqAccountSummary(9, ACCOUNT, "TotalCashValue"))
        messages = await client.ask(place(101, order()))
        assert [m.value for m in every(AccountSummary, messages)][-1] == "997298.80"
        await client.ask(CancelAccountSummary(9))
        assert every(AccountSummary, await client.ask(place(102, order()))) == []

    play(story)


@pytest.mark.parametrize("tags", ["NoSuchTag", "NetLiquidation,$LEDGER:CHF", "", " , "])
def test_a_tag_that_is_none_is_refused_and_subscribes_nothing(tags: str) -> None:
    """A wrong tag is an error with the request's id; nothing of it lingers."""

    async def story(door: Door) -> None:
        client = await door.client()
        assert errors(await client.ask(ReqAccountSummary(9, "All", tags))) == [(9, 322)]
        assert every(AccountSummary, await client.ask(place(101, order()))) == []

    play(story)


def test_two_account_summaries_are_the_most() -> None:
    """IBKR refuses a third one; asking again under a used id replaces it."""

    async def story(door: Door) -> None:
        client = await door.client()
        requests = [ReqAccountSummary(n, "All", "NetLiquidation") for n in (1, 2, 3, 2)]
        messages = await client.ask(*requests)
        assert errors(messages) == [(3, 322)]
        assert [m.request_id for m in every(AccountSummaryEnd, messages)] == [1, 2, 2]

    play(story)


# --- positions ----------------------------------------------------------------------------------


def test_positions_begin_with_all_and_go_on_with_changes() -> None:
    """Everything held, the end, then each change; a closed position is told with zero."""

    async def story(door: Door) -> None:
        client, watcher = await door.client(1), await door.client(2)
        await client.ask(place(101, order(account=ACCOUNT)))
        messages = await watcher.ask(ReqPositions())
        assert names(messages) == ["Position", "PositionEnd"]
        held = only(Position, messages)
        assert (held.account, held.position, held.avg_cost) == (ACCOUNT, 10, D("270.12"))
        assert (held.contract.con_id, held.contract.exchange) == (AAPL_ID, "")
        await client.ask(place(102, limit_order("1.00", "SELL", 1, account=OTHER), OPTION))
        written = only(Position, await watcher.ask())
        assert (written.account, written.position) == (OTHER, -1)
        await client.ask(place(103, order("SELL", account=ACCOUNT)))
        assert only(Position, await watcher.ask()).position == 0
        await watcher.ask(CancelPositions())
        await client.ask(place(104, order(account=ACCOUNT)))
        assert await watcher.ask() == []

    play(story, accounts=BOTH)


def test_no_positions_is_an_empty_list_with_its_end() -> None:
    """An empty answer is an answer."""

    async def story(door: Door) -> None:
        client = await door.client()
        assert await client.ask(ReqPositions()) == [PositionEnd()]

    play(story)


def test_positions_of_one_account_stream_under_their_id() -> None:
    """Request 74 tells one account's positions only."""

    async def story(door: Door) -> None:
        client = await door.client()
        assert await client.ask(ReqPositionsMulti(6, OTHER)) == [PositionMultiEnd(6)]
        messages = await client.ask(
            place(101, order(account=ACCOUNT)), place(102, order(quantity=3, account=OTHER))
        )
        told = only(PositionMulti, messages)
        assert (told.request_id, told.account, told.position) == (6, OTHER, 3)
        await client.ask(CancelPositionsMulti(6))
        messages = await client.ask(place(103, order(account=OTHER)))
        assert every(PositionMulti, messages) == []

    play(story, accounts=BOTH)


# --- profit and loss ----------------------------------------------------------------------------


def test_an_account_s_profit_streams() -> None:
    """Daily, unrealized and realized follow the market and the trades."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, order()))
        messages = await client.ask(ReqPnL(4, ACCOUNT))
        assert messages == [PnL(4, D("-1.10"), D("-1.10"), D(0))]
        door.show(AAPL, "280.00", "280.02", last="280.01")
        door.tick()
        assert await client.ask() == [PnL(4, D("98.90"), D("98.90"), D(0))]
        sold = only(PnL, await client.ask(place(102, order("SELL"))))
        # 10 x (280.00 - 270.02) less what both trades cost.
        assert sold.unrealized_pnl == 0
        assert sold.realized_pnl == sold.daily_pnl
        await client.ask(CancelPnL(4))
        door.tick()
        assert await client.ask() == []

    play(story)


def test_a_position_s_profit_streams() -> None:
    """A position bought today: daily counts from what was paid, before commissions."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, order()))
        messages = await client.ask(ReqPnLSingle(4, ACCOUNT, "", AAPL_ID))
        assert messages == [PnLSingle(4, D(10), D("-0.10"), D("-1.10"), D(0), D("2700.10"))]
        door.show(AAPL, "280.00", "280.02", last="280.01")
        door.tick()
        [told] = await client.ask()
        assert (told.daily_pnl, told.unrealized_pnl) == (D("99.90"), D("98.90"))
        sold = only(PnLSingle, await client.ask(place(102, order("SELL"))))
        assert (sold.pos, sold.value, sold.daily_pnl) == (0, 0, D("99.80"))
        await client.ask(CancelPnLSingle(4))
        door.tick()
        assert await client.ask() == []

    play(story)


def test_a_position_held_overnight_counts_from_the_last_close() -> None:
    """The day after, daily is the change since the close; without a known close it is unset."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, order()))
        door.world.advance_to(door.world.calendar.next_open(door.world.clock.now()))
        door.market.set_statistics(AAPL, SessionStatistics(previous_close=D("265.00")))
        [told] = await client.ask(ReqPnLSingle(4, ACCOUNT, "", AAPL_ID))
        assert told.daily_pnl == 10 * (D("270.01") - D("265.00"))
        door.market.set_statistics(AAPL, SessionStatistics())
        door.tick()
        assert only(PnLSingle, await client.ask()).daily_pnl is None

    play(story)


def test_the_profit_of_nothing_held_is_zero_and_of_nothing_known_an_error() -> None:
    """A known contract without a position is zeros; an unknown contract id is 200."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(
            ReqPnLSingle(4, ACCOUNT, "", AAPL_ID), ReqPnLSingle(5, ACCOUNT, "", 1)
        )
        assert messages[0] == PnLSingle(4, D(0), D(0), D(0), D(0), D(0))
        assert errors(messages) == [(5, 200)]

    play(story)
