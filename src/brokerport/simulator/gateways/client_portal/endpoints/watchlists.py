"""Watchlist endpoints: a username's lists of instruments, kept by the gateway.

A list's id is digits, and unique. Its rows are contract ids (``C``) and blank lines with a heading
(``H``). ``MID`` counts the answers of a session.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from brokerport.domain.instruments import Instrument
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.contract_ids import instrument_of
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.errors import bad_request, server_error
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.translate.contracts import sec_type
from brokerport.simulator.gateways.client_portal.translate.times import epoch_milliseconds

ROWS_MAX = 500


@frozen
class Watchlist:
    """A named list; a row is an instrument, or the text of a blank line."""

    list_id: str
    name: str
    rows: tuple[Instrument | str, ...]
    made_at: datetime

    @property
    def hash(self) -> str:
        """IBKR's mark of a version: when it was written."""
        return str(epoch_milliseconds(self.made_at))


class WatchlistShelf:
    """The watchlists of every username."""

    def __init__(self, _portal: ServedPortal) -> None:
        self.lists: dict[str, dict[str, Watchlist]] = defaultdict(dict)
        self.answers: Counter[str] = Counter()


def _all(call: Call) -> dict[str, Any]:
    rows = [
        {
            "is_open": False,
            "read_only": False,
            "name": one.name,
            "modified": epoch_milliseconds(one.made_at),
            "id": one.list_id,
            "type": "watchlist",
        }
        for one in _lists(call).values()
    ]
    content = {
        "scanners_only": False,
        "show_scanners": False,
        "bulk_delete": False,
        "user_lists": rows,
    }
    return {"data": content, "action": "content", "MID": _count(call)}


def _one(call: Call) -> dict[str, Any]:
    found = _found(call)
    return _head(found) | {"instruments": [_row(call.world.listing, row) for row in found.rows]}


def _create(call: Call) -> dict[str, Any]:
    body = call.body_mapping()
    list_id, name, rows = str(body.get("id", "")), body.get("name"), body.get("rows")
    if not list_id.isascii() or not list_id.isdigit() or len(list_id) > 18:
        raise bad_request("Bad Request: id must be a number")
    if not isinstance(name, str) or not name:
        raise bad_request("Bad Request: name is required")
    if not isinstance(rows, list) or len(rows) > ROWS_MAX:
        raise bad_request(f"Bad Request: rows must be a list of at most {ROWS_MAX}")
    lists = _lists(call)
    if list_id in lists:
        raise server_error(f"Watchlist {list_id} exists already")
    read = tuple(_read_row(call.world.listing, row) for row in rows)
    made = lists[list_id] = Watchlist(list_id, name, read, call.now)
    return _head(made) | {"instruments": []}


def _delete(call: Call) -> dict[str, Any]:
    found = _found(call)
    del _lists(call)[found.list_id]
    return {"data": {"deleted": found.list_id}, "action": "context", "MID": _count(call)}


def _head(watchlist: Watchlist) -> dict[str, Any]:
    return {
        "id": watchlist.list_id,
        "hash": watchlist.hash,
        "name": watchlist.name,
        "readOnly": False,
    }


def _row(listing: Listing, row: Instrument | str) -> dict[str, Any]:
    if isinstance(row, str):
        return {"H": row}
    details = listing.details(row)
    kind = sec_type(row)
    return {
        "ST": kind,
        "C": str(details.contract_id),
        "conid": details.contract_id,
        "name": details.long_name,
        "fullName": str(row),
        "assetClass": kind,
        "ticker": row.symbol,
        "chineseName": "",
    }


def _read_row(listing: Listing, row: object) -> Instrument | str:
    if not isinstance(row, Mapping) or ("C" in row) == ("H" in row):
        raise bad_request("Bad Request: each of rows must have a C (contract id) or an H (text)")
    if "H" in row:
        return str(row["H"])
    found = instrument_of(listing, row["C"])
    if found is None:
        raise bad_request(f"Bad Request: {row['C']!r} is no contract id")
    return found


def _found(call: Call) -> Watchlist:
    list_id = call.query.get("id")
    if list_id is None and isinstance(call.body, Mapping):
        # ibind sends it in the body of its DELETE.
        list_id = call.body.get("id")
    if not isinstance(list_id, str) or not list_id:
        raise bad_request("Bad Request: id is required")
    found = _lists(call).get(list_id)
    if found is None:
        raise server_error(f"Watchlist {list_id} doesn't exist")
    return found


def _lists(call: Call) -> dict[str, Watchlist]:
    return call.portal.store(WatchlistShelf).lists[call.login.username]


def _count(call: Call) -> str:
    answers = call.portal.store(WatchlistShelf).answers
    answers[call.login.session_id] += 1
    return str(answers[call.login.session_id])


ENDPOINTS = (
    Endpoint("GET", "/iserver/watchlists", _all),
    Endpoint("GET", "/iserver/watchlist", _one),
    Endpoint("POST", "/iserver/watchlist", _create),
    Endpoint("DELETE", "/iserver/watchlist", _delete),
)
