"""Questions and prompts: replying to them, and suppressing them beforehand.

Rules (Web API, "Suppress Messages"): at most 51 message ids a request; they stay suppressed as long
as the brokerage session lives. This gateway sends no server prompts, so none can be answered.
"""

from __future__ import annotations

from typing import Any

from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.errors import bad_request

MESSAGE_IDS_MAX = 51


def _reply(call: Call) -> object:
    confirmed = call.body_mapping().get("confirmed")
    if not isinstance(confirmed, bool):
        raise bad_request(f"Bad Request: confirmed is {confirmed!r}, but must be true or false")
    return call.login.replies.answer(call.path["replyId"], is_confirmed=confirmed)


def _suppress(call: Call) -> dict[str, Any]:
    message_ids = call.body_mapping().get("messageIds")
    if not isinstance(message_ids, list) or not all(isinstance(one, str) for one in message_ids):
        raise bad_request("Bad Request: messageIds must be an array of message ids")
    if len(message_ids) > MESSAGE_IDS_MAX:
        raise bad_request(
            f"Bad Request: at most {MESSAGE_IDS_MAX} messageIds, not {len(message_ids)}"
        )
    call.login.suppressed.update(message_ids)
    return {"status": "submitted"}


def _ask_again(call: Call) -> dict[str, Any]:
    call.login.suppressed.clear()
    return {"status": "submitted"}


def _answer_prompt(call: Call) -> object:
    request_id = call.body_mapping().get("reqId")
    raise bad_request(
        f"Bad Request: no server prompt with reqId {request_id!r} waits for an answer"
    )


ENDPOINTS = (
    Endpoint("POST", "/iserver/reply/{replyId}", _reply, invalidates_replies=False),
    Endpoint("POST", "/iserver/questions/suppress", _suppress),
    Endpoint("POST", "/iserver/questions/suppress/reset", _ask_again),
    Endpoint("POST", "/iserver/notification", _answer_prompt),
)
