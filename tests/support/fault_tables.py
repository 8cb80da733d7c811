"""The tables of ``docs/faults.md``, written from the code."""

from __future__ import annotations

import re
from typing import Any

from attrs import NOTHING, Attribute, fields

from brokerport.simulator.faults.fault import Fault, Player
from brokerport.simulator.faults.plan import KINDS, settings_of
from tests.support.markdown import table

CONDITIONS = {
    "name": "keeps the fault's luck when the plan around it changes; else its kind and its place",
    "chance": "of each occasion, 0 to 1",
    "nth": "the one occasion of a connection that counts, from 1",
    "connection": "the one connection that counts, from 1",
    "from_seconds": "not before, in seconds since the start of who plays it",
    "until_seconds": "not at or after",
    "times_max": "how often it strikes at most, over all connections",
    "containing": "a text that the occasion must hold: bytes of a chunk, or the name of a message "
    "or request",
    "direction": "`client_to_server` or `server_to_client`; both when left out",
}


def kinds_table(player: Player) -> str:
    """Lay out the kinds that one player plays."""
    rows = [
        [f"`{kind.KIND}`", _meaning(kind), kind.OCCASION, _settings(kind)]
        for kind in KINDS.values()
        if kind.PLAYER is player
    ]
    return table(["kind", "what it does", "occasion", "settings"], rows)


def conditions_table() -> str:
    """Lay out the conditions that every fault has; one without its meaning here is an error."""
    rows = [[f"`{item.name}`", _default(item), CONDITIONS[item.name]] for item in fields(Fault)]
    return table(["condition", "default", "meaning"], rows)


def brought_up_to_date(text: str) -> str:
    """Return a document with its generated parts as the code has them now."""

    def replaced(match: re.Match[str]) -> str:
        return f"{match[1]}{TABLES[match[2]]}{match[3]}"

    part = re.compile(r"(<!-- generated: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
    return part.sub(replaced, text)


def _meaning(kind: type[Fault]) -> str:
    return (kind.__doc__ or "").partition("\n")[0].rstrip(".")


def _settings(kind: type[Fault]) -> str:
    return ", ".join(
        f"`{item.name}`" if item.default is NOTHING else f"`{item.name}` = {_default(item)}"
        for item in settings_of(kind)
    )


def _default(item: Attribute[Any]) -> str:
    default = item.default
    if isinstance(default, bool):
        default = str(default).lower()
    return "" if default is None else str(default)


TABLES = {
    "fault conditions": conditions_table(),
    "network faults": kinds_table(Player.NETWORK),
    "tws faults": kinds_table(Player.TWS),
    "portal faults": kinds_table(Player.CLIENT_PORTAL),
}
