"""The Client Portal gateway misbehaves by a plan; give this to ``ClientPortalGateway``.

A connection is a login in the order in which they were met, or a WebSocket, counted apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from brokerport.simulator.faults.chances import ConnectionChances, FaultChances, FaultDone
from brokerport.simulator.faults.fault import Fault, Player
from brokerport.simulator.faults.plan import FaultPlan
from brokerport.simulator.faults.vendor import (
    CompetingSession,
    EmptyOrders,
    ForgottenReply,
    LostBrokerageSession,
    LostNews,
    QuestionsReturn,
    RepeatedNews,
    SilentQuotes,
    StaleOrders,
    TooManyRequests,
    UnansweredOrder,
    Unavailable,
)
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint, Tier
from brokerport.simulator.gateways.client_portal.errors import (
    no_bridge,
    too_many_requests,
    unavailable,
)
from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.mischief import AnswerLost
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber

REPLY = "POST /iserver/reply/{replyId}"
ORDERS = "GET /iserver/account/orders"
ORDER_REQUESTS = frozenset(
    {
        REPLY,
        "POST /iserver/account/{accountId}/orders",
        "POST /iserver/account/{accountId}/order/{orderId}",
        "DELETE /iserver/account/{accountId}/order/{orderId}",
    }
)
NEWS = frozenset({"sor", "str"})


class PortalMischief:
    """Plays the plan's faults of the Client Portal gateway; others are left alone."""

    def __init__(self, plan: FaultPlan, tell: Callable[[FaultDone], None] | None = None) -> None:
        """Prepare to play; ``tell`` hears of every fault played."""
        self._plan = plan.played_by(Player.CLIENT_PORTAL)
        self._tell = tell
        self._chances: FaultChances | None = None
        self._logins: dict[str, _LoginMischief] = {}
        self._sockets = 0

    @property
    def log(self) -> list[FaultDone]:
        """What was played, in order."""
        return [] if self._chances is None else self._chances.log

    def begin(self) -> None:
        """Begin to count the plan's seconds, on the running loop."""
        self._chances = FaultChances(self._plan, asyncio.get_running_loop().time, self._tell)

    def answer(self, call: Call, endpoint: Endpoint) -> object:
        """Answer a request, or do not."""
        return self._of(call.login).answer(call, endpoint)

    def subscriber(self, unread_messages_max: int) -> Subscriber:
        """Return the near end of a new WebSocket connection."""
        self._sockets += 1
        return _MeddlingSubscriber(unread_messages_max, self._begun.connection(self._sockets))

    @property
    def _begun(self) -> FaultChances:
        if self._chances is None:
            raise RuntimeError("the gateway has not begun to serve")
        return self._chances

    def _of(self, login: Login) -> _LoginMischief:
        found = self._logins.get(login.session_id)
        if found is None:
            chances = self._begun.connection(len(self._logins) + 1)
            found = self._logins[login.session_id] = _LoginMischief(chances)
        return found


class _LoginMischief:
    """What is done to the requests of one login."""

    def __init__(self, chances: ConnectionChances) -> None:
        self._chances = chances
        self._orders_before: object = None
        self._false_lists: tuple[object, int] = (None, 0)

    def answer(self, call: Call, endpoint: Endpoint) -> object:
        name = f"{endpoint.method} {endpoint.path}"
        self._refuse(name)
        if name == REPLY:
            for _fault in self._play(ForgottenReply, name):
                call.login.replies.invalidate()
        for _fault in self._play(QuestionsReturn, name):
            call.login.suppressed.clear()
        lost = self._play(LostBrokerageSession, name)
        self._lose_session(call, lost, "before")
        if not call.login.is_authenticated and endpoint.tier is Tier.BRIDGE:
            raise no_bridge()
        try:
            answer = self._list(call, endpoint) if name == ORDERS else endpoint.handler(call)
        finally:
            self._lose_session(call, lost, "after")
            for _fault in self._play(CompetingSession, name):
                call.portal.sessions.compete_elsewhere(call.login.username)
            for _fault in self._play(SilentQuotes, name):
                call.portal.streams.end_market_data(call.login)
        if name in ORDER_REQUESTS:
            for _fault in self._play(UnansweredOrder, name):
                raise AnswerLost
        return answer

    def _play(self, kind: type[Fault], name: str) -> list[Fault]:
        faults = [struck.fault for struck in self._chances.struck(kind, content=name)]
        for fault in faults:
            self._chances.record(None, fault, name)
        return faults

    def _refuse(self, name: str) -> None:
        for _fault in self._play(Unavailable, name):
            raise unavailable("Service Unavailable")
        for _fault in self._play(TooManyRequests, name):
            raise too_many_requests()

    def _lose_session(self, call: Call, faults: list[Fault], moment: str) -> None:
        if any(isinstance(one, LostBrokerageSession) and one.moment == moment for one in faults):
            call.portal.sessions.lose_brokerage(call.login)

    def _list(self, call: Call, endpoint: Endpoint) -> object:
        shown, calls_left = self._false_lists
        if calls_left:
            self._false_lists = (shown, calls_left - 1)
            return shown
        for struck in self._chances.struck(EmptyOrders, content=ORDERS):
            return self._lie(struck.fault, {"orders": [], "snapshot": True})
        if self._orders_before is not None:
            for struck in self._chances.struck(StaleOrders, content=ORDERS):
                return self._lie(struck.fault, self._orders_before)
        answer = endpoint.handler(call)
        if isinstance(answer, dict) and answer.get("snapshot"):
            self._orders_before = answer
        return answer

    def _lie(self, fault: Fault, shown: object) -> object:
        calls = fault.calls if isinstance(fault, EmptyOrders | StaleOrders) else 1
        self._false_lists = (shown, calls - 1)
        self._chances.record(None, fault, f"{calls} calls")
        return shown


class _MeddlingSubscriber(Subscriber):
    """The near end of a WebSocket that loses news of orders, or tells them twice."""

    def __init__(self, unread_messages_max: int, chances: ConnectionChances) -> None:
        super().__init__(unread_messages_max)
        self._chances = chances

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message, or what becomes of it."""
        topic = message.get("topic")
        if topic not in NEWS:
            super().send(message)
            return
        times = 1
        for struck in self._chances.struck((LostNews, RepeatedNews), content=str(topic)):
            times = 0 if isinstance(struck.fault, LostNews) else times * 2
            self._chances.record(None, struck.fault, f"{topic}")
        for _ in range(times):
            super().send(message)
