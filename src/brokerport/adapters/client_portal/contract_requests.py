"""The questions about contracts that Client Portal answers, each as rows that can be read.

An answer of another form is ``RequestRefused``: it must not pass for one with nothing in it. That a
search found nothing is told as an error, in IBKR's words, and is an empty answer here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from brokerport.adapters.client_portal.reading import reading
from brokerport.adapters.client_portal.session import Session
from brokerport.adapters.client_portal.translate_contracts import (
    OPTION,
    STOCK,
    Row,
    rows_of,
    stock_candidates,
)
from brokerport.adapters.client_portal.translate_numbers import contract_id, number
from brokerport.domain.errors import RequestRefused

DEFINITIONS_MAX = 200
NOTHING_FOUND = ("no symbol found", "no contracts retrieved", "no contract found")

SMART = "SMART"


class ContractRequests:
    """Contract endpoints, as far as they are used."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def stocks(self, symbol: str) -> dict[int, Row]:
        """Return the contracts of a symbol's companies everywhere, by contract id."""
        answer = await self._session.read("GET", "/trsrv/stocks", query={"symbols": symbol})
        with reading(f"list of the companies called {symbol}"):
            groups = _mapping(answer).get(symbol)
            rows = [] if groups is None else stock_candidates(rows_of(groups))
            return {contract_id(row.get("conid")): row for row in rows}

    async def definitions(self, identities: Iterable[int]) -> dict[int, Row]:
        """Return the security definitions of contract ids; one that nobody has is left out."""
        asked = list(identities)
        found: dict[int, Row] = {}
        for start in range(0, len(asked), DEFINITIONS_MAX):
            some = asked[start : start + DEFINITIONS_MAX]
            query = {"conids": ",".join(str(one) for one in some)}
            answer = await self._session.read("GET", "/trsrv/secdef", query=query)
            with reading("list of security definitions"):
                rows = rows_of(_mapping(answer).get("secdef") or [])
                found |= {contract_id(row.get("conid")): row for row in rows}
        return found

    async def search(self, pattern: str, *, is_name: bool = False) -> list[Row]:
        """Return the rows of a search by symbol, or by a part of the name."""
        query = {"symbol": pattern, "secType": STOCK}
        if is_name:
            query["name"] = "true"
        answer = await self._found("/iserver/secdef/search", query)
        with reading(f"search for {pattern!r}"):
            return rows_of(answer)

    async def strikes(self, underlying: int, month: str) -> set[Decimal]:
        """Return the strikes of a month's options, of calls and puts together."""
        query = {"conid": str(underlying), "sectype": OPTION, "month": month, "exchange": SMART}
        answer = await self._session.read("GET", "/iserver/secdef/strikes", query=query)
        with reading(f"list of the strikes of {month}"):
            sides = _mapping(answer)
            return {
                number(value, "strike")
                for side in ("call", "put")
                for value in sides.get(side) or ()
            }

    async def options(self, underlying: int, month: str, strike: Decimal, right: str) -> list[Row]:
        """Return the rows of a month's options at a strike, one for each expiry and class."""
        query = {
            "conid": str(underlying),
            "sectype": OPTION,
            "month": month,
            "exchange": SMART,
            "strike": str(strike),
            "right": right,
        }
        answer = await self._found("/iserver/secdef/info", query)
        with reading(f"list of the options of {month} at {strike}"):
            return rows_of(answer)

    async def info_and_rules(self, identity: int) -> Row:
        """Return a contract's info with its trading rules."""
        path = f"/iserver/contract/{identity}/info-and-rules"
        answer = await self._session.read("GET", path)
        with reading(f"description of contract {identity}"):
            return _mapping(answer)

    async def time_zone(self, kind: str, symbol: str, exchange: str) -> str:
        """Return the IANA name of the time zone in which a symbol's exchange keeps its hours."""
        query = {"assetClass": kind, "symbol": symbol}
        if exchange:
            query["exchange"] = exchange
        answer = await self._session.read("GET", "/trsrv/secdef/schedule", query=query)
        with reading(f"schedule of {symbol}"):
            zones = sorted({str(row.get("timezone") or "") for row in rows_of(answer)})
            if len(zones) != 1 or not zones[0]:
                raise ValueError(f"its time zones are {zones}")
            return zones[0]

    async def _found(self, path: str, query: Mapping[str, str]) -> Any:
        """Ask what is answered with an error when nothing is found."""
        try:
            return await self._session.read("GET", path, query=query)
        except RequestRefused as error:
            if any(words in error.reason.lower() for words in NOTHING_FOUND):
                return []
            raise


def _mapping(answer: object) -> Row:
    if not isinstance(answer, Mapping):
        raise ValueError("it is no object")
    return answer
