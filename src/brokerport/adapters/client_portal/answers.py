"""What an HTTP answer of Client Portal means: its error, its code, what became of an order.

Rules (shared page "Client Portal Web API", section 4):

- HTTP 200 with an error body is an error; so is any status from 400 up.
- "no bridge" and "query /accounts first" tell that the brokerage session is gone or new, 401 that
  nobody is logged in, 429 that too much was asked: the request was turned away unread.
- From 500 up, and at 408 (a time-out), nobody knows what became of a request that changes
  something.
- An answer to an order that has none of the known shapes means nothing: the order is in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeAlias

from attrs import frozen

from brokerport.adapters.client_portal.transport import Reply
from brokerport.domain.errors import RequestRefused, RequestTimedOut, TemporarilyRefused

# IBKR's code before a text, as in "21/You are trying to submit an order without ...".
_CODED = re.compile(r"(?P<code>\d{2,5})\s*/\s*(?P<text>\S.*)", re.DOTALL)
_SHOWN_MAX = 300
REQUEST_TIMEOUT = 408

# "503 over 10 s inside IBKR": the same question may be answered a moment later. (Of one order's own
# page it means that there is no such order; that page is not asked.)
BUSY = 503


class Trouble(Enum):
    """Why a request was turned away unread."""

    NO_LOGIN = "nobody is logged in to Client Portal"
    NO_BRIDGE = "there is no brokerage session"
    NOT_PRIMED = "the brokerage session is new"
    TOO_MANY = "Client Portal refuses for pacing"


@frozen
class Taken:
    """The broker has the order, or its new terms. ``others`` are further orders it named."""

    order_id: int
    status: str
    others: tuple[int, ...] = ()


@frozen
class Question:
    """The broker asks before it takes the order."""

    reply_id: str
    text: str
    message_ids: tuple[str, ...]


@frozen
class Refusal:
    """The broker does not take the order; ``is_prompt`` when it would with another choice."""

    reason: str
    code: int | None = None
    is_prompt: bool = False


@frozen
class Unclear:
    """The answer does not say what became of the order."""

    detail: str


OrderAnswer: TypeAlias = Taken | Question | Refusal | Unclear


def trouble_of(reply: Reply) -> Trouble | None:
    """Say why a request was turned away unread, None when it was not."""
    if reply.status == 401:
        return Trouble.NO_LOGIN
    if reply.status == 429:
        return Trouble.TOO_MANY
    text = (error_text(reply) or "").lower()
    if reply.status in (400, 500) and "no bridge" in text:
        return Trouble.NO_BRIDGE
    if reply.status in (400, 500) and "/accounts first" in text:
        return Trouble.NOT_PRIMED
    return None


def error_text(reply: Reply) -> str | None:
    """Return what is wrong in the broker's words, None when nothing is."""
    told = _error_in(reply.body)
    if told is not None:
        return told
    if reply.status < 400:
        return None
    text = " ".join(re.sub(r"<[^>]*>", " ", reply.text).split())
    return f"HTTP {reply.status} {text[:_SHOWN_MAX]}".rstrip()


def split_code(text: str) -> tuple[int | None, str]:
    """Split IBKR's code off a text that begins with one."""
    match = _CODED.match(text)
    if match is None:
        return None, text
    return int(match["code"]), match["text"]


def value_of(reply: Reply, path: str) -> Any:
    """Return an answer's JSON, or raise what it says.

    Raises:
        RequestTimedOut: it was refused for pacing, and may be asked later.
        TemporarilyRefused: IBKR is busy (503), and may be asked later.
        RequestRefused: it is an error.
    """
    if trouble_of(reply) is Trouble.TOO_MANY:
        raise RequestTimedOut(f"Client Portal refuses {path} for pacing (429); ask later")
    told = error_text(reply)
    if told is not None:
        code, reason = split_code(told)
        if reply.status == BUSY:
            raise TemporarilyRefused(reason, code)
        raise RequestRefused(reason, code)
    if reply.body is None and reply.text.strip():
        raise RequestRefused(f"Client Portal's answer to {path} is no JSON: {reply.text[:80]!r}")
    return reply.body


def order_answer(reply: Reply) -> OrderAnswer:
    """Read the answer to an order, to a change of one, or to a reply."""
    told = error_text(reply)
    if _is_unknown(reply.status):
        return Unclear(f"Client Portal answers {told}")
    if told is not None:
        code, reason = split_code(told)
        return Refusal(reason, code)
    if reply.status != 200:
        return Unclear(f"Client Portal answers HTTP {reply.status}")
    body = reply.body
    rows = body if isinstance(body, list) else [body]
    if not rows or not all(isinstance(row, Mapping) for row in rows):
        return Unclear("Client Portal's answer has no known shape")
    return _from_rows(rows)


def cancel_answer(reply: Reply) -> Refusal | Unclear | None:
    """Read the answer to a cancel; None when it was submitted."""
    told = error_text(reply)
    if _is_unknown(reply.status):
        return Unclear(f"Client Portal answers {told}")
    if told is not None:
        code, reason = split_code(told)
        return Refusal(reason, code)
    rows = reply.body if isinstance(reply.body, list) else [reply.body]
    if reply.status == 200 and all(isinstance(row, Mapping) and "msg" in row for row in rows):
        return None
    return Unclear("Client Portal's answer to the cancel has no known shape")


def _is_unknown(status: int) -> bool:
    return status >= 500 or status == REQUEST_TIMEOUT


def _from_rows(rows: list[Mapping[str, Any]]) -> OrderAnswer:
    named = {_order_id(row): row for row in rows if _order_id(row) is not None}
    taken = [(one, row) for one, row in named.items() if one is not None and "reqId" not in row]
    if taken:
        order_id, row = taken[0]
        status = row.get("order_status", row.get("status"))
        others = tuple(one for one, _row in taken[1:])
        return Taken(order_id, status if isinstance(status, str) else "", others)
    for row in rows:
        if isinstance(row.get("id"), str) and row["id"]:
            return _question(row)
    for row in rows:
        if "reqId" in row or row.get("prompt") is not None:
            code, reason = split_code(_text(row.get("text")) or "the order was rejected")
            return Refusal(reason, code, is_prompt=row.get("prompt") is True)
    return Unclear("Client Portal's answer has no known shape")


def _question(row: Mapping[str, Any]) -> Question:
    messages = row.get("message")
    texts = messages if isinstance(messages, list) else [messages]
    identities = row.get("messageIds")
    listed = identities if isinstance(identities, list) else []
    return Question(
        reply_id=row["id"],
        text="\n".join(_text(one) for one in texts if _text(one)),
        message_ids=tuple(str(one) for one in listed),
    )


def _error_in(body: object) -> str | None:
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, Mapping) or (_order_id(body) is not None and "reqId" not in body):
        return None
    told = body.get("error")
    if not told:
        return None
    return _text(told)


def _order_id(row: Mapping[str, Any]) -> int | None:
    told = row.get("order_id", row.get("orderId"))
    if isinstance(told, bool):
        return None
    if isinstance(told, int) and told > 0:
        return told
    if isinstance(told, str) and told.isascii() and told.isdigit() and int(told) > 0:
        return int(told)
    return None


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else str(value)
