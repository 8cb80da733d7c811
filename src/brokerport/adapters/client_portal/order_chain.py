"""An order, or a change of one, and the questions that IBKR asks before it takes it.

Rules (Web API, "Place Order Reply"):

- The chain of order, question and reply has the line to itself: any other request makes IBKR forget
  the question.
- A question is answered with yes when every message id of it is on the list of settings. Any other
  is answered with no: the order is refused, with the question's text.
- Nothing is sent twice. When an answer does not come, or makes no sense, what became of the order
  is unknown (``AnswerLost``), unless only a no was on its way: that takes no order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from typing import Protocol, TypeAlias
from urllib.parse import quote

from attrs import frozen

from brokerport.adapters.client_portal.answers import (
    Question,
    Refusal,
    Taken,
    Trouble,
    Unclear,
    order_answer,
    trouble_of,
)
from brokerport.adapters.client_portal.line import Line
from brokerport.adapters.client_portal.pacing import Chain, Lane
from brokerport.adapters.client_portal.transport import AnswerLost, Reply
from brokerport.domain.errors import NotConnected

QUESTIONS_MAX = 12


class Leaving(Protocol):
    """What is told that it leaves."""

    def leaves(self) -> None:
        """Note that the first byte is about to leave."""
        ...


@frozen
class Refused:
    """The broker did not take the order; ``question`` is what it asked without getting a yes."""

    reason: str
    code: int | None = None
    question: str | None = None


Outcome: TypeAlias = Taken | Refused


class OrderChain:
    """Hands orders to the broker through its questions."""

    def __init__(
        self, line: Line, answered: Collection[str], on_trouble: Callable[[Trouble], None]
    ) -> None:
        """Say yes to the message ids in ``answered``; tell ``on_trouble`` of a lost session."""
        self._line = line
        self._answered = frozenset(answered)
        self._on_trouble = on_trouble

    async def submit(self, path: str, body: object, change: Leaving) -> Outcome:
        """POST an order or a change, answer what is asked, and return what became of it.

        Raises:
            NotConnected: the broker did not take it, for want of a session or a line.
            AnswerLost: it may have.
        """
        async with self._line.pacing.chain(Lane.ORDER) as chain:
            reply = await self._line.ask(
                Lane.ORDER, "POST", path, body=body, chain=chain, on_leaving=change.leaves
            )
            for _question in range(QUESTIONS_MAX):
                self._check_read(reply)
                match order_answer(reply):
                    case Taken() as taken:
                        return taken
                    case Refusal(reason, code, is_prompt):
                        return Refused(reason, code, reason if is_prompt else None)
                    case Unclear(detail):
                        raise AnswerLost(detail)
                    case Question() as question if self._has_answer(question):
                        reply = await self._reply(chain, question, is_yes=True)
                    case Question() as question:
                        return await self._decline(chain, question)
            raise AnswerLost(f"Client Portal asked more than {QUESTIONS_MAX} questions")

    def _has_answer(self, question: Question) -> bool:
        return bool(question.message_ids) and self._answered.issuperset(question.message_ids)

    def _check_read(self, reply: Reply) -> None:
        """Refuse to go on when the broker turned the request away unread."""
        trouble = trouble_of(reply)
        if trouble is not None:
            self._on_trouble(trouble)
            raise NotConnected(f"the order was not taken: {trouble.value}")

    async def _decline(self, chain: Chain, question: Question) -> Outcome:
        refused = Refused(
            f"Client Portal asks first ({', '.join(question.message_ids) or 'no message id'}), "
            f"and no setting allows a yes: {question.text}",
            None,
            question.text,
        )
        with contextlib.suppress(AnswerLost, NotConnected):
            # Whether the no arrives or not: without a yes no order is taken.
            reply = await self._reply(chain, question, is_yes=False)
            answer = order_answer(reply)
            if isinstance(answer, Taken):
                return answer
        return refused

    async def _reply(self, chain: Chain, question: Question, *, is_yes: bool) -> Reply:
        path = f"/iserver/reply/{quote(question.reply_id, safe='')}"
        return await self._line.ask(
            Lane.ORDER, "POST", path, body={"confirmed": is_yes}, chain=chain
        )
