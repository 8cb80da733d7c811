"""What Client Portal has on record of orders and executions.

Rules:

- an account's list of orders holds those that work and those that ended; it is read whole and
  shared by who asks at the same time (``order_lists``). A list that is not ready is no empty list;
- IBKR shows at most ``ORDERS_MAX`` orders. A list as long as that may lack some: it is refused,
  because the absence of an order proves that it was not placed;
- an order in terms that brokerport has no words for is a ``ForeignOrder``, unless it is one of
  ours, which never is: then somebody must look.
"""

from __future__ import annotations

from brokerport.adapters.client_portal.contracts import Contracts
from brokerport.adapters.client_portal.reading import reading
from brokerport.adapters.client_portal.session import Session
from brokerport.adapters.client_portal.translate_contracts import Row, describe
from brokerport.adapters.client_portal.translate_executions import (
    is_combination,
    to_commission,
    to_execution,
)
from brokerport.adapters.client_portal.translate_orders import (
    row_account,
    row_contract_id,
    row_filled,
    row_order_id,
    row_quantity,
    row_reason,
    row_reference,
    to_broker_order_status,
    to_order_type,
    to_side,
    to_time_in_force,
)
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BadInput, RequestRefused, UnknownContract, Unsupported
from brokerport.domain.instruments import Instrument
from brokerport.domain.orders import is_client_order_id
from brokerport.ports.orders import (
    BookedExecution,
    BrokerOrder,
    BrokerOrderStatus,
    ForeignOrder,
    OrderRecord,
)

ORDERS_MAX = 1000


class Records:
    """The order port's records at Client Portal."""

    def __init__(self, session: Session, contracts: Contracts) -> None:
        self._session = session
        self._contracts = contracts

    async def open_orders(self, broker_account: BrokerAccount) -> tuple[OrderRecord, ...]:
        """Read the orders that work for one account; see ``OrderPort.open_orders``.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
            Unsupported: an order of ours has terms that brokerport does not have.
        """
        return await self._orders(broker_account, are_open=True)

    async def completed_orders(self, broker_account: BrokerAccount) -> tuple[OrderRecord, ...]:
        """Read the orders that are done, as far as Client Portal shows them.

        It shows those of the brokerage session, in which a day has its end.

        Raises: as ``open_orders``.
        """
        return await self._orders(broker_account, are_open=False)

    async def executions(self, broker_account: BrokerAccount) -> tuple[BookedExecution, ...]:
        """Read the executions of the day, oldest first; see ``OrderPort.executions``.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
            Unsupported: one is of an instrument that brokerport does not have.
        """
        self._session.require_managed(broker_account)
        rows = [
            row
            for row in await self._session.order_lists.trades(broker_account)
            if _account(row) == broker_account and not is_combination(row)
        ]
        await self._contracts.learn(_contract_id(row) for row in rows)
        booked = [await self._booked(row) for row in rows]
        return tuple(sorted(booked, key=lambda one: one.execution.executed_at))

    async def _orders(self, account: BrokerAccount, *, are_open: bool) -> tuple[OrderRecord, ...]:
        self._session.require_managed(account)
        rows = await self._session.order_lists.orders(account)
        if len(rows) >= ORDERS_MAX:
            raise RequestRefused(
                f"Client Portal shows {len(rows)} orders, and no more than {ORDERS_MAX}: "
                "there may be others"
            )
        wanted = [
            row
            for row in rows
            if _account(row) == account
            and (to_broker_order_status(row) is BrokerOrderStatus.WORKING) == are_open
        ]
        await self._contracts.learn(_contract_id(row) for row in wanted)
        return tuple([await self._record(row) for row in wanted])

    async def _record(self, row: Row) -> OrderRecord:
        identity, account = _order_id(row), _account(row)
        reference = row_reference(row)
        try:
            return BrokerOrder(
                broker_order_id=str(identity),
                perm_id=identity,
                order_reference=reference,
                broker_account=account,
                instrument=await self._instrument(row),
                side=to_side(row),
                quantity=row_quantity(row),
                order_type=to_order_type(row),
                time_in_force=to_time_in_force(row),
                status=to_broker_order_status(row),
                filled_quantity=row_filled(row),
                reason=row_reason(row),
            )
        except (BadInput, Unsupported, ValueError) as error:
            if is_client_order_id(reference):
                # We never place such an order: who could have changed ours must be looked at.
                raise Unsupported(f"order {identity} ({reference}): {error}") from error
            return ForeignOrder(str(identity), identity, reference, account, str(error))

    async def _booked(self, row: Row) -> BookedExecution:
        instrument = await self._instrument(row)
        with reading("commission of an execution"):
            commission = to_commission(row, instrument.currency)
        return BookedExecution(to_execution(row, instrument), commission)

    async def _instrument(self, row: Row) -> Instrument:
        try:
            instrument = await self._contracts.instrument_of(_contract_id(row))
        except UnknownContract as error:
            raise Unsupported(f"{describe(row)}: {error}") from error
        if instrument is None:
            raise Unsupported(f"{describe(row)} is no instrument brokerport has")
        return instrument


def _account(row: Row) -> BrokerAccount:
    with reading("account of an order"):
        return row_account(row)


def _contract_id(row: Row) -> int:
    with reading("contract id of an order"):
        return row_contract_id(row)


def _order_id(row: Row) -> int:
    with reading("id of an order"):
        return row_order_id(row)
