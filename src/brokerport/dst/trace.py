"""The trace: a run as lines of text, the same for the same plan, byte for byte."""

from __future__ import annotations

import hashlib


class Trace:
    """Lines, and a digest of them; the lines are kept only when somebody wants to read them."""

    def __init__(self, *, keeps_lines: bool = False) -> None:
        self.lines: list[str] = []
        self._keeps_lines = keeps_lines
        self._digest = hashlib.sha256()

    def add(self, at: float, who: str, what: str) -> None:
        """Add a line."""
        line = f"{at:12.3f}  {who:10}  {what}"
        self._digest.update(line.encode() + b"\n")
        if self._keeps_lines:
            self.lines.append(line)

    @property
    def digest(self) -> str:
        """The SHA-256 of all lines, in hexadecimal."""
        return self._digest.hexdigest()
