"""What every request shares: the world behind the gateway, its logins, streams and pacing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.gateways.client_portal.errors import bad_request
from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.mischief import Mischief
from brokerport.simulator.gateways.client_portal.pacing import PacingDesk
from brokerport.simulator.gateways.client_portal.seat import BrokerageSeat
from brokerport.simulator.gateways.client_portal.session_keeper import SessionKeeper
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.gateways.client_portal.stream.hub import StreamHub
from brokerport.simulator.gateways.fault_log import FaultLog
from brokerport.simulator.world import SessionChange, World

DOOR = "client portal"

Kind = TypeVar("Kind")


class ServedPortal:
    """One world as one gateway serves it.

    ``monotonic`` gives the seconds that idleness and pacing are measured by; ``mischief`` makes the
    gateway misbehave.
    """

    def __init__(
        self,
        world: World,
        settings: PortalSettings,
        monotonic: Callable[[], float],
        mischief: Mischief | None = None,
    ) -> None:
        self.world = world
        self.settings = settings
        self.mischief = mischief
        self.monotonic = monotonic
        self.faults = FaultLog()
        self.pacing = PacingDesk(settings)
        self.streams = StreamHub(self)
        self.sessions = SessionKeeper(self)
        self.gateway_login: Login | None = None
        self.token_logins: dict[str, Login] = {}
        self._seats: dict[str, BrokerageSeat] = {}
        self._stores: dict[type[Any], Any] = {}
        self._session_numbers = count(1)
        if settings.is_logged_in:
            self.log_in()

    @property
    def now(self) -> datetime:
        """The world's time, UTC."""
        return self.world.clock.now()

    @property
    def accounts(self) -> tuple[BrokerAccount, ...]:
        """The accounts that every login sees."""
        return self.world.brokerage.accounts

    def account(self, account_id: str) -> BrokerAccount:
        """Return the account of that id.

        Raises:
            PortalError: there is none (400).
        """
        for account in self.accounts:
            if account.account_id == account_id:
                return account
        raise bad_request("accountId is not valid")

    def seat(self, username: str) -> BrokerageSeat:
        """Return the brokerage session of a username."""
        return self._seats.setdefault(username, BrokerageSeat())

    def new_login(self, username: str) -> Login:
        """Open an outer session."""
        now = self.monotonic()
        number = next(self._session_numbers)
        return Login(
            username=username,
            session_id=f"{self.world.seed & 0xFFFFFFFF:08x}{number:024x}",
            selected_account=self.accounts[0],
            opened_at=now,
            last_request_at=now,
            opened_on=self.now,
        )

    @property
    def logins(self) -> tuple[Login, ...]:
        """Every login, the gateway's own first."""
        own = () if self.gateway_login is None else (self.gateway_login,)
        return (*own, *self.token_logins.values())

    def login_of_token(self, token: str) -> Login | None:
        """Return the login that an OAuth token has opened, None when it has not."""
        return self.token_logins.get(token)

    def log_in(self) -> Login:
        """Log the gateway's user in, as IBKR's login page does, brokerage session included."""
        if self.gateway_login is not None:
            self.sessions.end(self.gateway_login)
        login = self.gateway_login = self.new_login(self.settings.username)
        self.sessions.open_brokerage(login, compete=True)
        return login

    def lose_brokerage_session(self) -> None:
        """Let IBKR drop every brokerage session: connected, and no longer authenticated."""
        for login in self.logins:
            self.sessions.lose_brokerage(login)

    def compete_elsewhere(self) -> None:
        """Let the gateway's user log in on another device, which takes the brokerage session."""
        self.sessions.compete_elsewhere(self.settings.username)

    def start(self) -> None:
        """Begin to listen to the world."""
        self.streams.start()
        self.world.subscribe_sessions(self._on_session)

    async def close(self) -> None:
        """Close every stream and let go of the world."""
        self.world.unsubscribe_sessions(self._on_session)
        await self.streams.close()

    def _on_session(self, _change: SessionChange) -> None:
        self.sessions.check()

    def store(self, kind: Callable[[ServedPortal], Kind]) -> Kind:
        """Return the portal's one ``kind``, built with this portal when first asked for."""
        found = self._stores.get(kind)  # type: ignore[call-overload]
        if found is None:
            found = self._stores[kind] = kind(self)  # type: ignore[index]
        return found  # type: ignore[no-any-return]
