"""``smh``/``umh``: an instrument's bars, sent once.

Rules (Web API, "Historical Market Data Request"): five may be open at a time for a user, and one is
open until its ``serverId`` is given back, although it is answered only once. ``format`` names what
a bar shows: ``%o/%c/%h/%l/%v/%t``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brokerport.simulator.gateways.client_portal.errors import bad_request
from brokerport.simulator.gateways.client_portal.history_request import HistoryRequest
from brokerport.simulator.gateways.client_portal.market_desk import MarketDesk
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.stream.frame import Frame
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.client_portal.stream.topics.topic import (
    Command,
    Topic,
    contract_id,
)
from brokerport.simulator.gateways.client_portal.translate.bars import history_answer
from brokerport.simulator.gateways.turn import EndOfTurn

OPEN_MAX = 5


class HistoryTopic(Topic):
    """The histories that are open."""

    def __init__(self, portal: ServedPortal, end_of_turn: EndOfTurn) -> None:
        super().__init__(portal, end_of_turn)
        self._desk = portal.store(MarketDesk)
        self._open: dict[str, Subscriber] = {}

    def commands(self) -> Mapping[str, Command]:
        """Return what clients may ask for."""
        return {
            "smh": Command(self._subscribe, needs_bridge=True),
            "umh": Command(self._unsubscribe),
        }

    def end(self, subscriber: Subscriber) -> None:
        """Give back what a connection has open."""
        for server_id in [one for one, owner in self._open.items() if owner is subscriber]:
            del self._open[server_id]

    def _subscribe(self, subscriber: Subscriber, frame: Frame) -> None:
        target = frame.target(0, "conid")
        taken = sum(1 for owner in self._open.values() if owner.login is subscriber.login)
        if taken >= OPEN_MAX:
            raise bad_request(f"Bad Request: more than {OPEN_MAX} concurrent historical requests")
        outside = frame.flag("outsideRth", "outsideRTH", "outside_rth")
        request = HistoryRequest.read(
            period=frame.text("period", "1d"),
            bar=frame.text("bar", "1min"),
            source=frame.text("source"),
            outside_rth="true" if outside else "false",
        )
        answer = history_answer(self._desk, contract_id(target), request, self.portal.now)
        answer = {**answer, "data": _formatted(answer["data"], frame.text("format"))}
        self._open[str(answer["serverId"])] = subscriber
        subscriber.send({**answer, "topic": f"smh+{target}"})

    def _unsubscribe(self, subscriber: Subscriber, frame: Frame) -> None:
        server_id = frame.target(0, "serverId")
        owner = self._open.get(server_id)
        if owner is None or owner.login is not subscriber.login:
            raise bad_request(f"Bad Request: unknown serverId {server_id}")
        del self._open[server_id]
        subscriber.send({"message": f"Unsubscribed {server_id}"})


def _formatted(bars: list[dict[str, Any]], pattern: str) -> list[dict[str, Any]]:
    if not pattern:
        return bars
    shown = {letter.strip().removeprefix("%") for letter in pattern.split("/")}
    return [{name: what for name, what in bar.items() if name in shown} for bar in bars]
