"""``smd``, ``smh`` and ``sbd``: quotes, bars and ladders as a client sees them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from brokerport.simulator.market.market import Bar
from tests.client_portal.portal_desk import AAPL, MSFT, PUT
from tests.client_portal.stream_desk import Line, Message, StreamDesk

ALWAYS = {"topic", "conid", "conidEx", "server_id", "_updated", "6119"}


def _watch(desk: StreamDesk, line: Line, fields: str = '"31","84","86"') -> list[Message]:
    return line.hear(f'smd+{desk.conid_of_aapl}+{{"fields":[{fields}]}}')


def _trade_for_three_hours(desk: StreamDesk) -> None:
    """Let there be bars: one an hour, at rising prices."""
    opened = desk.world.clock.now()
    bars = [_bar(opened + timedelta(hours=hour), 250 + hour) for hour in range(3)]
    desk.market.set_bars(AAPL, 3600, bars)
    desk.pass_time(timedelta(hours=3))


def _bar(begins_at: datetime, price: int) -> Bar:
    low, high = Decimal(price), Decimal(price + 1)
    return Bar(begins_at, low, high, low, high, Decimal(1000), 10, low)


def test_the_first_message_shows_every_field_and_later_ones_what_changed() -> None:
    """Flat, with the contract and the server's id in each of them."""
    with StreamDesk() as desk:
        line = desk.connect()
        (first,) = _watch(desk, line)
        assert first.keys() == ALWAYS | {"84", "86", "6509"} | ({"31"} & first.keys())
        assert first["topic"] == f"smd+{desk.conid_of_aapl}"
        assert first["conid"] == desk.conid_of_aapl
        assert (first["84"], first["86"]) == ("250.00", "250.05")
        desk.show(AAPL, "250.00", "250.10")
        desk.pass_time()
        second = line.only()
        assert second.keys() == ALWAYS | {"86"}
        assert second["86"] == "250.10"
        assert second["_updated"] == first["_updated"] + 1000
        desk.pass_time()
        assert line.hear() == []


def test_a_field_that_has_no_value_any_more_is_sent_as_nothing_once() -> None:
    """A bid that is gone must not stand in the client's book for ever."""
    with StreamDesk() as desk:
        line = desk.connect()
        _watch(desk, line)
        desk.show(AAPL, None, "250.05")
        desk.pass_time()
        assert line.only()["84"] == ""
        desk.pass_time()
        assert line.hear() == []
        desk.show(AAPL, "249.00", "250.05")
        desk.pass_time()
        assert line.only()["84"] == "249.00"


def test_what_is_overtaken_within_a_turn_is_not_sent() -> None:
    """Many ticks in one turn are one message, with the last of them."""
    with StreamDesk() as desk:
        line = desk.connect()
        _watch(desk, line)
        for cents in range(10, 60):
            desk.show(AAPL, "250.00", f"250.{cents}")
            desk.pass_time()
        assert line.only()["86"] == "250.59"


def test_asking_again_adds_fields_and_shows_everything_anew() -> None:
    """Resending smd is how fields are added, and how a stream is kept going."""
    with StreamDesk() as desk:
        line = desk.connect()
        _watch(desk, line, '"84"')
        (second,) = _watch(desk, line, "86")
        assert (second["84"], second["86"]) == ("250.00", "250.05")


def test_a_stream_ends_by_itself_after_a_quarter_of_an_hour() -> None:
    """Silently, by the wall's clock; asking again in time lets it go on."""
    with StreamDesk(heartbeat_seconds=100_000, idle_seconds_max=100_000) as desk:
        kept, left = desk.connect(), desk.connect()
        _watch(desk, kept)
        _watch(desk, left)
        desk.pass_seconds(600)
        _watch(desk, kept)
        desk.pass_seconds(301)
        desk.show(AAPL, "251.00", "251.05")
        desk.pass_time()
        assert kept.only()["84"] == "251.00"
        assert left.hear() == []
        desk.pass_seconds(600)
        desk.show(AAPL, "252.00", "252.05")
        desk.pass_time()
        assert kept.hear() == []
        assert _watch(desk, kept)[0]["84"] == "252.00"


def test_umd_ends_one_stream_silently_and_rest_ends_all_of_a_login() -> None:
    """There is no answer; a stream that is not there can be ended as well."""
    with StreamDesk() as desk:
        line = desk.connect()
        _watch(desk, line)
        msft = desk.conid(MSFT)
        line.hear(f'smd+{msft}+{{"fields":["84"]}}')
        assert line.hear(f"umd+{desk.conid_of_aapl}+{{}}", f"umd+{desk.conid_of_aapl}") == []
        desk.show(AAPL, "251.00", "251.05")
        desk.show(MSFT, "401.00", "401.10")
        desk.pass_time()
        assert [message["conid"] for message in line.hear()] == [msft]
        desk.portal.streams.end_market_data(desk.login)
        desk.show(MSFT, "402.00", "402.10")
        desk.pass_time()
        assert line.hear() == []


def test_options_are_streamed_and_an_exchange_may_be_named() -> None:
    """conid@EXCHANGE is echoed as the topic."""
    with StreamDesk() as desk:
        conid = desk.conid(PUT)
        answer = desk.connect().only(f'smd+{conid}@SMART+{{"fields":["84","86"]}}')
        assert answer["topic"] == f"smd+{conid}@SMART"
        assert (answer["84"], answer["86"]) == ("3.00", "3.20")


def test_history_is_answered_once_and_given_back_by_its_server_id() -> None:
    """One message with bars; ending it is acknowledged, and needs its id."""
    with StreamDesk() as desk:
        line = desk.connect()
        frame = f'smh+{desk.conid_of_aapl}+{{"period":"1d","bar":"1h","outsideRth":false}}'
        _trade_for_three_hours(desk)
        answer = line.only(frame)
        assert answer["topic"] == f"smh+{desk.conid_of_aapl}"
        assert answer["symbol"] == "AAPL"
        assert [bar["o"] for bar in answer["data"]] == [250, 251, 252]
        assert answer["data"][0].keys() == {"o", "c", "h", "l", "v", "t"}
        server_id = answer["serverId"]
        assert line.only(f"umh+{server_id}") == {"message": f"Unsubscribed {server_id}"}
        assert "unknown serverId" in line.only(f"umh+{server_id}")["error"]


def test_history_shows_what_its_format_names() -> None:
    """%o/%c leaves the rest of a bar out."""
    with StreamDesk() as desk:
        _trade_for_three_hours(desk)
        frame = f'smh+{desk.conid_of_aapl}+{{"period":"1d","bar":"1h","format":"%o/%c"}}'
        data = desk.connect().only(frame)["data"]
        assert data
        assert all(bar.keys() == {"o", "c"} for bar in data)


def test_five_histories_may_be_open_at_a_time() -> None:
    """The sixth of a login is refused until one is given back, by whichever connection."""
    with StreamDesk() as desk:
        _trade_for_three_hours(desk)
        line, other = desk.connect(), desk.connect()
        frame = f'smh+{desk.conid_of_aapl}+{{"period":"1d","bar":"1h"}}'
        open_ids = [one.only(frame)["serverId"] for one in (line, other, line, other, line)]
        assert len(set(open_ids)) == 5
        assert "concurrent" in other.only(frame)["error"]
        line.hear(f"umh+{open_ids[1]}")
        assert "serverId" in other.only(frame)


def test_a_connection_that_leaves_gives_its_histories_back() -> None:
    """Nobody else could."""
    with StreamDesk() as desk:
        _trade_for_three_hours(desk)
        line, other = desk.connect(), desk.connect()
        frame = f'smh+{desk.conid_of_aapl}+{{"period":"1d","bar":"1h"}}'
        line.hear(*[frame] * 5)
        desk.run(line.leave())
        assert "serverId" in other.only(frame)


@pytest.mark.parametrize("arguments", ['{"period":"1x"}', '{"bar":"7min"}', '{"source":"x"}'])
def test_a_history_that_makes_no_sense_is_refused_and_takes_no_place(arguments: str) -> None:
    """Six of them, and there is still room for five."""
    with StreamDesk() as desk:
        _trade_for_three_hours(desk)
        line = desk.connect()
        for _ in range(6):
            assert "Bad Request" in line.only(f"smh+{desk.conid_of_aapl}+{arguments}")["error"]
        assert "serverId" in line.only(f'smh+{desk.conid_of_aapl}+{{"bar":"1h"}}')


def test_the_ladder_shows_the_displayed_quote_and_no_more() -> None:
    """Ask above bid, the last price in focus, and nothing made up behind them."""
    with StreamDesk() as desk:
        line = desk.connect()
        desk.market.set_quote(AAPL, "250.00", "250.05", 200, 300, last="250.02")
        topic = f"sbd+DU1000001+{desk.conid_of_aapl}+NASDAQ"
        assert line.hear(topic) == [
            {
                "topic": topic,
                "data": [
                    {"row": 0, "focus": 0, "price": "250.05", "ask": "300"},
                    {"row": 1, "focus": 1, "price": "250.02"},
                    {"row": 2, "focus": 0, "price": "250.00", "bid": "200"},
                ],
            }
        ]
        desk.pass_time()
        assert line.hear() == []
        desk.market.set_quote(AAPL, "250.00", None, 200, 300, last="250.00")
        desk.pass_time()
        assert line.only()["data"] == [{"row": 0, "focus": 1, "price": "250.00", "bid": "200"}]
        assert line.hear("ubd+DU1000001") == []
        desk.market.set_quote(AAPL, "251.00", "251.05", 200, 300)
        desk.pass_time()
        assert line.hear() == []
