"""The doctor: what is fine, what is wrong, and what to do about it, in words.

It looks and touches nothing: no order, no entry in the journal. It opens the journal and a session
as trading would, so it finds what trading would find, and closes both again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import Enum

from attrs import frozen

from brokerport.domain.accounts import AccountMap
from brokerport.domain.errors import (
    BrokerportError,
    JournalDamaged,
    JournalInUse,
    NotConnected,
    RequestTimedOut,
    SessionRefused,
    UnknownAccount,
)
from brokerport.domain.journal_fold import recorded_book
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.ports.clock import Clock
from brokerport.ports.journal import Journal
from brokerport.ports.session import SessionPort
from brokerport.services.order_book import UNANSWERED

SKEW_SECONDS_MAX = 5.0
DOUBTFUL = UNANSWERED | {OrderStatus.IN_DOUBT}


class Verdict(Enum):
    """How one thing stands."""

    FINE = "fine"
    NOTE = "note"
    WRONG = "wrong"


@frozen
class Finding:
    """One line of the doctor's: what was looked at, how it stands, and what to do about it."""

    subject: str
    verdict: Verdict
    text: str
    advice: str = ""


def fine(subject: str, text: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(subject, Verdict.FINE, text)


def wrong(subject: str, text: str, advice: str) -> Finding:
    """Return a finding that keeps trading from going on."""
    return Finding(subject, Verdict.WRONG, text, advice)


async def examine_journal(journal: Journal, accounts: AccountMap) -> AsyncIterator[Finding]:
    """Open the journal, read every account of it, and close it."""
    try:
        await journal.open(accounts.broker_account(account.name) for account in accounts)
    except BrokerportError as error:
        yield _journal_problem(error)
        return
    try:
        async for finding in _examine_accounts(journal, accounts):
            yield finding
    finally:
        await journal.close()


async def _examine_accounts(journal: Journal, accounts: AccountMap) -> AsyncIterator[Finding]:
    findings: list[Finding] = []
    count = 0
    for account in accounts:
        try:
            entries = await journal.read(account.name)
        except BrokerportError as error:
            yield _journal_problem(error)
            return
        count += len(entries)
        recorded = recorded_book(entries)
        doubtful = [key for key, order in recorded.orders.items() if order.status in DOUBTFUL]
        if doubtful:
            findings.append(
                Finding(
                    "doubt",
                    Verdict.NOTE,
                    f"account {account.name!r} has orders in doubt: {', '.join(doubtful)}",
                    "do not place them again; the next session asks the broker and settles them",
                )
            )
        if recorded.quarantine:
            findings.append(
                wrong(
                    "quarantine",
                    f"account {account.name!r} is closed for opening orders: "
                    + "; ".join(recorded.quarantine),
                    "run 'brokerport reconcile', look at the differences, then accept or release",
                )
            )
    yield fine("journal", f"it can be written, and its {count} entries can be read")
    for finding in findings:
        yield finding
    if not any(finding.subject == "doubt" for finding in findings):
        yield fine("doubt", "no order is in doubt")
    if not any(finding.subject == "quarantine" for finding in findings):
        yield fine("quarantine", "every account is open")


def _journal_problem(error: BrokerportError) -> Finding:
    match error:
        case JournalInUse():
            advice = "another brokerport is at work on these accounts: stop it, or leave it to it"
        case JournalDamaged():
            advice = "restore it from a backup, or move it away: orders are rebuilt from the broker"
        case _:
            advice = (
                "make room on the disk or make the place writable; nothing is placed until then"
            )
    return wrong("journal", str(error), advice)


async def examine_session(
    session: SessionPort, accounts: AccountMap, clock: Clock
) -> AsyncIterator[Finding]:
    """Open a session as trading would, ask what can be asked, and close it."""
    try:
        await session.connect(lambda _event: None)
    except BrokerportError as error:
        yield wrong("session", str(error), _session_advice(error))
        return
    try:
        yield fine("session", "it opens")
        try:
            accounts.check_managed(session.managed_accounts())
            yield fine("accounts", "every mapped account is managed by the session")
        except UnknownAccount as error:
            advice = "log in as the user of that account, or correct accounts[].broker_account"
            yield wrong("accounts", str(error), advice)
        yield await _examine_clock(session, clock)
    finally:
        await session.disconnect()


async def _examine_clock(session: SessionPort, clock: Clock) -> Finding:
    try:
        skew_seconds = (await session.broker_time() - clock.now()).total_seconds()
    except BrokerportError as error:
        advice = "the line takes requests and does not answer: restart TWS or the gateway"
        return wrong("clock", f"the broker's time cannot be read: {error}", advice)
    # The broker tells whole seconds.
    if abs(skew_seconds) <= SKEW_SECONDS_MAX:
        return fine("clock", "the broker's and this machine's agree")
    way = "ahead of" if skew_seconds > 0 else "behind"
    return Finding(
        "clock",
        Verdict.NOTE,
        f"the broker's clock is {abs(skew_seconds):.0f} seconds {way} this machine's",
        "set the machine's clock by NTP: days and order ids go by it",
    )


def _session_advice(error: BrokerportError) -> str:
    text = str(error).lower()
    match error:
        case SessionRefused() if "client id" in text:
            return "another program uses this client id: stop it, or set another tws.client_id"
        case SessionRefused() if "logged in" in text or "log in" in text or "login" in text:
            return (
                "log in to the Client Portal Gateway with a browser, and approve the second factor"
            )
        case SessionRefused() if "another program" in text or "compet" in text:
            return "end the other session, or allow client_portal.takes_over_session"
        case SessionRefused():
            return "read the broker's words; TWS: allow API connections and trust this address"
        case NotConnected() if "certificate" in text:
            return "pin the gateway's own certificate with client_portal.certificate"
        case NotConnected():
            return "start TWS, IB Gateway or the Client Portal Gateway; check its address and port"
        case RequestTimedOut():
            return "it answers the door and nothing else: look for a dialog that waits in TWS"
        case _:
            return "correct what is named"
