"""The contract port over TWS: contract details, price steps, symbol search and option chains.

An instrument that fits no contract, or several, is ``UnknownContract``: a guess between two would
trade the wrong one.
"""

from __future__ import annotations

from decimal import Decimal

from ib_async.contract import Contract, ContractDescription
from ib_async.contract import ContractDetails as TwsContractDetails

from brokerport.adapters.shared_read import SharedRead
from brokerport.adapters.tws.rows import OptionParametersRow
from brokerport.adapters.tws.session import Session
from brokerport.adapters.tws.translate_contracts import (
    SMART,
    describe,
    expiry_date,
    market_rule_id,
    to_contract,
    to_details,
    to_price_increments,
)
from brokerport.adapters.tws.translate_numbers import number
from brokerport.domain.contracts import ContractDetails, OptionChain, PriceIncrement
from brokerport.domain.errors import BadInput, RequestRefused, UnknownContract
from brokerport.domain.instruments import Instrument, Stock

NO_DEFINITION = 200


class Contracts:
    """Contract lookup at TWS."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._contract_ids: dict[Instrument, int] = {}
        self._details: dict[Instrument, SharedRead[ContractDetails]] = {}
        self._lookups: dict[Instrument, SharedRead[int]] = {}
        self._rules: dict[int, tuple[PriceIncrement, ...]] = {}

    async def details(self, instrument: Instrument) -> ContractDetails:
        """Look up one instrument; see ``ContractPort.details``.

        Raises:
            UnknownContract: TWS knows none, or more than one, of that description.
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
        """
        read = self._details.setdefault(
            instrument, SharedRead(lambda: self._read_details(instrument))
        )
        try:
            return await read()
        finally:
            self._details.pop(instrument, None)

    async def _read_details(self, instrument: Instrument) -> ContractDetails:
        found = await self._look_up(instrument)
        rule_id = market_rule_id(found)
        steps = () if rule_id is None else await self._price_increments(rule_id)
        try:
            details = to_details(instrument, found, steps)
        except (BadInput, ValueError) as error:
            raise RequestRefused(
                f"TWS's details of {instrument} are not usable: {error}"
            ) from error
        self._contract_ids[instrument] = details.contract_id
        return details

    async def contract_id(self, instrument: Instrument) -> int:
        """Return an instrument's conid, which never changes, asking TWS the first time only.

        Raises: as ``details``.
        """
        if instrument not in self._contract_ids:
            lookup = self._lookups.setdefault(
                instrument, SharedRead(lambda: self._known_id(instrument))
            )
            try:
                await lookup()
            finally:
                self._lookups.pop(instrument, None)
        return self._contract_ids[instrument]

    async def find(self, pattern: str) -> tuple[Stock, ...]:
        """Find stocks whose symbol or name matches; TWS gives the best 16 at most.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
        """
        line = self._session.line
        client = line.client
        rows: list[ContractDescription] = await line.read(
            f"contracts that match {pattern!r}",
            lambda request_id: client.reqMatchingSymbols(request_id, pattern),
        )
        found: dict[Stock, None] = {}
        for row in rows:
            contract = row.contract
            if contract is not None and contract.secType == "STK":
                try:
                    found[Stock(contract.symbol, contract.currency)] = None
                except BadInput:
                    continue  # A search offers what can be asked for; this symbol cannot.
        return tuple(found)

    async def option_chain(self, underlying: Stock) -> OptionChain:
        """Read the listed expiries and strikes over a stock: its main class, routed SMART.

        Raises:
            UnknownContract: the stock is unknown or has no options.
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
        """
        contract_id = await self.contract_id(underlying)
        line = self._session.line
        client = line.client
        rows: list[OptionParametersRow] = await line.read(
            f"the option chain of {underlying}",
            lambda request_id: client.reqSecDefOptParams(
                request_id, underlying.symbol, "", "STK", contract_id
            ),
        )
        row = _main_class(underlying, rows)
        return OptionChain(
            underlying=underlying,
            trading_class=row.trading_class,
            multiplier=int(row.multiplier),
            expiries=tuple(sorted(expiry_date(text) for text in row.expirations)),
            strikes=tuple(sorted(_strike(strike) for strike in row.strikes)),
        )

    async def contract(self, instrument: Instrument) -> Contract:
        """Return an instrument's contract with its conid, as requests need it.

        Raises: as ``details``.
        """
        return to_contract(instrument, await self.contract_id(instrument))

    async def _known_id(self, instrument: Instrument) -> int:
        if instrument not in self._contract_ids:
            await self.details(instrument)
        return self._contract_ids[instrument]

    async def _look_up(self, instrument: Instrument) -> TwsContractDetails:
        line = self._session.line
        client = line.client
        wanted = to_contract(instrument)
        try:
            rows: list[TwsContractDetails] = await line.read(
                f"the contract details of {instrument}",
                lambda request_id: client.reqContractDetails(request_id, wanted),
            )
        except RequestRefused as error:
            if error.code == NO_DEFINITION:
                raise UnknownContract(f"{instrument}: {error}") from error
            raise
        by_id = {row.contract.conId: row for row in rows if row.contract is not None}
        if len(by_id) == 1:
            return next(iter(by_id.values()))
        if not by_id:
            raise UnknownContract(f"TWS knows no contract that fits {instrument}")
        several = "; ".join(describe(row.contract) for row in by_id.values() if row.contract)
        raise UnknownContract(f"{instrument} fits {len(by_id)} contracts: {several}")

    async def _price_increments(self, rule_id: int) -> tuple[PriceIncrement, ...]:
        if rule_id not in self._rules:
            steps = await self._session.line.read_market_rule(rule_id)
            self._rules[rule_id] = to_price_increments(steps)
        return self._rules[rule_id]


def _main_class(underlying: Stock, rows: list[OptionParametersRow]) -> OptionParametersRow:
    """Choose the class that is named as the stock (``BRK B`` has class ``BRKB``), on SMART."""
    name = underlying.symbol.replace(" ", "").replace(".", "")
    routed = [row for row in rows if row.exchange == SMART]
    chosen = [row for row in routed if row.trading_class == name] or routed
    if len(chosen) == 1:
        return chosen[0]
    if not routed:
        raise UnknownContract(f"TWS lists no options over {underlying}")
    classes = ", ".join(sorted(row.trading_class for row in chosen))
    raise UnknownContract(f"none of {underlying}'s option classes is its main one: {classes}")


def _strike(value: float) -> Decimal:
    return number(value, "strike")
