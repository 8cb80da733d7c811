"""The account data port over TWS: positions, account summary, profit and loss."""

from __future__ import annotations

from decimal import Decimal

from brokerport.adapters.shared_read import SharedRead
from brokerport.adapters.tws.position_stream import PositionRow
from brokerport.adapters.tws.reads import Kind
from brokerport.adapters.tws.rows import ProfitRow, SummaryRow
from brokerport.adapters.tws.session import Session
from brokerport.adapters.tws.translate_numbers import number, optional_number
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import Balances, ProfitAndLoss
from brokerport.domain.errors import BadInput, RequestRefused
from brokerport.domain.money import Money
from brokerport.domain.positions import Holding
from brokerport.ports.clock import Clock

# IBKR's account summary tags, and the field of ``Balances`` each fills.
_TAGS = {
    "TotalCashValue": "total_cash",
    "NetLiquidation": "net_liquidation",
    "BuyingPower": "buying_power",
    "InitMarginReq": "initial_margin",
    "MaintMarginReq": "maintenance_margin",
    "AvailableFunds": "available_funds",
    "ExcessLiquidity": "excess_liquidity",
}


class AccountData:
    """Positions and balances at TWS."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._positions = SharedRead(self._read_positions)
        # TWS serves two account summaries at a time; one is asked for, for all accounts.
        self._summary = SharedRead(self._read_summary)
        self._currencies: dict[str, str] = {}

    async def positions(self, broker_account: BrokerAccount) -> tuple[Holding, ...]:
        """Read what the account holds; see ``AccountDataPort.positions``.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
            Unsupported: it holds an instrument that brokerport does not have.
        """
        self._session.require_managed(broker_account)
        latest: dict[int, PositionRow] = {}
        for row in await self._positions():
            if row.account == broker_account.account_id:
                latest[row.contract.conId] = row
        return tuple(row.holding for row in latest.values() if row.quantity != 0)

    async def balances(self, broker_account: BrokerAccount) -> Balances:
        """Read the account's money; see ``AccountDataPort.balances``.

        Raises:
            NotConnected, RequestTimedOut, TemporarilyRefused: the read failed.
            RequestRefused: the same, or the answer leaves out the account or one of its values.
        """
        self._session.require_managed(broker_account)
        account = broker_account.account_id
        values: dict[str, Money] = {}
        for row in await self._summary():
            if row.account == account and row.tag in _TAGS:
                try:
                    values[_TAGS[row.tag]] = Money(number(row.value, row.tag), row.currency)
                except (BadInput, ValueError) as error:
                    raise RequestRefused(f"TWS gave no {row.tag} of {account}: {error}") from error
        missing = sorted(set(_TAGS.values()) - set(values))
        if missing:
            raise RequestRefused(f"TWS gave no {', '.join(missing)} of account {account}")
        self._currencies[account] = values["net_liquidation"].currency
        return Balances(as_of=self._clock.now(), **values)

    async def profit_and_loss(self, broker_account: BrokerAccount) -> ProfitAndLoss:
        """Read the account's profit and loss; see ``AccountDataPort.profit_and_loss``.

        TWS sends its "no value" until it has computed them; the first whole answer counts.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
        """
        self._session.require_managed(broker_account)
        currency = await self.base_currency(broker_account)
        line = self._session.line
        client = line.client
        rows: list[ProfitRow] = await line.read(
            f"profit and loss of account {broker_account}",
            lambda request_id: client.reqPnL(request_id, broker_account.account_id, ""),
            complete_in=lambda rows: 0 if _amounts(rows[-1]) is not None else None,
            cancel=client.cancelPnL,
        )
        amounts = _amounts(rows[-1])
        if amounts is None:
            raise RequestRefused(f"TWS gave no profit and loss of account {broker_account}")
        daily, unrealised, realised = (Money(amount, currency) for amount in amounts)
        return ProfitAndLoss(daily, unrealised, realised)

    async def base_currency(self, broker_account: BrokerAccount) -> str:
        """Return the currency the account's balances are in; it is read once."""
        if broker_account.account_id not in self._currencies:
            await self.balances(broker_account)
        return self._currencies[broker_account.account_id]

    async def _read_positions(self) -> list[PositionRow]:
        line = self._session.line
        return await line.read_kind(Kind.POSITIONS, line.client.reqPositions)

    async def _read_summary(self) -> list[SummaryRow]:
        line = self._session.line
        client = line.client
        tags = ",".join(_TAGS)
        return await line.read(
            "the account summary",
            lambda request_id: client.reqAccountSummary(request_id, "All", tags),
            cancel=client.cancelAccountSummary,
        )


def _amounts(row: ProfitRow) -> tuple[Decimal, Decimal, Decimal] | None:
    daily, unrealised, realised = (optional_number(value) for value in row)
    if daily is None or unrealised is None or realised is None:
        return None
    return daily, unrealised, realised
