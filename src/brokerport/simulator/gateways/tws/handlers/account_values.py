"""Account updates and account summaries."""

from __future__ import annotations

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.gateways.tws.codes import (
    ACCOUNT_UNSUBSCRIBED,
    CANNOT_PROCESS,
    INVALID_REQUEST,
)
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.session import NO_ID, DispatchTable, Session
from brokerport.simulator.wire.tws.messages.account import (
    CancelAccountSummary,
    CancelAccountUpdatesMulti,
    ReqAccountSummary,
    ReqAccountUpdates,
    ReqAccountUpdatesMulti,
)

SUMMARIES_MAX = 2
"""IBKR's limit of account summaries per client (TWS API, "Account Summary")."""


def managed_account(session: Session, account_id: str, request: str) -> BrokerAccount:
    """Return the account of that id; the only account, when there is one and none is named.

    Raises:
        Refused: the account is not managed, or none is named and there are several (322).
    """
    accounts = session.served.brokerage.accounts
    if not account_id and len(accounts) == 1:
        return accounts[0]
    account = session.served.account(account_id)
    if account is None:
        raise Refused(CANNOT_PROCESS, field=request, cause=f"Invalid account code '{account_id}'")
    return account


def _account_updates(session: Session, request: ReqAccountUpdates) -> None:
    feed = session.served.accounts
    if not request.subscribe:
        feed.unsubscribe(session, "updates")
        return
    accounts = session.served.brokerage.accounts
    account = session.served.account(request.acct_code) if request.acct_code else accounts[0]
    if account is None:
        raise Refused(
            INVALID_REQUEST,
            field="reqAccountUpdates",
            cause=f"Invalid account code '{request.acct_code}'",
        )
    replaced = feed.subscribe_updates(session, account)
    if replaced is not None:
        session.error(NO_ID, ACCOUNT_UNSUBSCRIBED, account=replaced.account_id)


def _account_updates_multi(session: Session, request: ReqAccountUpdatesMulti) -> None:
    _refuse_models(request.model_code, "reqAccountUpdatesMulti")
    account = managed_account(session, request.account, "reqAccountUpdatesMulti")
    session.served.accounts.subscribe_multi(
        session, request.request_id, account, request.ledger_and_nlv
    )


def _cancel_account_updates_multi(session: Session, request: CancelAccountUpdatesMulti) -> None:
    session.served.accounts.unsubscribe(session, "multi", request.request_id)


def _account_summary(session: Session, request: ReqAccountSummary) -> None:
    feed = session.served.accounts
    feed.unsubscribe(session, "summary", request.request_id)
    if feed.summaries_of(session) >= SUMMARIES_MAX:
        raise Refused(
            CANNOT_PROCESS,
            field="reqAccountSummary",
            cause="Maximum number of account summary requests exceeded",
        )
    tags = tuple(tag.strip() for tag in request.tags.split(",") if tag.strip())
    if not tags:
        raise Refused(CANNOT_PROCESS, field="reqAccountSummary", cause="no tag is given")
    feed.subscribe_summary(session, request.request_id, _group(session, request.group_name), tags)


def _cancel_account_summary(session: Session, request: CancelAccountSummary) -> None:
    session.served.accounts.unsubscribe(session, "summary", request.request_id)


def _group(session: Session, name: str) -> tuple[BrokerAccount, ...]:
    if name == "All":
        return session.served.brokerage.accounts
    account = session.served.account(name)
    if account is None:
        raise Refused(
            CANNOT_PROCESS, field="reqAccountSummary", cause=f"unknown group '{name}', use 'All'"
        )
    return (account,)


def _refuse_models(model_code: str, request: str) -> None:
    if model_code:
        raise Refused(CANNOT_PROCESS, field=request, cause=f"unknown model '{model_code}'")


HANDLERS: DispatchTable = {
    ReqAccountUpdates: _account_updates,
    ReqAccountUpdatesMulti: _account_updates_multi,
    CancelAccountUpdatesMulti: _cancel_account_updates_multi,
    ReqAccountSummary: _account_summary,
    CancelAccountSummary: _cancel_account_summary,
}
