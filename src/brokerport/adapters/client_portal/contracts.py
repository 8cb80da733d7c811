"""The contract port over Client Portal: contract details, price steps, search and option chains.

Rules:

- an instrument that fits no contract, or several, is ``UnknownContract``: a guess between two would
  trade the wrong one;
- a contract id never changes, so it is looked up once in a session's life; what it stands for, too.
  ``details`` always asks anew: an expired option is no longer known;
- a symbol stands for companies in many countries: a stock is the one in its currency, for dollars
  the one at a US exchange if there is one. What trades in dollars is taken to keep New York's
  hours; for any other currency the exchange's time zone is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from brokerport.adapters.client_portal.contract_requests import ContractRequests
from brokerport.adapters.client_portal.option_steps import OptionSteps
from brokerport.adapters.client_portal.reading import reading
from brokerport.adapters.client_portal.session import Session
from brokerport.adapters.client_portal.translate_contracts import (
    OPTION,
    STOCK,
    Row,
    definition_to_instrument,
    describe,
    has_section,
    to_details,
)
from brokerport.adapters.client_portal.translate_numbers import contract_id
from brokerport.adapters.shared_read import SharedRead
from brokerport.domain.contracts import ContractDetails, OptionChain
from brokerport.domain.errors import UnknownContract, Unsupported
from brokerport.domain.instruments import Instrument, Stock
from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE


class Contracts:
    """Contract lookup at Client Portal."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._requests = ContractRequests(session)
        self._options = OptionSteps(self._requests)
        self._contract_ids: dict[Instrument, int] = {}
        self._instruments: dict[int, Instrument | None] = {}
        self._details: dict[Instrument, SharedRead[ContractDetails]] = {}
        self._lookups: dict[Instrument, SharedRead[int]] = {}
        session.on_session_start(self._options.forget)

    async def details(self, instrument: Instrument) -> ContractDetails:
        """Look up one instrument; see ``ContractPort.details``.

        Raises:
            UnknownContract: Client Portal knows none, or more than one, of that description.
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        self._session.require_connected()
        read = self._details.setdefault(
            instrument, SharedRead(lambda: self._read_details(instrument))
        )
        try:
            return await read()
        finally:
            self._details.pop(instrument, None)

    async def contract_id(self, instrument: Instrument) -> int:
        """Return an instrument's conid, asking Client Portal the first time only.

        Raises: as ``details``.
        """
        self._session.require_connected()
        if instrument not in self._contract_ids:
            lookup = self._lookups.setdefault(
                instrument, SharedRead(lambda: self._look_up(instrument))
            )
            try:
                await lookup()
            finally:
                self._lookups.pop(instrument, None)
        return self._contract_ids[instrument]

    async def instrument_of(self, identity: int) -> Instrument | None:
        """Return the instrument with that conid, None for one that brokerport does not have.

        Raises:
            UnknownContract: Client Portal knows no contract of that id.
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        await self.learn((identity,))
        if identity not in self._instruments:
            raise UnknownContract(f"Client Portal knows no contract with id {identity}")
        return self._instruments[identity]

    async def learn(self, identities: Iterable[int]) -> None:
        """Look up the instruments of many conids at once, for ``instrument_of`` to know.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        unknown = sorted({one for one in identities if one not in self._instruments})
        for identity, row in (await self._requests.definitions(unknown)).items():
            self._instruments[identity] = _instrument_or_none(row)

    async def find(self, pattern: str) -> tuple[Stock, ...]:
        """Find stocks whose symbol or name matches, those whose symbol does first.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        self._session.require_connected()
        # By name first: a search by symbol opens the way to strikes, and must not be undone.
        by_name = await self._requests.search(pattern, is_name=True)
        by_symbol = await self._requests.search(pattern)
        stocks = [row for row in (*by_symbol, *by_name) if has_section(row, STOCK)]
        with reading(f"search for {pattern!r}"):
            identities = list(dict.fromkeys(contract_id(row.get("conid")) for row in stocks))
        # A search tells no currency.
        rows = await self._requests.definitions(identities)
        found: dict[Stock, None] = {}
        for identity in identities:
            instrument = _instrument_or_none(rows.get(identity, {}))
            if isinstance(instrument, Stock):
                found[instrument] = None
        return tuple(found)

    async def option_chain(self, underlying: Stock) -> OptionChain:
        """Read the listed expiries and strikes over a stock: its main class, routed SMART.

        The strikes are those of all its expiries together.

        Raises:
            UnknownContract: the stock is unknown or has no options.
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        return await self._options.chain(underlying, await self.contract_id(underlying))

    async def _read_details(self, instrument: Instrument) -> ContractDetails:
        identity, exchange = await self._identify(instrument)
        row = await self._requests.info_and_rules(identity)
        time_zone = await self._time_zone(instrument, exchange)
        with reading(f"description of {instrument}"):
            details = to_details(instrument, row, exchange, time_zone)
            if details.contract_id != identity:
                raise ValueError(f"it is of conid {details.contract_id}, not {identity}")
        self._remember(instrument, identity)
        return details

    async def _look_up(self, instrument: Instrument) -> int:
        if instrument not in self._contract_ids:
            identity, _exchange = await self._identify(instrument)
            self._remember(instrument, identity)
        return self._contract_ids[instrument]

    async def _time_zone(self, instrument: Instrument, exchange: str) -> str:
        if instrument.currency == "USD":
            return EXCHANGE_TIME_ZONE.key
        kind = STOCK if isinstance(instrument, Stock) else OPTION
        return await self._requests.time_zone(kind, instrument.symbol, exchange)

    def _remember(self, instrument: Instrument, identity: int) -> None:
        self._contract_ids[instrument] = identity
        self._instruments[identity] = instrument

    async def _identify(self, instrument: Instrument) -> tuple[int, str]:
        """Return the conid and the primary exchange ("" for an option, which has none)."""
        if isinstance(instrument, Stock):
            identity, row = _only(instrument, await self._candidates(instrument))
            return identity, str(row.get("exchange") or "")
        stock = Stock(instrument.underlying, instrument.currency)
        underlying = await self.contract_id(stock)
        identity, _row = _only(instrument, await self._options.find(instrument, underlying))
        return identity, ""

    async def _candidates(self, stock: Stock) -> dict[int, Row]:
        listed = await self._requests.stocks(stock.symbol)
        # The list of companies tells no currency.
        definitions = await self._requests.definitions(listed)
        fitting = {
            one: row
            for one, row in listed.items()
            if _instrument_or_none(definitions.get(one, {})) == stock
        }
        in_us = {one: row for one, row in fitting.items() if row.get("isUS") is True}
        return in_us if stock.currency == "USD" and in_us else fitting


def _only(instrument: Instrument, rows: dict[int, Row]) -> tuple[int, Row]:
    """Return the one contract that fits.

    Raises:
        UnknownContract: none does, or several.
    """
    if len(rows) == 1:
        return next(iter(rows.items()))
    if not rows:
        raise UnknownContract(f"Client Portal knows no contract that fits {instrument}")
    several = "; ".join(describe(row) for row in rows.values())
    raise UnknownContract(f"{instrument} fits {len(rows)} contracts: {several}")


def _instrument_or_none(row: Row) -> Instrument | None:
    try:
        return definition_to_instrument(row)
    except Unsupported:
        return None
