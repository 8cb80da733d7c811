"""The day's executions with their commissions.

Rules: TWS shows the executions since midnight, New York time; every execution that passes the
filter comes with its commission, all of them before the end marker (shared page, section 5). An
empty filter field, and client id 0, let everything pass.
"""

from __future__ import annotations

from datetime import datetime

from brokerport.domain.instruments import Option
from brokerport.domain.trading_day import exchange_midnight
from brokerport.simulator.brokerage.orders import BrokerageExecution
from brokerport.simulator.gateways.tws.codes import INVALID_ACTION
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.session import DispatchTable, Session
from brokerport.simulator.gateways.tws.times import read_time
from brokerport.simulator.gateways.tws.translate.executions import commission_report
from brokerport.simulator.wire.tws.messages.executions import ExecDetailsEnd, ReqExecutions

_SIDES = {"BUY": "BUY", "BOT": "BUY", "SELL": "SELL", "SLD": "SELL", "SSHORT": "SELL"}


def _send_executions(session: Session, request: ReqExecutions) -> None:
    served = session.served
    if request.side and request.side.upper() not in _SIDES:
        raise Refused(INVALID_ACTION, action=request.side)
    since = _since(session, request)
    for booked in served.brokerage.executions(since):
        if _passes(session, request, booked):
            order = served.brokerage.order(booked.execution.perm_id or 0)
            served.orders.tell_execution(session, booked, order, request.request_id)
            session.send(commission_report(booked))
    session.send(ExecDetailsEnd(request.request_id))


def _since(session: Session, request: ReqExecutions) -> datetime:
    today = exchange_midnight(session.served.now)
    if not request.time.strip():
        return today
    return max(today, read_time(request.time, "time"))


def _passes(session: Session, request: ReqExecutions, booked: BrokerageExecution) -> bool:
    execution = booked.execution
    instrument = execution.instrument
    security_type = "OPT" if isinstance(instrument, Option) else "STK"
    exchange = session.served.order_ids.exchange(booked.entry)
    return (
        request.client_id in (0, booked.entry.client_id)
        and request.acct_code in ("", execution.broker_account.account_id)
        and request.symbol in ("", instrument.symbol)
        and request.sec_type in ("", security_type)
        and request.exchange in ("", exchange)
        and (not request.side or _SIDES[request.side.upper()] == execution.side.value)
    )


HANDLERS: DispatchTable = {ReqExecutions: _send_executions}
