"""The WebSocket's session: who is greeted, heartbeats, errors, losing and regaining the session."""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import quote

import pytest

from brokerport.simulator.gateways.client_portal.stream.admission import Credentials
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.client_portal.stream.switchboard import Switchboard
from tests.client_portal.portal_desk import AAPL
from tests.client_portal.stream_desk import StreamDesk

WAITING = {"message": "waiting for session"}


def test_a_connection_is_greeted_with_who_it_is_its_accounts_and_its_session() -> None:
    """system, act and sts come in this order, and say what the world knows."""
    with StreamDesk() as desk:
        system, act, sts = desk.connect().greeting
        assert system == {"topic": "system", "success": "paper", "isFT": False, "isPaper": True}
        assert act["topic"] == "act"
        assert act["args"]["accounts"] == ["DU1000001", "DU1000002"]
        assert act["args"]["selectedAccount"] == "DU1000001"
        assert sts["topic"] == "sts"
        assert sts["args"]["authenticated"] is True
        assert sts["args"]["competing"] is False
        assert sts["args"]["connected"] is True


@pytest.mark.parametrize("prefix", ["/v1/api", "/v1/portal"])
@pytest.mark.parametrize("form", ["json", "quoted", "bare"])
def test_the_session_is_read_from_the_cookie_in_every_form(form: str, prefix: str) -> None:
    """The cookie is JSON (ibind), JSON in percent signs (browsers) or the session alone (OAuth)."""
    with StreamDesk() as desk:
        session = desk.login.session_id
        whole = json.dumps({"session": session})
        cookie = {"json": whole, "quoted": quote(whole), "bare": session}[form]
        line = desk.connect(cookie=f"x=1; api={cookie}", prefix=prefix)
        assert line.greeting[0]["success"] == "paper"


@pytest.mark.parametrize("cookie", ["", "api=", "api=wrong", 'api={"session": "wrong"}', "api={"])
def test_without_the_session_it_is_waited_for_and_may_be_shown_later(cookie: str) -> None:
    """Nothing but "waiting for session" is said until the right one is shown in a message."""
    with StreamDesk() as desk:
        line = desk.connect(cookie=cookie, greets=False)
        assert line.next() == WAITING
        line.send("sor+{}")
        assert line.next() == WAITING
        line.send('{"session": "still wrong"}')
        assert line.next() == WAITING
        line.send(json.dumps({"session": desk.login.session_id}))
        assert [line.next()["topic"] for _ in range(3)] == ["system", "act", "sts"]
        assert line.hear() == []


def test_a_token_in_the_query_names_its_own_login() -> None:
    """oauth_token and bearer_token are looked up; with another's session they show nothing."""
    with StreamDesk() as desk:
        login = desk.portal.new_login("robot")
        desk.portal.token_logins["t0k3n"] = login
        for name in ("oauth_token", "bearer_token"):
            query = f"?{name}=t0k3n"
            line = desk.connect(cookie=f"api={login.session_id}", query=query)
            system, _, sts = line.greeting
            assert system["success"] == "robot"
            assert sts["args"]["authenticated"] is False
            assert desk.connect(query=query, greets=False).next() == WAITING
            assert desk.connect(query=f"?{name}=other", greets=False).next() == WAITING


def test_tic_answers_with_the_session_and_the_worlds_time() -> None:
    """The answer to tic is what a client tells the broker's time by."""
    with StreamDesk() as desk:
        line = desk.connect()
        line.send("tic")
        first = line.next()
        assert first == {
            "topic": "tic",
            "alive": True,
            "id": desk.login.session_id,
            "lastAccessed": int(desk.world.clock.now().timestamp() * 1000),
        }
        desk.pass_time()
        line.send("tic")
        assert line.next()["lastAccessed"] == first["lastAccessed"] + 1000


def test_tic_is_answered_after_what_happened_before_it_in_the_same_turn() -> None:
    """What is only told at the end of the turn is told earlier when somebody asks."""
    with StreamDesk() as desk:

        async def story() -> list[str]:
            board = Switchboard(desk.portal, asyncio.get_running_loop())
            subscriber = Subscriber(unread_messages_max=100)
            board.admit(subscriber, Credentials(desk.login.session_id))
            board.receive(subscriber, f'smd+{desk.conid_of_aapl}+{{"fields":["84"]}}')
            desk.show(AAPL, "251.00", "251.05")
            board.on_tick(desk.world.clock.now())
            board.receive(subscriber, "tic")
            texts = [await subscriber.next_text() or "" for _ in range(6)]
            board.stop()
            return texts

        *_, first, second, answer = (json.loads(text) for text in desk.run(story()))
        assert (first["84"], second["84"]) == ("250.00", "251.00")
        assert answer["topic"] == "tic"


def test_heartbeats_come_every_ten_seconds_of_the_wall() -> None:
    """One heartbeat for every connection, with the wall's own time, whatever the world's."""
    with StreamDesk() as desk:
        lines = [desk.connect(), desk.connect()]
        desk.pass_seconds(9.9)
        assert [line.hear() for line in lines] == [[], []]
        desk.pass_seconds(0.2)
        for line in lines:
            heartbeat = line.only()
            assert heartbeat["topic"] == "system"
            assert abs(heartbeat["hb"] / 1000 - time.time()) < 5
            assert line.hear() == []
        desk.pass_seconds(10)
        assert [message["topic"] for message in lines[0].hear()] == ["system"]


def test_heartbeats_come_by_themselves() -> None:
    """Nobody has to ask: with the loop's own clock a quick heartbeat arrives unasked."""
    with StreamDesk(heartbeat_seconds=0.01) as desk:
        began = time.monotonic()
        desk.portal.monotonic = lambda: desk.clock.seconds + time.monotonic() - began
        line = desk.connect()
        assert [line.next()["topic"] for _ in range(3)] == ["system"] * 3


def test_ech_is_echoed() -> None:
    """Older clients keep the line open with ech+hb."""
    with StreamDesk() as desk:
        assert desk.connect().hear("ech+hb") == [{"topic": "ech+hb"}]


@pytest.mark.parametrize(
    ("frame", "topic", "error"),
    [
        ("", "", "a message begins with its topic"),
        ("   ", "", "a message begins with its topic"),
        ("nonsense", "nonsense", "unknown topic nonsense"),
        ("smd", "smd", "conid is required"),
        ("smd+abc+{}", "smd+abc", "conid is not a contract id"),
        ("smd+1e9+{}", "smd+1e9", "conid is not a contract id"),
        ("smd+٣٤+{}", "smd+٣٤", "conid is not a contract id"),
        ("smd+265598+{", "smd+265598", "the arguments are not JSON"),
        ('smd+265598+{"fields":NaN}', "smd+265598", "the arguments are not JSON"),
        ('smd+265598+{"fields":[1.5]}', "smd+265598", "fields must be a list of texts"),
        ('smd+265598+{"fields":{"31":1}}', "smd+265598", "fields must be a list of texts"),
        ("sor+{" + '"a":[' * 50_000, "sor", "the message is too long"),
        ("sor+{" + '"a":{' * 12_000, "sor", "the arguments are not JSON"),
        ("ssd+U999+{}", "ssd+U999", "accountId is not valid"),
        ("ssd", "ssd", "accountId is required"),
        ('str+{"days":8}', "str", "days must be from 1 to 7"),
        ('str+{"days":true}', "str", "days must be from 1 to 7"),
        ('str+{"realtimeUpdatesOnly":"perhaps"}', "str", "must be true or false"),
        ("sbd+DU1000001", "sbd+DU1000001", "conid is required"),
        ("umh+77", "umh+77", "unknown serverId 77"),
        ("smd+7+{}", "smd+7", ""),
    ],
)
def test_what_makes_no_sense_is_answered_with_an_error(frame: str, topic: str, error: str) -> None:
    """The client is told what is wrong, the connection goes on and nothing is subscribed."""
    with StreamDesk() as desk:
        line = desk.connect()
        answer = line.only(frame)
        assert answer["topic"] == topic
        assert error in answer["error"]
        desk.pass_time()
        assert line.hear() == []


def test_bytes_that_are_no_text_are_answered_too() -> None:
    """A binary message is read as text, as far as it is any."""
    with StreamDesk() as desk:
        line = desk.connect()
        desk.run(line.socket.send(b"\xff\xfe"))
        assert "unknown topic" in line.only()["error"]


def test_without_the_brokerage_session_its_topics_are_refused() -> None:
    """Orders, trades and market data need the bridge; account values and tic do not."""
    with StreamDesk() as desk:
        line = desk.connect()
        desk.gateway.lose_brokerage_session()
        assert line.only()["args"]["authenticated"] is False
        frames = ("sor+{}", "str+{}", "spl", f"smd+{desk.conid_of_aapl}+{{}}", "sbd+DU1000001+1")
        for answer in line.hear(*frames):
            assert answer["error"] == "Bad Request: no bridge"
        assert line.only("sld+DU1000001+{}")["topic"] == "sld+DU1000001"


def test_losing_the_session_is_told_and_ends_what_was_subscribed() -> None:
    """sts says so, orders are not told any more, and only a new subscription brings them back."""
    with StreamDesk() as desk:
        line = desk.connect()
        assert line.hear("sor+{}") == []
        desk.gateway.lose_brokerage_session()
        assert [message["topic"] for message in line.hear()] == ["sts"]
        desk.bid(10, "240.00")
        assert line.hear() == []
        desk.answer("POST", "/iserver/auth/ssodh/init", json={"publish": True, "compete": True})
        assert line.only()["args"]["authenticated"] is True
        desk.bid(10, "241.00")
        assert line.hear() == []
        assert len(line.said("sor", "sor+{}")[0]["args"]) == 2


def test_a_competing_session_is_told() -> None:
    """Another device takes the session over: authenticated no more, competing."""
    with StreamDesk() as desk:
        line = desk.connect()
        desk.gateway.compete_elsewhere()
        args = line.only()["args"]
        assert (args["authenticated"], args["competing"]) == (False, True)


def test_an_idle_session_ends_unless_tic_keeps_it() -> None:
    """A tic counts as being there: without one the brokerage session idles out."""
    with StreamDesk(heartbeat_seconds=100_000) as desk:
        line = desk.connect()
        for _ in range(3):
            desk.pass_seconds(300)
            assert line.hear() == []
        desk.pass_seconds(361)
        assert line.only()["args"]["authenticated"] is False


def test_logging_out_leaves_the_connection_waiting_for_the_next_session() -> None:
    """It hears that the session is over, and greets when it shows the new one."""
    with StreamDesk() as desk:
        line = desk.connect()
        desk.portal.sessions.end(desk.login)
        status, waiting = line.next(), line.next()
        assert status["args"]["connected"] is False
        assert waiting == WAITING
        login = desk.portal.log_in()
        line.send(json.dumps({"session": login.session_id}))
        assert [line.next()["topic"] for _ in range(3)] == ["system", "act", "sts"]


def test_a_notification_reaches_the_login_it_is_for() -> None:
    """ntf carries a list, as clients expect of it."""
    with StreamDesk() as desk:
        line = desk.connect()
        prompt = {"orderId": 1, "reqId": "7", "text": "Sure?", "options": ["Yes", "No"]}
        desk.portal.streams.notify(desk.login, prompt)
        desk.portal.streams.notify(desk.portal.new_login("robot"), {"text": "not yours"})
        assert line.hear() == [{"topic": "ntf", "args": [prompt]}]


def test_closing_the_gateway_closes_every_connection_cleanly() -> None:
    """What was sent is delivered, then the connection ends with 1001 (going away)."""
    with StreamDesk() as desk:
        lines = [desk.connect(), desk.connect(cookie="", greets=False)]
        desk.run(desk.gateway.close())
        assert lines[1].next() == WAITING
        assert [line.close_code() for line in lines] == [1001, 1001]


def test_a_client_that_leaves_is_forgotten() -> None:
    """Its subscriptions go with it."""
    with StreamDesk() as desk:
        line, other = desk.connect(), desk.connect()
        line.hear("sor+{}", "str+{}", "spl+{}", f"smd+{desk.conid_of_aapl}+{{}}")
        desk.run(line.leave())
        desk.pass_time()
        desk.bid(10, "240.00")
        assert other.hear() == []
        assert desk.portal.streams.connection_count == 1
