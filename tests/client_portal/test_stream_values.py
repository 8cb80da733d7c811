"""``spl``, ``ssd`` and ``sld``: profit and loss, summaries and ledgers as they change."""

from __future__ import annotations

from typing import Any

import pytest

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.brokerage.brokerage import Brokerage
from brokerport.simulator.brokerage.marks import NoMarkPrice
from brokerport.simulator.gateways.client_portal import valuation
from brokerport.simulator.gateways.client_portal.translate.account_figures import (
    AccountFigures,
    account_figures,
)
from tests.client_portal.portal_desk import AAPL, GEN, REV
from tests.client_portal.stream_desk import Line, Message, StreamDesk


def _values(message: Message) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in message["result"]}


def _no_heartbeat() -> StreamDesk:
    return StreamDesk(heartbeat_seconds=100_000)


def _later(desk: StreamDesk, line: Line) -> list[Message]:
    desk.pass_seconds(10)
    return line.hear()


def test_profit_and_loss_shows_every_account_and_then_those_that_changed() -> None:
    """A row an account, under its .Core, once a turn and only when it is another one."""
    with StreamDesk() as desk:
        line = desk.connect()
        first = line.only("spl")
        assert first["topic"] == "spl"
        assert first["args"].keys() == {"DU1000001.Core", "DU1000002.Core"}
        assert first["args"]["DU1000001.Core"].keys() == {
            "rowType",
            "dpl",
            "nl",
            "upl",
            "uel",
            "mv",
        }
        desk.pass_time()
        assert line.hear() == []
        desk.buy(100)
        (bought,) = line.hear()
        assert bought["args"].keys() == {"DU1000001.Core"}
        held = bought["args"]["DU1000001.Core"]
        desk.show(AAPL, "260.00", "260.05")
        desk.pass_time()
        (risen,) = line.hear()
        assert risen["args"]["DU1000001.Core"]["upl"] - held["upl"] == 1000
        desk.show(AAPL, "250.00", "250.05")
        desk.pass_time()
        (fallen,) = line.hear()
        assert fallen["args"]["DU1000001.Core"]["upl"] == held["upl"]
        desk.pass_time()
        assert line.hear() == []
        assert line.hear("upl+{}") == []
        desk.show(AAPL, "270.00", "270.05")
        desk.pass_time()
        assert line.hear() == []


def test_the_summary_comes_whole_and_then_every_ten_seconds_as_what_changed() -> None:
    """A message of changes names its account, and none comes when nothing changed."""
    with _no_heartbeat() as desk:
        line = desk.connect()
        first = line.only("ssd+DU1000001+{}")
        assert first["topic"] == "ssd+DU1000001"
        whole = _values(first)
        assert whole["AccountCode"]["value"] == "DU1000001"
        assert whole["TotalCashValue-S"]["monetaryValue"] == 100_000
        assert whole["TotalCashValue-S"]["currency"] == "USD"
        assert _later(desk, line) == []
        desk.buy(100)
        assert line.hear() == []
        (changed,) = _later(desk, line)
        values = _values(changed)
        assert values["AccountCode"]["value"] == "DU1000001"
        assert values["TotalCashValue-S"]["monetaryValue"] < 100_000
        assert "AccountType" not in values
        assert _later(desk, line) == []
        assert line.hear("usd+DU1000001") == [{"result": "unsubscribed from summary"}]
        desk.buy(100)
        assert _later(desk, line) == []


def test_the_summary_shows_the_keys_and_fields_that_are_asked_for() -> None:
    """Key and timestamp are always there."""
    with StreamDesk() as desk:
        frame = 'ssd+DU1000002+{"keys":["TotalCashValue-S"],"fields":["monetaryValue"]}'
        (row,) = desk.connect().only(frame)["result"]
        assert row.keys() == {"key", "timestamp", "monetaryValue"}
        assert row["monetaryValue"] == 50_000


def test_the_ledger_comes_every_ten_seconds_with_blank_rows_for_what_is_unchanged() -> None:
    """Every currency is named in every message."""
    with _no_heartbeat() as desk:
        line = desk.connect()
        first = _values(line.only("sld+DU1000001+{}"))
        assert first.keys() == {"LedgerListBASE", "LedgerListUSD"}
        assert first["LedgerListUSD"]["cashbalance"] == 100_000
        assert first["LedgerListUSD"]["acctCode"] == "DU1000001"
        (blank,) = _later(desk, line)
        assert all(row.keys() == {"key", "timestamp"} for row in blank["result"])
        assert len(blank["result"]) == 2
        desk.buy(100)
        (changed,) = _later(desk, line)
        assert _values(changed)["LedgerListUSD"]["cashbalance"] < 100_000
        assert line.hear("uld+DU1000001+{}") == [{"result": "unsubscribed from ledger"}]
        assert _later(desk, line) == []


def test_account_values_go_on_without_the_brokerage_session() -> None:
    """They belong to the outer session, as the portfolio's endpoints do."""
    with _no_heartbeat() as desk:
        line = desk.connect()
        line.hear("sld+DU1000001+{}", "ssd+DU1000001+{}")
        desk.gateway.lose_brokerage_session()
        line.hear()
        assert [message["topic"] for message in _later(desk, line)] == ["sld+DU1000001"]


def test_account_values_come_by_themselves() -> None:
    """Nobody has to ask: the gateway's own timer sends the ledger when its time has come."""
    with _no_heartbeat() as desk:
        line = desk.connect()
        line.hear("sld+DU1000001+{}")
        desk.pass_seconds(10)
        desk.portal.streams.check_time()
        assert line.next()["topic"] == "sld+DU1000001"


def test_an_account_without_a_price_is_an_error_and_stops_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A holding that nobody can price is never a zero; the other account goes on."""

    def priced(brokerage: Brokerage, account: BrokerAccount) -> AccountFigures:
        if account == GEN:
            raise NoMarkPrice("the market has no price for AAPL")
        return account_figures(brokerage, account)

    with _no_heartbeat() as desk:
        line = desk.connect()
        line.hear("spl", "sld+DU1000001+{}", "sld+DU1000002+{}")
        monkeypatch.setattr(valuation, "account_figures", priced)
        desk.buy(10)
        desk.buy(10, account=REV)
        assert [message["args"].keys() for message in line.hear()] == [{"DU1000002.Core"}]
        assert [message["topic"] for message in _later(desk, line)] == ["sld+DU1000002"]
        for frame in ("spl", "sld+DU1000001"):
            assert "no price for AAPL" in line.only(frame)["error"]
