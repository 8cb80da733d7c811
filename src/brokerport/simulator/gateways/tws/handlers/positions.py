"""Positions of all accounts or of one."""

from __future__ import annotations

from brokerport.simulator.gateways.tws.codes import CANNOT_PROCESS
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.handlers.account_values import managed_account
from brokerport.simulator.gateways.tws.session import DispatchTable, Session
from brokerport.simulator.wire.tws.messages.account import (
    CancelPositions,
    CancelPositionsMulti,
    ReqPositions,
    ReqPositionsMulti,
)


def _positions(session: Session, _request: ReqPositions) -> None:
    session.served.positions.subscribe_all(session)


def _cancel_positions(session: Session, _request: CancelPositions) -> None:
    session.served.positions.unsubscribe_all(session)


def _positions_multi(session: Session, request: ReqPositionsMulti) -> None:
    if request.model_code:
        raise Refused(
            CANNOT_PROCESS,
            field="reqPositionsMulti",
            cause=f"unknown model '{request.model_code}'",
        )
    account = managed_account(session, request.account, "reqPositionsMulti")
    session.served.positions.subscribe_multi(session, request.request_id, account)


def _cancel_positions_multi(session: Session, request: CancelPositionsMulti) -> None:
    session.served.positions.unsubscribe_multi(session, request.request_id)


HANDLERS: DispatchTable = {
    ReqPositions: _positions,
    CancelPositions: _cancel_positions,
    ReqPositionsMulti: _positions_multi,
    CancelPositionsMulti: _cancel_positions_multi,
}
