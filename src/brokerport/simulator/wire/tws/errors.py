"""Errors of the wire layer, with the blame in the type.

    ProtocolViolation           something breaks the TWS wire protocol
    +-- LocalViolation          our mistake: we were about to send what the protocol forbids
    +-- RemoteViolation         the peer's mistake: it sent what the protocol forbids
        +-- MalformedField      one field of a well-framed message cannot be read
        +-- MalformedMessage    a well-framed message has too few or too many fields

After a RemoteViolation that is neither MalformedField nor MalformedMessage the byte stream can no
longer be trusted and the connection must be closed. After those two the framing is intact: a
server may answer with an error and go on.
"""

from __future__ import annotations


class ProtocolViolation(Exception):
    """Something breaks the TWS wire protocol."""


class LocalViolation(ProtocolViolation):
    """We were about to send something that the protocol forbids; nothing was sent."""


class RemoteViolation(ProtocolViolation):
    """The peer sent something that the protocol forbids."""


class MalformedField(RemoteViolation):
    """One field of a well-framed message cannot be read as what it must be."""

    def __init__(self, message: str, field: str, text: str, allowed: str) -> None:
        self.message = message
        self.field = field
        self.text = text
        self.allowed = allowed
        super().__init__(f"{message}.{field}: expected {allowed}, got {_short(text)}")


class MalformedMessage(RemoteViolation):
    """A well-framed message has too few or too many fields."""

    def __init__(self, message: str, detail: str) -> None:
        self.message = message
        self.detail = detail
        super().__init__(f"{message}: {detail}")


def _short(text: str, length_max: int = 60) -> str:
    shown = text if len(text) <= length_max else text[:length_max] + "..."
    return repr(shown)
