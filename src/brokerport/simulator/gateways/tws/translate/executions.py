"""Executions and commissions as clients are told of them."""

from __future__ import annotations

from brokerport.domain.order_types import Side
from brokerport.simulator.brokerage.orders import BrokerageExecution
from brokerport.simulator.gateways.tws.times import time_text
from brokerport.simulator.wire.tws.messages.executions import (
    CommissionReport,
    ExecDetails,
    WireExecution,
)
from brokerport.simulator.wire.tws.messages.values import WireContract

SIDES = {Side.BUY: "BOT", Side.SELL: "SLD"}


def exec_details(
    booked: BrokerageExecution,
    contract: WireContract,
    exchange: str,
    order_id: int,
    client_id: int,
    request_id: int,
    version: int,
) -> ExecDetails:
    """Return what execDetails tells of an execution; the request id is -1 when nobody asked."""
    execution = booked.execution
    return ExecDetails(
        request_id=request_id,
        order_id=order_id,
        contract=contract,
        execution=WireExecution(
            exec_id=execution.execution_id,
            time=time_text(execution.executed_at, version),
            acct_number=execution.broker_account.account_id,
            exchange=exchange,
            side=SIDES[execution.side],
            shares=execution.quantity,
            price=execution.price,
            perm_id=execution.perm_id or 0,
            client_id=client_id,
            liquidation=0,
            cum_qty=booked.cumulative_quantity,
            avg_price=booked.average_price,
            order_ref=execution.order_reference or "",
        ),
    )


def commission_report(booked: BrokerageExecution) -> CommissionReport:
    """Return what commissionReport tells of an execution."""
    commission = booked.commission
    realised = commission.realised_pnl
    return CommissionReport(
        exec_id=commission.execution_id,
        commission=commission.amount.amount,
        currency=commission.amount.currency,
        realized_pnl=None if realised is None else realised.amount,
    )
