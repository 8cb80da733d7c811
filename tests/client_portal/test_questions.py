"""Questions: which are asked, how they chain, what forgets them, and how to be asked none."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.errors import BadInput
from brokerport.simulator.gateways.client_portal.questions import (
    DEFAULT_QUESTIONS,
    Question,
    QuestionTrigger,
)
from tests.client_portal.order_desk import ORDERS, OrderDesk, error_of
from tests.client_portal.portal_desk import AAPL, GEN

FIRST = Question("o1", "The first?", QuestionTrigger.ALWAYS)
SECOND = Question("o2", "The second?", QuestionTrigger.ALWAYS)
THIRD = Question("o3", "The third?", QuestionTrigger.ALWAYS)


def asked(desk: OrderDesk, **fields: Any) -> list[str]:
    """Return the ids of the questions that an order raises, confirming each."""
    ids: list[str] = []
    (answer,) = desk.submit(**fields).json()
    while "message" in answer:
        ids += answer["messageIds"]
        (answer,) = desk.reply(answer["id"]).json()
    return ids


def test_a_question_has_ibkrs_shape_and_places_nothing() -> None:
    """Nothing reaches the broker while a question waits."""
    with OrderDesk(questions=(FIRST,)) as desk:
        (question,) = desk.submit().json()
        assert question == {
            "id": question["id"],
            "message": ["The first?"],
            "isSuppressed": False,
            "messageIds": ["o1"],
            "messageOptions": ["Yes", "No"],
        }
        assert desk.world.brokerage.orders() == ()


def test_questions_come_one_after_another() -> None:
    """Three questions need three replies, each under an id of its own; then the order is placed."""
    with OrderDesk(questions=(FIRST, SECOND, THIRD)) as desk:
        seen = []
        (answer,) = desk.submit(cOID="chain").json()
        for _ in range(3):
            assert desk.world.brokerage.orders() == ()
            seen.append((answer["id"], answer["messageIds"]))
            (answer,) = desk.reply(answer["id"]).json()
        assert [ids for _, ids in seen] == [["o1"], ["o2"], ["o3"]]
        assert len({reply_id for reply_id, _ in seen}) == 3
        assert answer["order_status"] == "Submitted"
        (order,) = desk.world.brokerage.orders()
        assert order.order_reference == "chain"


def test_a_declined_question_ends_the_order_and_frees_its_reference() -> None:
    """No, at any step, places nothing; the cOID can be used."""
    with OrderDesk(questions=(FIRST, SECOND)) as desk:
        (first,) = desk.submit(cOID="free").json()
        (second,) = desk.reply(first["id"]).json()
        assert error_of(desk.reply(second["id"], False)) == "Order not confirmed "
        assert "reply id not found" in error_of(desk.reply(second["id"]), 400)
        assert desk.world.brokerage.orders() == ()
        assert asked(desk, cOID="free") == ["o1", "o2"]


def test_an_answered_question_cannot_be_answered_again() -> None:
    """Replying twice places no second order."""
    with OrderDesk(questions=(FIRST,)) as desk:
        (question,) = desk.submit().json()
        desk.reply(question["id"])
        assert error_of(desk.reply(question["id"]), 400) == (
            f"reply id not found: '{question['id']}'"
        )
        assert len(desk.world.brokerage.orders()) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tickle"),
        ("POST", "/tickle"),
        ("GET", "/iserver/accounts"),
        ("GET", ORDERS),
        ("GET", "/portfolio/accounts"),
        ("POST", "/iserver/questions/suppress/reset"),
        ("DELETE", f"/iserver/account/{GEN}/order/1"),
    ],
)
def test_any_other_request_forgets_the_question(method: str, path: str) -> None:
    """A request between question and reply loses the order, as at IBKR."""
    with OrderDesk(questions=(FIRST,)) as desk:
        (question,) = desk.submit().json()
        assert desk.request(method, path).status_code == 200
        assert "reply id not found" in error_of(desk.reply(question["id"]), 400)
        assert desk.world.brokerage.orders() == ()


def test_a_second_order_forgets_the_first_ones_question() -> None:
    """Interleaved orders: only the later one can be confirmed."""
    with OrderDesk(questions=(FIRST,)) as desk:
        (first,) = desk.submit(cOID="a").json()
        (second,) = desk.submit(cOID="b").json()
        assert "reply id not found" in error_of(desk.reply(first["id"]), 400)
        (answer,) = desk.reply(second["id"]).json()
        assert desk.record(answer["order_id"]).order_reference == "b"


def test_a_reference_that_was_used_while_a_question_waited_is_refused() -> None:
    """The check is made again when the order goes to the broker."""
    with OrderDesk(questions=(FIRST,)) as desk:
        (question,) = desk.submit(cOID="raced").json()
        desk.bid(1, "249.00", order_reference="raced")
        assert "is already registered" in error_of(desk.reply(question["id"]))
        assert len(desk.world.brokerage.orders()) == 1


def test_nothing_is_asked_of_an_order_whose_reference_is_registered() -> None:
    """The refusal comes at once."""
    with OrderDesk(questions=(FIRST,)) as desk:
        desk.bid(1, "249.00", order_reference="used")
        assert "is already registered" in error_of(desk.submit(cOID="used"))


def test_a_confirmed_order_can_still_be_refused_by_the_broker() -> None:
    """The reply's answer is then the refusal."""
    with OrderDesk(questions=(FIRST,)) as desk:
        (question,) = desk.submit(price=249.555).json()
        assert "minimum price variation" in error_of(desk.reply(question["id"]))


@pytest.mark.parametrize("confirmed", [None, "true", 1, "yes"])
def test_a_reply_that_says_neither_yes_nor_no_is_a_bad_request(confirmed: Any) -> None:
    """The question goes on waiting."""
    with OrderDesk(questions=(FIRST,)) as desk:
        (question,) = desk.submit().json()
        assert "confirmed is" in error_of(desk.reply(question["id"], confirmed), 400)
        assert desk.world.brokerage.orders() == ()
        desk.reply(question["id"])
        assert len(desk.world.brokerage.orders()) == 1


@pytest.mark.parametrize("reply_id", ["1", "99097238-9824-4830-84ef-46979aa22593", "%20", "x' or"])
def test_an_unknown_reply_id_is_not_found(reply_id: str) -> None:
    """Ids of any shape."""
    with OrderDesk() as desk:
        assert error_of(desk.reply(reply_id), 400).startswith("reply id not found: '")


def test_suppressed_questions_are_not_asked_until_reset() -> None:
    """Suppression is by message id and lasts as long as the brokerage session."""
    with OrderDesk(questions=(FIRST, SECOND)) as desk:
        suppressed = desk.post("/iserver/questions/suppress", {"messageIds": ["o2", "o9"]})
        assert suppressed.json() == {"status": "submitted"}
        assert asked(desk) == ["o1"]
        desk.post("/iserver/questions/suppress", {"messageIds": ["o1"]})
        assert asked(desk) == []
        assert desk.post("/iserver/questions/suppress/reset").json() == {"status": "submitted"}
        assert asked(desk) == ["o1", "o2"]


def test_too_many_or_shapeless_suppressions_are_refused() -> None:
    """51 ids a request; nothing of a refused request counts."""
    with OrderDesk(questions=(FIRST,)) as desk:
        for message_ids in (["o1"] * 52, "o1", None, [1]):
            response = desk.post("/iserver/questions/suppress", {"messageIds": message_ids})
            error_of(response, 400)
        assert asked(desk) == ["o1"]
        allowed = [f"o{number}" for number in range(1, 52)]
        desk.post("/iserver/questions/suppress", {"messageIds": allowed})
        assert asked(desk) == []


def test_a_new_brokerage_session_asks_again() -> None:
    """Suppressions and questions end with the session."""
    with OrderDesk(questions=(FIRST,)) as desk:
        desk.post("/iserver/questions/suppress", {"messageIds": ["o1"]})
        desk.world.advance(timedelta(days=1))
        desk.reopen()
        assert asked(desk) == ["o1"]


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({}, []),
        ({"price": 243}, []),
        ({"price": 242}, ["o163"]),
        ({"price": 258, "quantity": 1}, ["o163"]),
        ({"quantity": 500, "price": 200}, ["o163"]),
        ({"orderType": "MKT", "price": None}, ["o10151"]),
        ({"orderType": "MKT", "price": None, "quantity": 501}, ["o383", "o451", "o10151"]),
        ({"orderType": "STP", "price": 260, "quantity": 1}, ["o10331"]),
        ({"orderType": "STP", "price": 250, "quantity": 1}, ["o403", "o10331"]),
        ({"orderType": "STOP_LIMIT", "price": 261, "auxPrice": 260, "quantity": 1}, ["o10331"]),
        ({"orderType": "STP", "price": 251, "side": "SELL", "quantity": 1}, ["o403", "o10331"]),
    ],
)
def test_the_usual_questions(fields: dict[str, Any], ids: list[str]) -> None:
    """IBKR's own set: far from the market, large, dear, at market, stops."""
    with OrderDesk(questions=None) as desk:
        answer = desk.submit(**fields).json()
        found = []
        while isinstance(answer, list) and "message" in answer[0]:
            found += answer[0]["messageIds"]
            answer = desk.reply(answer[0]["id"]).json()
        assert found == ids


def test_an_instrument_without_prices_is_asked_about() -> None:
    """o354 stands for blind trading."""
    with OrderDesk(questions=None) as desk:
        desk.market.clear(AAPL)
        assert asked(desk) == ["o354"]


def test_the_texts_name_order_threshold_and_value() -> None:
    """Texts as IBKR writes them, with this order's figures; no placeholder is left."""
    with OrderDesk(questions=None) as desk:
        texts = []
        answer = desk.submit(quantity=650, price=200).json()
        while isinstance(answer, list) and "message" in answer[0]:
            texts += answer[0]["message"]
            answer = desk.reply(answer[0]["id"]).json()
        plain = [text.replace("\n", "") for text in texts]
        assert "price exceeds the Percentage constraint of 3%." in plain[0]
        assert '"BUY 650 AAPL NASDAQ.NMS" size exceeds the Size Limit of 500.' in plain[1]
        assert "value estimate of 130,000.00 USD exceeds the Total Value Limit of" in plain[2]
        assert "100,000 USD." in plain[2]
        assert not any("{" in text for text in plain)


def test_the_usual_questions_can_be_told_apart() -> None:
    """Each message id stands once, and each has a text."""
    ids = [question.message_id for question in DEFAULT_QUESTIONS]
    assert len(set(ids)) == len(ids)
    assert all(question.text for question in DEFAULT_QUESTIONS)


@pytest.mark.parametrize(
    ("text", "when", "threshold"),
    [
        ("?", QuestionTrigger.PRICE_AWAY, Decimal(0)),
        ("?", QuestionTrigger.ALWAYS, Decimal(1)),
        ("{nonsense}", QuestionTrigger.ALWAYS, Decimal(0)),
        ("{", QuestionTrigger.ALWAYS, Decimal(0)),
    ],
)
def test_a_question_that_could_not_be_asked_is_refused(
    text: str, when: QuestionTrigger, threshold: Decimal
) -> None:
    """A mistake in the settings shows at once, not when an order meets it."""
    with pytest.raises(BadInput):
        Question("o1", text, when, threshold)


def test_no_server_prompt_waits() -> None:
    """This gateway sends no prompts, and says so of any answer to one."""
    with OrderDesk() as desk:
        body = {"orderId": 1, "reqId": "12345", "text": "Yes"}
        assert "'12345'" in error_of(desk.post("/iserver/notification", body), 400)
