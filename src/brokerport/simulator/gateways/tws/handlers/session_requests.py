"""Ids, accounts, the clock: requests about the session itself."""

from __future__ import annotations

from brokerport.simulator.gateways.tws.codes import CANNOT_PROCESS
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.session import DispatchTable, Session
from brokerport.simulator.gateways.tws.times import epoch_seconds
from brokerport.simulator.wire.tws.messages.session import (
    CurrentTime,
    ManagedAccounts,
    NextValidId,
    ReqCurrentTime,
    ReqIds,
    ReqManagedAccts,
    ReqUserInfo,
    SetServerLogLevel,
    StartApi,
    UserInfo,
)


def send_next_valid_id(session: Session, _request: ReqIds | None = None) -> None:
    """Tell the lowest order id that may be used next."""
    session.send(NextValidId(session.served.order_ids.next_valid_id))


def send_managed_accounts(session: Session, _request: ReqManagedAccts | None = None) -> None:
    """Tell the accounts of this login."""
    accounts = session.served.brokerage.accounts
    session.send(ManagedAccounts(",".join(account.account_id for account in accounts)))


def _send_current_time(session: Session, _request: ReqCurrentTime) -> None:
    session.send(CurrentTime(epoch_seconds(session.served.now)))


def _send_user_info(session: Session, request: ReqUserInfo) -> None:
    # A login of IBKR's own customers has no white branding id.
    session.send(UserInfo(request.request_id, ""))


def _set_log_level(_session: Session, _request: SetServerLogLevel) -> None:
    """Take note of nothing: the level is about TWS's own log file, and has no answer."""


def _refuse_second_start(_session: Session, _request: StartApi) -> None:
    raise Refused(CANNOT_PROCESS, field="StartApi", cause="the API has been started already")


HANDLERS: DispatchTable = {
    ReqIds: send_next_valid_id,
    ReqManagedAccts: send_managed_accounts,
    ReqCurrentTime: _send_current_time,
    ReqUserInfo: _send_user_info,
    SetServerLogLevel: _set_log_level,
    StartApi: _refuse_second_start,
}
