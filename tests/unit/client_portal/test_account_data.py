"""Positions, balances and profit of the Client Portal API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from brokerport.adapters.client_portal.account_data import PROFIT_ASKS_MAX, AccountData
from brokerport.adapters.client_portal.contracts import Contracts
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import ProfitAndLoss
from brokerport.domain.errors import (
    NotConnected,
    RequestRefused,
    RequestTimedOut,
    UnknownContract,
    Unsupported,
)
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.money import Money, usd
from brokerport.domain.positions import Holding
from tests.unit.client_portal.fake_session import GEN, REV, FakeSession, run

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
MCD = Stock("MCD")
PUT = Option("AAPL", date(2026, 1, 23), Decimal(250), OptionRight.PUT)
POSITIONS = f"/portfolio2/{GEN}/positions"
SUMMARY = f"/portfolio/{GEN}/summary"
LEDGER = f"/portfolio/{GEN}/ledger"
SELECT, PARTITIONED = "/iserver/account", "/iserver/account/pnl/partitioned"
STRANGER = BrokerAccount("DU9999999")


class StillClock:
    """It is always the same moment."""

    def now(self) -> datetime:
        return NOW


class FakeContracts:
    """Three contracts: a stock, an option, and a future that brokerport does not have."""

    def __init__(self) -> None:
        self.known: dict[int, Instrument | None] = {9408: MCD, 700: PUT, 5: None}

    async def learn(self, identities: Any) -> None:
        list(identities)

    async def instrument_of(self, identity: int) -> Instrument | None:
        if identity not in self.known:
            raise UnknownContract(f"no contract with id {identity}")
        return self.known[identity]


def position(conid: str = "9408", **changes: Any) -> dict[str, Any]:
    """A row of /portfolio2, as IBKR documents it."""
    return {
        "position": 12.0,
        "conid": conid,
        "avgCost": 266.20888333333335,
        "avgPrice": 266.20888333333335,
        "currency": "USD",
        "description": "MCD",
        "isLastToLoq": False,
        "marketPrice": 258.8299865722656,
        "secType": "STK",
        "timestamp": 1717444668,
        "assetClass": "STK",
        "model": "",
        **changes,
    }


def value(amount: float, **changes: Any) -> dict[str, Any]:
    """A row of the account summary."""
    return {
        "amount": amount,
        "currency": "USD",
        "isNull": False,
        "timestamp": 1712156105000,
        "value": None,
        "severity": 0,
        **changes,
    }


def summary(**changes: Any) -> dict[str, Any]:
    """An account summary with two values nobody asks for."""
    return {
        "accountcode": value(0.0, currency=None, value=str(GEN)),
        "accruedcash": value(1.5),
        "totalcashvalue": value(74994.0),
        "netliquidation": value(99989.25),
        "buyingpower": value(199978.5),
        "initmarginreq": value(6248.75),
        "maintmarginreq": value(6000.0),
        "availablefunds": value(93740.5),
        "excessliquidity": value(93989.25),
        **changes,
    }


@pytest.fixture
def session() -> FakeSession:
    """An account with a summary, a ledger and a profit."""
    session = FakeSession()
    session.answer(POSITIONS, [])
    session.answer(SUMMARY, summary())
    session.answer(LEDGER, {"BASE": {"realizedpnl": -3.4, "unrealizedpnl": 0.0}})
    session.answer(SELECT, {"set": True, "acctId": str(GEN)})
    session.answer(
        PARTITIONED, {"upnl": {f"{GEN}.Core": {"rowType": 1, "dpl": -8.65, "upl": -5.25}}}
    )
    return session


def account_data(session: FakeSession) -> AccountData:
    """The port under test."""
    return AccountData(session.as_session, cast(Contracts, FakeContracts()), StillClock())


def test_positions_are_held(session: FakeSession) -> None:
    """Long and short, with the cost of one share or contract; the conid is a text."""
    put = position("700", position=-1.0, avgCost=318.95, assetClass="OPT")
    session.answer(POSITIONS, [position(), put])
    assert run(account_data(session).positions(GEN)) == (
        Holding(MCD, Decimal(12), Decimal("266.20888333333335")),
        Holding(PUT, Decimal(-1), Decimal("318.95")),
    )


def test_what_is_flat_is_left_out(session: FakeSession) -> None:
    """Even where nobody knows what it is."""
    session.answer(POSITIONS, [position("6", position=0.0)])
    assert run(account_data(session).positions(GEN)) == ()


@pytest.mark.parametrize("conid", ["5", "6"])
def test_a_strange_instrument_is_named(session: FakeSession, conid: str) -> None:
    """A future, or a contract that nobody knows: a book without it would be wrong."""
    session.answer(POSITIONS, [position(), position(conid, assetClass="FUT", description="ESZ5")])
    with pytest.raises(Unsupported, match="FUT ESZ5"):
        run(account_data(session).positions(GEN))


def test_one_contract_in_two_models_is_unsupported(session: FakeSession) -> None:
    """Half of it would be a wrong position."""
    session.answer(POSITIONS, [position(model="A"), position(model="B")])
    with pytest.raises(Unsupported, match="several model portfolios"):
        run(account_data(session).positions(GEN))


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "positions",
        [1],
        [position(position=None)],
        [position("x")],
        [position(avgCost="")],
        RequestRefused("no bridge", 400),
    ],
)
def test_positions_that_cannot_be_read_are_not_empty(session: FakeSession, answer: object) -> None:
    """They are refused."""
    session.answer(POSITIONS, answer)
    with pytest.raises(RequestRefused):
        run(account_data(session).positions(GEN))


def test_balances_are_of_their_own_time(session: FakeSession) -> None:
    """The oldest of the values says when."""
    older = value(93740.5, timestamp=1712156100500)
    session.answer(SUMMARY, summary(availablefunds=older))
    balances = run(account_data(session).balances(GEN))
    assert balances.total_cash == usd("74994.00")
    assert balances.net_liquidation == usd("99989.25")
    assert balances.buying_power == usd("199978.5")
    assert balances.initial_margin == usd("6248.75")
    assert balances.maintenance_margin == usd("6000")
    assert balances.available_funds == usd("93740.5")
    assert balances.excess_liquidity == usd("93989.25")
    assert balances.as_of == datetime(2024, 4, 3, 14, 55, 0, 500_000, tzinfo=UTC)


def test_balances_without_a_time_are_of_now(session: FakeSession) -> None:
    """The clock's."""
    untimed = {key: row | {"timestamp": None} for key, row in summary().items()}
    session.answer(SUMMARY, untimed)
    assert run(account_data(session).balances(GEN)).as_of == NOW


@pytest.mark.parametrize(
    "row",
    [
        None,
        value(1.0, isNull=True),
        value(1.0, currency=None),
        {"amount": 1.0},
        value(1.0) | {"amount": None},
        value(1.0) | {"amount": "much"},
        "1.0",
    ],
)
def test_a_missing_balance_is_no_zero(session: FakeSession, row: object) -> None:
    """The read is refused, and names it."""
    session.answer(SUMMARY, summary(buyingpower=row))
    with pytest.raises(RequestRefused, match=str(GEN)):
        run(account_data(session).balances(GEN))


def test_profit_comes_from_two_places(session: FakeSession) -> None:
    """The day's and the open positions' from the partition, the realised from the ledger."""
    assert run(account_data(session).profit_and_loss(GEN)) == ProfitAndLoss(
        daily=usd("-8.65"), unrealised=usd("-5.25"), realised=usd("-3.4")
    )
    assert session.bodies == [{"acctId": str(GEN)}]
    paths = [path for _method, path, _query in session.asked]
    assert paths == [SUMMARY, SELECT, PARTITIONED, LEDGER]


def test_profit_is_in_the_base_currency(session: FakeSession) -> None:
    """It is read once."""
    session.answer(SUMMARY, {key: row | {"currency": "EUR"} for key, row in summary().items()})
    data = account_data(session)
    assert run(data.profit_and_loss(GEN)).realised == Money("-3.4", "EUR")
    run(data.profit_and_loss(GEN))
    assert len(session.asked_of(SUMMARY)) == 1


def test_an_empty_first_answer_is_asked_again(session: FakeSession) -> None:
    """IBKR begins to compute then; nothing is no zero."""
    row = {f"{GEN}.Core": {"dpl": 1, "upl": 2}}
    session.answer(PARTITIONED, {"upnl": {}}, {"upnl": row})
    assert run(account_data(session).profit_and_loss(GEN)).daily == usd(1)
    session.answer(PARTITIONED, {"upnl": {}})
    session.asked.clear()
    with pytest.raises(RequestTimedOut):
        run(account_data(session).profit_and_loss(GEN))
    assert len(session.asked_of(PARTITIONED)) == PROFIT_ASKS_MAX


def test_another_accounts_profit_is_none_of_ours(session: FakeSession) -> None:
    """The selection did not take."""
    session.answer(PARTITIONED, {"upnl": {f"{REV}.Core": {"dpl": 1, "upl": 2}}})
    with pytest.raises(RequestRefused, match=f"no {GEN}.Core .*{REV}"):
        run(account_data(session).profit_and_loss(GEN))


@pytest.mark.parametrize("body", [None, {}, {"upnl": None}, {"upnl": []}])
def test_a_profit_of_another_form_is_refused(session: FakeSession, body: object) -> None:
    """It is not zero."""
    session.answer(PARTITIONED, body)
    with pytest.raises(RequestRefused, match="profit"):
        run(account_data(session).profit_and_loss(GEN))


@pytest.mark.parametrize("ledger", [None, {}, {"BASE": None}, {"BASE": {"realizedpnl": None}}])
def test_without_a_realised_profit_there_is_none(session: FakeSession, ledger: object) -> None:
    """It is refused, not made up."""
    session.answer(LEDGER, ledger)
    with pytest.raises(RequestRefused, match=r"BASE|realizedpnl"):
        run(account_data(session).profit_and_loss(GEN))


def test_nobody_selects_another_account_in_between(session: FakeSession) -> None:
    """Two accounts' profits at once: each selection is followed by its own answer."""

    def partition(_query: dict[str, str]) -> dict[str, Any]:
        account = cast(dict[str, str], session.bodies[-1])["acctId"]
        return {"upnl": {f"{account}.Core": {"dpl": 1 if account == str(GEN) else 2, "upl": 0}}}

    session.answers[PARTITIONED] = partition
    session.answer(f"/portfolio/{REV}/summary", summary())
    session.answer(f"/portfolio/{REV}/ledger", {"BASE": {"realizedpnl": 0}})
    data = account_data(session)

    async def ask() -> list[ProfitAndLoss]:
        return await asyncio.gather(*(data.profit_and_loss(one) for one in (GEN, REV, GEN)))

    assert [one.daily for one in run(ask())] == [usd(1), usd(2), usd(1)]


def test_no_account_is_selected_while_a_list_is_read(session: FakeSession) -> None:
    """The list would come back empty."""
    data = account_data(session)

    async def ask() -> bool:
        async with session.order_lists.gate:
            asking = asyncio.create_task(data.profit_and_loss(GEN))
            for _turn in range(20):
                await asyncio.sleep(0)
            is_selected = bool(session.bodies)
        await asking
        return is_selected

    assert not run(ask())


READS: dict[str, Callable[[AccountData, BrokerAccount], Coroutine[Any, Any, object]]] = {
    "positions": lambda data, account: data.positions(account),
    "balances": lambda data, account: data.balances(account),
    "profit_and_loss": lambda data, account: data.profit_and_loss(account),
}


@pytest.mark.parametrize("read", READS)
def test_a_strange_account_and_no_session_are_told(session: FakeSession, read: str) -> None:
    """Nothing is asked for them."""
    with pytest.raises(RequestRefused, match="not managed"):
        run(READS[read](account_data(session), STRANGER))
    session.is_connected = False
    with pytest.raises(NotConnected):
        run(READS[read](account_data(session), GEN))
    assert session.asked == []
