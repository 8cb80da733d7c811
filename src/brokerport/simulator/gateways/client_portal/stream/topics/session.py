"""``tic`` and ``ech``: a client asks whether the line is alive.

A ``tic`` keeps the session from idling out, as IBKR says. Its answer comes after everything that
had happened before it was received: it is what a client can wait for.
"""

from __future__ import annotations

from collections.abc import Mapping

from brokerport.simulator.gateways.client_portal.stream.frame import Frame
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.client_portal.stream.topics.topic import Command, Topic


class SessionTopic(Topic):
    """The answers to ``tic`` and ``ech+hb``."""

    def commands(self) -> Mapping[str, Command]:
        """Return what clients may ask for."""
        return {"tic": Command(self._tic), "ech": Command(self._echo)}

    def _tic(self, subscriber: Subscriber, _frame: Frame) -> None:
        login = subscriber.login
        if login is None:
            return
        self.portal.sessions.touch(login)
        subscriber.send(
            {
                "topic": "tic",
                "alive": True,
                "id": login.session_id,
                "lastAccessed": int(self.portal.now.timestamp() * 1000),
            }
        )

    def _echo(self, subscriber: Subscriber, frame: Frame) -> None:
        subscriber.send({"topic": frame.topic})
