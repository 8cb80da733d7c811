"""Profit and loss of an account or of one position."""

from __future__ import annotations

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.gateways.tws.codes import CANNOT_PROCESS
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.feeds.profit_and_loss_feed import ProfitSubscription
from brokerport.simulator.gateways.tws.handlers.account_values import managed_account
from brokerport.simulator.gateways.tws.session import DispatchTable, Session
from brokerport.simulator.wire.tws.messages.account import (
    CancelPnL,
    CancelPnLSingle,
    ReqPnL,
    ReqPnLSingle,
)


def _subscribe(session: Session, request: ReqPnL) -> None:
    account = _account(session, request.account, request.model_code, "reqPnL")
    session.served.profit_and_loss.subscribe(
        ProfitSubscription(session, request.request_id, account)
    )


def _subscribe_single(session: Session, request: ReqPnLSingle) -> None:
    account = _account(session, request.account, request.model_code, "reqPnLSingle")
    instrument = session.served.world.listing.by_contract_id(request.con_id)
    session.served.profit_and_loss.subscribe(
        ProfitSubscription(session, request.request_id, account, instrument)
    )


def _unsubscribe(session: Session, request: CancelPnL | CancelPnLSingle) -> None:
    session.served.profit_and_loss.unsubscribe(session, request.request_id)


def _account(session: Session, account_id: str, model: str, request: str) -> BrokerAccount:
    if model:
        raise Refused(CANNOT_PROCESS, field=request, cause=f"unknown model '{model}'")
    return managed_account(session, account_id, request)


HANDLERS: DispatchTable = {
    ReqPnL: _subscribe,
    ReqPnLSingle: _subscribe_single,
    CancelPnL: _unsubscribe,
    CancelPnLSingle: _unsubscribe,
}
