"""An order and IBKR's questions: what is answered, what is refused, and what nobody knows."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Collection
from typing import Any

import httpx
import pytest

from brokerport.adapters.client_portal.answers import Taken, Trouble
from brokerport.adapters.client_portal.line import Line
from brokerport.adapters.client_portal.order_chain import (
    QUESTIONS_MAX,
    OrderChain,
    Outcome,
    Refused,
)
from brokerport.adapters.client_portal.pacing import Lane, Pacing
from brokerport.adapters.client_portal.transport import AnswerLost, Transport
from brokerport.domain.errors import NotConnected

PATH = "/iserver/account/DU1000001/orders"
TAKEN = [{"order_id": "1370093239", "order_status": "PreSubmitted", "encrypt_message": "1"}]
ACCEPTED = Taken(1370093239, "PreSubmitted")

Answer = tuple[int, object] | Exception


def question(number: int, *message_ids: str, text: str = "Are you sure?") -> tuple[int, object]:
    """A question as IBKR asks it."""
    body = {
        "id": f"reply-{number}",
        "isSuppressed": False,
        "message": [text],
        "messageIds": list(message_ids),
        "messageOptions": ["Yes", "No"],
    }
    return 200, [body]


class Desk:
    """A chain to a server that answers as the test says, and what it was asked."""

    def __init__(self, *answers: Answer, answered: Collection[str] = ()) -> None:
        self.answers = deque(answers)
        self.asked: list[tuple[str, Any]] = []
        self.troubles: list[Trouble] = []
        self.has_left = False
        self._answered = answered

    def leaves(self) -> None:
        """Note that the order is about to leave."""
        self.has_left = True

    def submit(self) -> Outcome:
        """Hand an order over."""

        async def run() -> Outcome:
            transport = Transport(
                "http://localhost/v1/api", 5.0, http=httpx.MockTransport(self._answer)
            )
            line = Line(transport, Pacing(None))
            chain = OrderChain(line, self._answered, self.troubles.append)
            try:
                return await chain.submit(PATH, {"orders": [{}]}, self)
            finally:
                await line.close("done")

        return asyncio.run(run())

    @property
    def replies(self) -> list[tuple[str, Any]]:
        """What was replied to questions."""
        return [(path, body) for path, body in self.asked if path != PATH]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/api")
        self.asked.append((path, json.loads(request.content)))
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return httpx.Response(status, text=body if isinstance(body, str) else json.dumps(body))


@pytest.mark.parametrize(
    "body",
    [
        TAKEN,
        TAKEN[0],
        [{"order_id": 1370093239, "order_status": "PreSubmitted"}],
        [{"warning": "something"}, *TAKEN],
    ],
)
def test_an_order_that_is_taken_has_its_id(body: object) -> None:
    """In every shape in which IBKR says so."""
    desk = Desk((200, body))
    assert desk.submit() == ACCEPTED
    assert [path for path, _body in desk.asked] == [PATH]
    assert desk.has_left


def test_further_orders_of_an_answer_are_kept() -> None:
    """One ticket should make one order; two are to be pointed out."""
    desk = Desk((200, [*TAKEN, {"order_id": "17", "order_status": "Submitted"}]))
    assert desk.submit() == Taken(1370093239, "PreSubmitted", (17,))


def test_questions_on_the_list_are_answered_one_after_another() -> None:
    """Each under its own id, and the order is taken in the end."""
    desk = Desk(
        question(1, "o163"),
        question(2, "o383", "o451"),
        question(3, "o163"),
        (200, TAKEN),
        answered=("o163", "o383", "o451"),
    )
    assert desk.submit() == ACCEPTED
    assert desk.replies == [
        (f"/iserver/reply/reply-{number}", {"confirmed": True}) for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("message_ids", [("o383",), ("o163", "o383"), ()])
def test_a_question_that_is_not_on_the_list_is_answered_with_no(
    message_ids: tuple[str, ...],
) -> None:
    """One message of several is enough, and one without an id cannot be on a list."""
    desk = Desk(
        question(1, "o163"),
        question(2, *message_ids, text="Too much?"),
        (200, {"error": "Order not confirmed "}),
        answered=("o163",),
    )
    outcome = desk.submit()
    assert isinstance(outcome, Refused)
    assert outcome.question == "Too much?"
    assert "Too much?" in outcome.reason
    assert desk.replies[-1] == ("/iserver/reply/reply-2", {"confirmed": False})


def test_an_order_taken_in_spite_of_a_no_is_taken() -> None:
    """What the broker says is what counts."""
    desk = Desk(question(1, "o163"), (200, TAKEN))
    assert desk.submit() == ACCEPTED


def test_a_no_whose_answer_is_lost_is_a_refusal_all_the_same() -> None:
    """Without a yes no order is taken."""
    for lost in (httpx.ReadTimeout(""), httpx.ConnectError("")):
        outcome = Desk(question(1, "o163"), lost).submit()
        assert isinstance(outcome, Refused)
        assert outcome.question == "Are you sure?"


def test_a_question_that_comes_for_ever_is_given_up() -> None:
    """What became of the order is not known then."""
    asked = [question(number, "o163") for number in range(QUESTIONS_MAX + 1)]
    desk = Desk(*asked, answered=("o163",))
    with pytest.raises(AnswerLost, match="more than"):
        desk.submit()


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ((200, {"error": "We cannot accept an order"}), Refused("We cannot accept an order")),
        ((200, [{"error": "No trading permissions"}]), Refused("No trading permissions")),
        ((200, {"error": "201/Order rejected"}), Refused("Order rejected", 201)),
        ((400, {"error": "accountId is not valid"}), Refused("accountId is not valid")),
        ((404, "<html><b>Resource</b> not found</html>"), Refused("HTTP 404 Resource not found")),
        ((403, ""), Refused("HTTP 403")),
    ],
)
def test_a_refusal_is_told_in_the_brokers_words(answer: Answer, refused: Refused) -> None:
    """At whichever status it comes; a code is split off where there is one."""
    assert Desk(answer).submit() == refused


def test_an_advanced_reject_is_a_refusal_with_its_prompt() -> None:
    """The order is not working; another choice would have to be made by a person."""
    body = {
        "orderId": 123456789,
        "reqId": "22170",
        "dismissable": [],
        "text": "Use the Price Management Algo?",
        "options": ["Use on this order", "Do not use"],
        "type": "M",
        "messageId": "p12",
        "prompt": True,
    }
    text = "Use the Price Management Algo?"
    assert Desk((200, body)).submit() == Refused(text, None, text)
    assert Desk((200, {**body, "prompt": False})).submit() == Refused(text)


@pytest.mark.parametrize(
    ("status", "error", "trouble"),
    [
        (401, "not authenticated", Trouble.NO_LOGIN),
        (400, "Bad Request: no bridge", Trouble.NO_BRIDGE),
        (500, "Please query /accounts first", Trouble.NOT_PRIMED),
        (429, "Too Many Requests", Trouble.TOO_MANY),
    ],
)
@pytest.mark.parametrize("questions", [0, 1])
def test_an_order_that_was_turned_away_unread_is_not_placed(
    status: int, error: str, trouble: Trouble, questions: int
) -> None:
    """For want of a session, or of patience; a question that stood open is off."""
    asked = [question(1, "o163")] * questions
    desk = Desk(*asked, (status, {"error": error}), answered=("o163",))
    with pytest.raises(NotConnected):
        desk.submit()
    assert desk.troubles == [trouble]


def test_an_order_that_never_left_is_not_placed() -> None:
    """No connection was made."""
    with pytest.raises(NotConnected):
        Desk(httpx.ConnectError("refused")).submit()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout(""),
        httpx.RemoteProtocolError("disconnected"),
        (500, {"error": "Internal Server Error"}),
        (503, {"error": "Service Unavailable"}),
        (502, "<html>Bad Gateway</html>"),
        (302, ""),
        (200, ""),
        (200, "no JSON"),
        (200, []),
        (200, {}),
        (200, [{"order_id": "not a number"}]),
        (200, ["text"]),
        (200, {"order_id": 0}),
    ],
)
@pytest.mark.parametrize("questions", [0, 1])
def test_what_the_answer_does_not_say_is_not_guessed(answer: Answer, questions: int) -> None:
    """The order may have been taken, after the order as after a yes; it is not sent again."""
    asked = [question(1, "o163")] * questions
    desk = Desk(*asked, answer, answered=("o163",))
    with pytest.raises(AnswerLost):
        desk.submit()
    assert [path for path, _body in desk.asked].count(PATH) == 1


def test_a_reply_that_came_too_late_is_a_refusal() -> None:
    """Another request made IBKR forget the question: no order was taken."""
    text = "reply id not found: 'reply-1'"
    desk = Desk(question(1, "o163"), (400, {"error": text}), answered=("o163",))
    assert desk.submit() == Refused(text)


def test_no_other_request_comes_between_an_order_and_its_reply() -> None:
    """Reads that were asked for before and during wait for the end of the chain."""

    async def run() -> list[str]:
        seen: list[str] = []
        chained = deque([question(1, "o163"), question(2, "o163"), (200, TAKEN)])

        async def answer(request: httpx.Request) -> httpx.Response:
            name = "chain" if request.method == "POST" else "read"
            seen.append(f"{name} begins")
            for _turn in range(5):
                await asyncio.sleep(0)
            seen.append(f"{name} ends")
            status, body = chained.popleft() if name == "chain" else (200, {})
            return httpx.Response(status, json=body)

        transport = Transport("http://localhost/v1/api", 5.0, http=httpx.MockTransport(answer))
        line = Line(transport, Pacing(None))
        chain = OrderChain(line, {"o163"}, lambda _trouble: None)

        async def read() -> None:
            for _reading in range(4):
                await line.ask(Lane.READ, "GET", "/iserver/secdef/search")

        await asyncio.gather(read(), read(), chain.submit(PATH, {}, Desk()), read())
        await line.close("done")
        return seen

    seen = asyncio.run(run())
    first = seen.index("chain begins")
    assert seen[first : first + 6] == ["chain begins", "chain ends"] * 3
    assert seen[:first].count("read begins") == seen[:first].count("read ends") > 0
    assert seen.count("read ends") == 12
