"""How options are found: IBKR's three steps, search, strikes, info (Web API, "Contract").

Rules:

- a later step has nothing to say before the earlier ones: strikes are empty until the underlying
  was searched for by symbol. A new brokerage session, or another selected account, has forgotten
  the search without saying so: an answer with nothing in it counts only after the steps were taken
  anew;
- a row is an option's only if every term of it is; of several classes the main one is meant, which
  is named as the stock (``BRK B`` has class ``BRKB``).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from brokerport.adapters.client_portal.contract_requests import ContractRequests
from brokerport.adapters.client_portal.reading import reading
from brokerport.adapters.client_portal.translate_contracts import (
    OPTION,
    Row,
    expiry_date,
    is_option_row_of,
    main_class_name,
    month_of,
)
from brokerport.adapters.client_portal.translate_numbers import contract_id, number
from brokerport.domain.contracts import OptionChain
from brokerport.domain.errors import RequestRefused, UnknownContract
from brokerport.domain.instruments import Option, Stock

USUAL_MULTIPLIER = 100


class OptionSteps:
    """Finds options, and remembers which steps this brokerage session has taken."""

    def __init__(self, requests: ContractRequests) -> None:
        self._requests = requests
        self._searched: dict[str, list[Row]] = {}
        self._opened: set[tuple[int, str]] = set()

    def forget(self) -> None:
        """Begin at the first step again."""
        self._searched.clear()
        self._opened.clear()

    async def find(self, option: Option, underlying: int) -> dict[int, Row]:
        """Return the rows that fit an option by contract id, those of the main class if any do."""
        rows = await self._rows_of(option, underlying)
        if not rows:
            self.forget()
            rows = await self._rows_of(option, underlying)
        with reading(f"list of options like {option}"):
            by_id = {contract_id(row.get("conid")): row for row in rows}
        main = main_class_name(option.underlying)
        of_main = {one: row for one, row in by_id.items() if row.get("tradingClass") == main}
        return of_main or by_id

    async def chain(self, stock: Stock, identity: int) -> OptionChain:
        """Return the expiries and strikes of a stock's main class.

        Where the search tells no expiries, those of each month's middle strike are taken, which is
        listed for every expiry of the month.

        Raises:
            UnknownContract: there are no options over it, or none of a main class.
        """
        self.forget()
        row = await self._search_row(stock.symbol, identity)
        months = [] if row is None else _months(row)
        if row is None or not months:
            raise UnknownContract(f"Client Portal lists no options over {stock}")
        with reading(f"search for {stock.symbol!r}"):
            expiries = {expiry_date(text) for text in (row.get("opt") or "").split(";") if text}
        are_told, main = bool(expiries), None
        strikes: set[Decimal] = set()
        for month in months:
            in_month = await self._strikes_listed(stock, identity, month)
            strikes |= in_month
            if are_told and main is not None:
                continue
            middle = sorted(in_month)[len(in_month) // 2]
            for one in await self._requests.options(identity, month, middle, "C"):
                if one.get("tradingClass") in (None, main_class_name(stock.symbol)):
                    main = main or one
                    expiries.add(_expiry(one))
        if main is None:
            raise UnknownContract(f"none of {stock}'s option classes is its main one")
        with reading(f"list of the options over {stock}"):
            multiplier = int(number(main.get("multiplier") or USUAL_MULTIPLIER, "multiplier"))
        return OptionChain(
            underlying=stock,
            trading_class=main.get("tradingClass") or main_class_name(stock.symbol),
            multiplier=multiplier,
            expiries=tuple(sorted(expiries)),
            strikes=tuple(sorted(strikes)),
        )

    async def _rows_of(self, option: Option, underlying: int) -> list[Row]:
        """Take the three steps to an option; no row when it is not listed."""
        month = month_of(option.expiry)
        row = await self._search_row(option.underlying, underlying)
        if row is None or month not in _months(row):
            return []
        if (underlying, month) not in self._opened:
            await self._requests.strikes(underlying, month)
            self._opened.add((underlying, month))
        right = option.right.value
        found = await self._requests.options(underlying, month, option.strike, right)
        with reading(f"list of options like {option}"):
            return [one for one in found if is_option_row_of(option, one)]

    async def _search_row(self, symbol: str, identity: int) -> Row | None:
        if symbol not in self._searched:
            self._searched[symbol] = await self._requests.search(symbol)
        with reading(f"search for {symbol!r}"):
            for row in self._searched[symbol]:
                if contract_id(row.get("conid")) == identity:
                    return row
        return None

    async def _strikes_listed(self, stock: Stock, identity: int, month: str) -> set[Decimal]:
        """Return the strikes of a month that the search lists, so that there must be some."""
        strikes = await self._requests.strikes(identity, month)
        if not strikes:
            self.forget()
            await self._search_row(stock.symbol, identity)
            strikes = await self._requests.strikes(identity, month)
        if not strikes:
            raise RequestRefused(f"Client Portal told no strikes of {stock} in {month}")
        return strikes


def _months(row: Row) -> list[str]:
    for section in row.get("sections") or ():
        if section.get("secType") == OPTION:
            return [month for month in (section.get("months") or "").split(";") if month]
    return []


def _expiry(row: Row) -> date:
    with reading("row of an option"):
        return expiry_date(row.get("maturityDate"))
