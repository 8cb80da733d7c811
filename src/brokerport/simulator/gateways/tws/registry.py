"""Who is connected: the started sessions by client id."""

from __future__ import annotations

from collections.abc import Iterator

from brokerport.simulator.gateways.tws.session import Session


class SessionRegistry:
    """The started sessions of one gateway; a client id is in use once at a time."""

    def __init__(self) -> None:
        self._sessions: dict[int, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._sessions.values()))

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, client_id: int) -> Session | None:
        """Return the session of a client id, or None."""
        return self._sessions.get(client_id)

    def add(self, session: Session) -> bool:
        """Take in a session; False when its client id is in use."""
        if session.client_id in self._sessions:
            return False
        self._sessions[session.client_id] = session
        return True

    def remove(self, session: Session) -> None:
        """Forget a session, unless another holds its client id by now."""
        if self._sessions.get(session.client_id) is session:
            del self._sessions[session.client_id]
