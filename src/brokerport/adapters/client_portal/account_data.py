"""The account data port over Client Portal: positions, balances, profit and loss.

Rules:

- positions are read from /portfolio2, which is never cached; the pages of /portfolio are;
- balances are of the time the portal gives with them, which need not be now;
- the portal's daily profit is that of the selected account alone, so the account is selected first;
  it has no realised profit there: that is the ledger's ``realizedpnl`` of the day, in the account's
  base currency. A first question about profit is answered with nothing, and asked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import frozen

from brokerport.adapters.client_portal.contracts import Contracts
from brokerport.adapters.client_portal.reading import reading
from brokerport.adapters.client_portal.session import Session
from brokerport.adapters.client_portal.translate_contracts import Row, describe, rows_of
from brokerport.adapters.client_portal.translate_numbers import contract_id, number
from brokerport.adapters.client_portal.translate_times import epoch_milliseconds
from brokerport.adapters.shared_read import SharedRead
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import Balances, ProfitAndLoss
from brokerport.domain.errors import (
    RequestTimedOut,
    UnknownContract,
    Unsupported,
)
from brokerport.domain.money import Money
from brokerport.domain.positions import Holding
from brokerport.ports.clock import Clock

PROFIT_ASKS_MAX = 3
BASE = "BASE"

# The summary's keys, and the field of ``Balances`` each fills.
_KEYS = {
    "totalcashvalue": "total_cash",
    "netliquidation": "net_liquidation",
    "buyingpower": "buying_power",
    "initmarginreq": "initial_margin",
    "maintmarginreq": "maintenance_margin",
    "availablefunds": "available_funds",
    "excessliquidity": "excess_liquidity",
}


@frozen
class HeldRow:
    """A row of /portfolio2 as far as it is used."""

    contract_id: int
    quantity: Decimal
    average_cost: Decimal
    row: Row


class AccountData:
    """Positions and balances at Client Portal."""

    def __init__(self, session: Session, contracts: Contracts, clock: Clock) -> None:
        self._session = session
        self._contracts = contracts
        self._clock = clock
        self._currencies: dict[BrokerAccount, str] = {}
        self._profits: dict[BrokerAccount, SharedRead[ProfitAndLoss]] = {}
        self._selecting = asyncio.Lock()

    async def positions(self, broker_account: BrokerAccount) -> tuple[Holding, ...]:
        """Read what the account holds; see ``AccountDataPort.positions``.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
            Unsupported: it holds an instrument that brokerport does not have.
        """
        self._session.require_managed(broker_account)
        answer = await self._session.read("GET", f"/portfolio2/{broker_account}/positions")
        with reading(f"list of the positions of account {broker_account}"):
            held = _held(answer)
        await self._contracts.learn(row.contract_id for row in held)
        return tuple([await self._holding(row) for row in held])

    async def balances(self, broker_account: BrokerAccount) -> Balances:
        """Read the account's money; see ``AccountDataPort.balances``.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: the read failed, or the answer leaves
                out one of the values.
        """
        self._session.require_managed(broker_account)
        answer = await self._session.read("GET", f"/portfolio/{broker_account}/summary")
        values: dict[str, Money] = {}
        times: list[datetime] = []
        with reading(f"summary of account {broker_account}"):
            for key, name in _KEYS.items():
                row = _entry(answer, key)
                currency: Any = row.get("currency")
                values[name] = Money(number(row.get("amount"), key), currency)
                if row.get("timestamp"):
                    times.append(epoch_milliseconds(row["timestamp"]))
        self._currencies[broker_account] = values["net_liquidation"].currency
        # The oldest value says of when the whole of them can be trusted.
        return Balances(as_of=min(times, default=self._clock.now()), **values)

    async def profit_and_loss(self, broker_account: BrokerAccount) -> ProfitAndLoss:
        """Read the account's profit and loss; see ``AccountDataPort.profit_and_loss``.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        self._session.require_managed(broker_account)
        read = self._profits.setdefault(
            broker_account, SharedRead(lambda: self._read_profit(broker_account))
        )
        return await read()

    async def base_currency(self, broker_account: BrokerAccount) -> str:
        """Return the currency the account's balances are in; it is read once."""
        if broker_account not in self._currencies:
            await self.balances(broker_account)
        return self._currencies[broker_account]

    async def _holding(self, held: HeldRow) -> Holding:
        try:
            instrument = await self._contracts.instrument_of(held.contract_id)
        except UnknownContract as error:
            raise Unsupported(f"the account holds {describe(held.row)}: {error}") from error
        if instrument is None:
            raise Unsupported(
                f"the account holds {describe(held.row)}, which is no instrument brokerport has"
            )
        return Holding(instrument, held.quantity, held.average_cost)

    async def _read_profit(self, account: BrokerAccount) -> ProfitAndLoss:
        currency = await self.base_currency(account)
        row = await self._read_partition(account)
        ledger = await self._session.read("GET", f"/portfolio/{account}/ledger")
        with reading(f"profit and loss of account {account}"):
            realised = number(_entry(ledger, BASE).get("realizedpnl"), "realizedpnl")
            return ProfitAndLoss(
                daily=Money(number(row.get("dpl"), "dpl"), currency),
                unrealised=Money(number(row.get("upl"), "upl"), currency),
                realised=Money(realised, currency),
            )

    async def _read_partition(self, account: BrokerAccount) -> Row:
        # Nobody may select another account before the answer is here.
        async with self._selecting:
            await self._select(account)
            for _ask in range(PROFIT_ASKS_MAX):
                answer = await self._session.read("GET", "/iserver/account/pnl/partitioned")
                with reading(f"profit and loss of account {account}"):
                    rows = _entry(answer, "upnl")
                    if rows:
                        return _entry(rows, f"{account}.Core")
        raise RequestTimedOut(
            f"Client Portal told no profit and loss of {account} in {PROFIT_ASKS_MAX} requests"
        )

    async def _select(self, account: BrokerAccount) -> None:
        # A new selection makes IBKR forget the lists of orders and trades, which answer with
        # nothing until they were asked for again: never while one is being read.
        async with self._session.order_lists.gate:
            await self._session.read(
                "POST", "/iserver/account", body={"acctId": account.account_id}
            )


def _held(answer: object) -> list[HeldRow]:
    """Return what is held, without what is flat.

    Raises:
        ValueError: a row cannot be read.
        Unsupported: the same contract is held in several model portfolios.
    """
    held: dict[int, HeldRow] = {}
    for row in rows_of(answer):
        quantity = number(row.get("position"), "position")
        if quantity == 0:
            continue
        identity = contract_id(row.get("conid"))
        if identity in held:
            raise Unsupported(f"{describe(row)} is held in several model portfolios")
        held[identity] = HeldRow(identity, quantity, number(row.get("avgCost"), "avgCost"), row)
    return list(held.values())


def _entry(answer: object, key: str) -> Mapping[str, Any]:
    """Return what stands under a key, itself an object with a value.

    Raises:
        ValueError: there is none.
    """
    entry = answer.get(key) if isinstance(answer, Mapping) else None
    if not isinstance(entry, Mapping) or entry.get("isNull"):
        told = ", ".join(str(name) for name in answer) if isinstance(answer, Mapping) else answer
        raise ValueError(f"it has no {key} (it has: {told})")
    return entry
