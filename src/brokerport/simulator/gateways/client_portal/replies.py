"""Questions that wait for a reply.

Rules (Web API, "Place Order Reply"; issue threads, "reply id not found"):

- An order's questions are asked one after another, each under an id of its own; the order goes to
  the broker when the last one has been confirmed.
- Any other request of the login forgets the question, and so does the next answer: an id is good
  for one reply. A declined question ends the order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from attrs import frozen

from brokerport.simulator.gateways.client_portal.errors import bad_request, refused
from brokerport.simulator.gateways.client_portal.questions import AskedQuestion

if TYPE_CHECKING:
    from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal

NOT_CONFIRMED = "Order not confirmed "
"""IBKR's answer to a declined question; the blank at its end is IBKR's too."""


class ReplyIds:
    """Gives out reply ids, each once in the life of a gateway; the same for the same world."""

    def __init__(self, portal: ServedPortal) -> None:
        """Begin for a portal; use ``portal.store(ReplyIds)``."""
        self._draw = Random(f"reply ids {portal.world.seed}")
        self._numbers = count(1)

    def next_id(self) -> str:
        """Return an id in a UUID's shape."""
        # The number keeps ids apart even if the draw repeats itself.
        drawn = self._draw.getrandbits(96) << 32 | next(self._numbers)
        return str(UUID(int=drawn, version=4))


@frozen
class _Waiting:
    reply_id: str
    later: tuple[AskedQuestion, ...]
    act: Callable[[], object]
    ids: ReplyIds


class PendingReplies:
    """The question that a login has been asked and has not answered; there is one at most."""

    def __init__(self) -> None:
        self._waiting: _Waiting | None = None

    def invalidate(self) -> None:
        """Forget the question: another request came between."""
        self._waiting = None

    def ask(
        self, questions: Sequence[AskedQuestion], act: Callable[[], object], ids: ReplyIds
    ) -> object:
        """Ask the first question, or do at once what nothing is asked about.

        Returns what ``act`` returns, or the question as the client is to see it.
        """
        if not questions:
            self._waiting = None
            return act()
        first, *later = questions
        self._waiting = _Waiting(ids.next_id(), tuple(later), act, ids)
        return _question_body(self._waiting.reply_id, first)

    def answer(self, reply_id: str, *, is_confirmed: bool) -> object:
        """Take a reply: ask the next question, or do what was asked about.

        Raises:
            PortalError: no such question waits (400), or the reply is no (200 with an error).
        """
        waiting = self._waiting
        if waiting is None or waiting.reply_id != reply_id:
            raise bad_request(f"reply id not found: '{reply_id}'")
        self._waiting = None
        if not is_confirmed:
            raise refused(NOT_CONFIRMED)
        return self.ask(waiting.later, waiting.act, waiting.ids)


def _question_body(reply_id: str, question: AskedQuestion) -> list[dict[str, Any]]:
    return [
        {
            "id": reply_id,
            "message": [question.text],
            "isSuppressed": False,
            "messageIds": [question.message_id],
            "messageOptions": ["Yes", "No"],
        }
    ]
