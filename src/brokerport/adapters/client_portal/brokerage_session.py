"""The two sessions of Client Portal: how the brokerage session is found, opened and primed.

    NO_SESSION   nobody is logged in (401): a person has to, at the gateway's page
    NO_BRIDGE    logged in, no brokerage session: POST /iserver/auth/ssodh/init opens it
    COMPETING    another program has this username's brokerage session
    READY        authenticated

Rules (Web API, "Sessions"; shared page "Client Portal Web API", section 1):

- ``publish`` is always true: without it IBKR answers 500. ``compete`` is as the settings say, and a
  session that another program has is not taken without them.
- A new brokerage session has forgotten everything: accounts, suppressed questions, lists. One that
  we found open may have been told by another program to suppress more than the settings do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import frozen

from brokerport.adapters.client_portal.answers import Trouble, error_text, trouble_of
from brokerport.adapters.client_portal.line import Line
from brokerport.adapters.client_portal.order_lists import ORDERS_PATH, TRADES_PATH
from brokerport.adapters.client_portal.pacing import Lane
from brokerport.adapters.client_portal.transport import AnswerLost, Reply
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BadInput, NotConnected, RequestTimedOut, SessionRefused

SUPPRESSED_MAX = 51
STATUS_SECONDS = 1.0
READINGS_MAX = 3


class Standing(Enum):
    """How we stand with the broker."""

    NO_SESSION = "nobody is logged in"
    NO_BRIDGE = "there is no brokerage session"
    COMPETING = "another program has the brokerage session"
    READY = "ready"


@frozen
class OpenSession:
    """An open session: ``session_id`` lets a WebSocket in, ``is_new`` says that we opened it."""

    session_id: str
    is_new: bool


class NoLogin(SessionRefused):
    """Nobody is logged in to the gateway, or the session token is over."""


def standing_of(status: object) -> Standing:
    """Return what an authentication status (of tickle, auth/status, init or ``sts``) says."""
    if not isinstance(status, Mapping):
        return Standing.NO_BRIDGE
    if status.get("authenticated") is True:
        return Standing.READY
    return Standing.COMPETING if status.get("competing") is True else Standing.NO_BRIDGE


class BrokerageSession:
    """Opens and primes the brokerage session of one line."""

    def __init__(
        self, line: Line, base_url: str, *, takes_over: bool, timeout_seconds: float
    ) -> None:
        self._line = line
        self._base_url = base_url
        self._takes_over = takes_over
        self._timeout_seconds = timeout_seconds

    async def tickle(self) -> tuple[Standing, str]:
        """Keep the session alive; return how it stands and its id.

        Raises:
            NotConnected, RequestTimedOut: there is no answer.
            NoLogin: nobody is logged in.
            SessionRefused: it answers with another error.
        """
        body = await self._ask("POST", "/tickle")
        if not isinstance(body, Mapping):
            raise SessionRefused("Client Portal's answer to a tickle is no object")
        brokerage = body.get("iserver")
        status = brokerage.get("authStatus") if isinstance(brokerage, Mapping) else None
        session_id = body.get("session")
        return standing_of(status), session_id if isinstance(session_id, str) else ""

    async def open(self) -> OpenSession:
        """Find the brokerage session, or open it.

        Raises:
            NotConnected, RequestTimedOut: there is no answer, or no session in time.
            NoLogin: nobody is logged in.
            SessionRefused: another program has it, or the broker refuses.
        """
        standing, session_id = await self.tickle()
        if standing is Standing.READY:
            return OpenSession(session_id, is_new=False)
        self._check_may_open(standing)
        answer = {"publish": True, "compete": self._takes_over}
        standing = standing_of(await self._ask("POST", "/iserver/auth/ssodh/init", body=answer))
        if standing is not Standing.READY:
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    await self._until_ready(standing)
            except TimeoutError:
                raise RequestTimedOut(
                    "Client Portal did not open the brokerage session within "
                    f"{self._timeout_seconds:g} s"
                ) from None
        return OpenSession(session_id, is_new=True)

    async def prime(self, answered_questions: tuple[str, ...]) -> tuple[BrokerAccount, ...]:
        """Ask what must be asked before anything else, and return the accounts.

        Raises: as ``open``.
        """
        body = await self._ask("GET", "/iserver/accounts")
        listed = body.get("accounts") if isinstance(body, Mapping) else None
        accounts = _accounts(listed if isinstance(listed, list) else [])
        if not accounts:
            raise SessionRefused("Client Portal names no account that this username may trade")
        await self._ask("GET", "/portfolio/accounts")
        # What an earlier program had suppressed would be taken for a yes of our settings'.
        await self._ask("POST", "/iserver/questions/suppress/reset")
        for start in range(0, len(answered_questions), SUPPRESSED_MAX):
            asked = list(answered_questions[start : start + SUPPRESSED_MAX])
            await self._ask("POST", "/iserver/questions/suppress", body={"messageIds": asked})
        await self._ask("GET", ORDERS_PATH)
        await self._ask("GET", TRADES_PATH)
        return accounts

    async def _until_ready(self, standing: Standing) -> None:
        while standing is not Standing.READY:
            self._check_may_open(standing)
            await self._line.pacing.time.sleep(STATUS_SECONDS)
            standing = standing_of(await self._ask("POST", "/iserver/auth/status"))

    def _check_may_open(self, standing: Standing) -> None:
        if standing is Standing.COMPETING and not self._takes_over:
            raise SessionRefused(
                "another program has the brokerage session of this username; end it, or set "
                "client_portal.takes_over_session"
            )

    async def _ask(self, method: str, path: str, *, body: object = None) -> Any:
        for reading in range(READINGS_MAX):
            try:
                reply = await self._line.ask(Lane.UPKEEP, method, path, body=body)
            except AnswerLost as error:
                raise RequestTimedOut(f"Client Portal did not answer {path}: {error}") from error
            if trouble_of(reply) is Trouble.TOO_MANY and reading + 1 < READINGS_MAX:
                # Another program of this address has asked just before; pacing holds us back now.
                continue
            self._check(reply, path)
            return reply.body
        return None

    def _check(self, reply: Reply, path: str) -> None:
        trouble = trouble_of(reply)
        if trouble is Trouble.NO_LOGIN:
            raise NoLogin(
                f"nobody is logged in to Client Portal ({error_text(reply)}): log in at "
                f"{login_page(self._base_url)}"
            )
        if trouble is Trouble.TOO_MANY:
            raise NotConnected(f"Client Portal refuses {path} for pacing (429); try later")
        told = error_text(reply)
        if told is not None:
            raise SessionRefused(f"Client Portal refuses {path}: {told}")


def login_page(base_url: str) -> str:
    """Return where a person logs in to the gateway."""
    return base_url.partition("/v1/")[0]


def _accounts(listed: list[object]) -> tuple[BrokerAccount, ...]:
    accounts: list[BrokerAccount] = []
    for told in listed:
        try:
            accounts.append(BrokerAccount(str(told)))
        except BadInput:
            # A group of accounts ("All") is no account.
            continue
    return tuple(accounts)
