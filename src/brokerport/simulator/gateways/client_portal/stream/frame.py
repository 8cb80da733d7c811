"""What clients send over the WebSocket: ``TOPIC+TARGET+{ARGUMENTS}``, read liberally.

Rules (Web API, "Websockets"; forms that clients are seen to send):

- The first letter of the topic is ``s`` to subscribe and ``u`` to unsubscribe; ``tic``, ``ech``.
- Targets stand between plus signs: ``smd+265598``, ``sbd+DU1000001+265598+NASDAQ``.
- Arguments are one JSON object and may be missing altogether: ``spl``, ``usd+DU1000001``, ``sor+``.
- The old form ``s+md+265598`` means ``smd+265598``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from attrs import field, frozen

from brokerport.simulator.gateways.client_portal.errors import bad_request

COMMAND_LETTERS = 3
TEXT_LENGTH_MAX = 65_536


class MalformedFrame(Exception):
    """The text is no frame; ``topic`` is as much of its topic as could be read."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(reason)
        self.topic = topic


@frozen
class Frame:
    """One request of a client: ``command`` is ``smd``, ``utr``, ``tic``..."""

    command: str
    targets: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(factory=dict)

    @property
    def topic(self) -> str:
        """What answers name: the command and its targets."""
        return "+".join((self.command, *self.targets))

    def target(self, position: int, meaning: str) -> str:
        """Return a target.

        Raises:
            PortalError: it is missing (400).
        """
        if position >= len(self.targets) or not self.targets[position]:
            raise bad_request(f"Bad Request: {meaning} is required")
        return self.targets[position]

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an argument that is a list of texts or numbers; none when it is not given.

        Raises:
            PortalError: it is something else (400).
        """
        value = self.arguments.get(name)
        if value is None:
            return ()
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(
            isinstance(item, str | int) and not isinstance(item, bool) for item in value
        ):
            raise bad_request(f"Bad Request: {name} must be a list of texts")
        return tuple(str(item) for item in value)

    def text(self, name: str, default: str = "") -> str:
        """Return an argument that is a text, or ``default``; numbers and booleans become texts.

        Raises:
            PortalError: it is a list or an object (400).
        """
        value = self.arguments.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, str | int | float):
            raise bad_request(f"Bad Request: {name} must be a text")
        return str(value)

    def flag(self, *names: str) -> bool:
        """Return an argument that is true or false, under the first of its names that is given.

        Raises:
            PortalError: it is something else (400).
        """
        for name in names:
            value = self.arguments.get(name)
            if value is None:
                continue
            if value in (True, "true", "True"):
                return True
            if value in (False, "false", "False"):
                return False
            raise bad_request(f"Bad Request: {name} must be true or false")
        return False

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Return an argument that is a whole number, or ``default``.

        Raises:
            PortalError: it is no whole number from ``least`` to ``most`` (400).
        """
        value = self.arguments.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise bad_request(f"Bad Request: {name} must be from {least} to {most}")
        return value


def read_frame(text: str) -> Frame:
    """Read one frame.

    Raises:
        MalformedFrame: there is no topic, or the arguments are no JSON object.
    """
    head, brace, rest = text.partition("{")
    parts = [part.strip() for part in head.strip().rstrip("+").split("+")]
    if len(parts) >= 2 and parts[0] in ("s", "u") and len(parts[1]) == COMMAND_LETTERS - 1:
        parts[:2] = [parts[0] + parts[1]]
    frame = Frame(parts[0], tuple(parts[1:]))
    if len(text) > TEXT_LENGTH_MAX:
        raise MalformedFrame(frame.topic[:COMMAND_LETTERS], "the message is too long")
    if not frame.command:
        raise MalformedFrame("", "a message begins with its topic")
    if not brace:
        return frame
    return Frame(frame.command, frame.targets, _arguments(frame.topic, brace + rest))


def read_session(text: str) -> str | None:
    """Return the session of ``{"session": "..."}``, None when the text is something else."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = _arguments("", text.strip())
    except MalformedFrame:
        return None
    session = value.get("session")
    return session if isinstance(session, str) else None


def _arguments(topic: str, text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise MalformedFrame(topic, "the arguments are not JSON") from None
    if not isinstance(value, dict):
        raise MalformedFrame(topic, "the arguments are no JSON object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
