"""The door: how the adapter is let in, through a gateway somebody logged in to, or with OAuth."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from brokerport.adapters.client_portal.answers import error_text
from brokerport.adapters.client_portal.line import Line
from brokerport.adapters.client_portal.oauth import (
    LIVE_SESSION_TOKEN_PATH,
    Handshake,
    OAuthCredentials,
    Signer,
)
from brokerport.adapters.client_portal.pacing import GATEWAY_LIMIT, OAUTH_LIMIT, Lane, Limit
from brokerport.adapters.client_portal.stream import Message, Stream
from brokerport.adapters.client_portal.transport import AnswerLost, Transport, tls_context
from brokerport.config import ClientPortalSettings, PortalMode, PortalPacing
from brokerport.config.secrets import resolve_secret
from brokerport.domain.errors import RequestTimedOut, SessionRefused

_SECRETS = {
    "consumer_key": "oauth_consumer_key",
    "access_token": "oauth_access_token",
    "access_token_secret": "oauth_access_token_secret",
    "encryption_key": "oauth_encryption_key",
    "signature_key": "oauth_signature_key",
    "dh_prime": "oauth_dh_prime",
}


class Door:
    """What the settings say of the way in; its secrets are read when it is built.

    Raises:
        InvalidConfiguration: a reference or the certificate cannot be read.
    """

    def __init__(self, settings: ClientPortalSettings) -> None:
        self._settings = settings
        self._credentials = _credentials(settings) if settings.mode is PortalMode.OAUTH else None
        self._signer: Signer | None = None
        parts = urlsplit(settings.base_url)
        self._tls: ssl.SSLContext | None = (
            tls_context(settings.certificate) if parts.scheme == "https" else None
        )

    @property
    def can_sign_in(self) -> bool:
        """Whether a login that is over can be had again without a person."""
        return self._credentials is not None

    def transport(self) -> Transport:
        """Return a transport to the address."""
        return Transport(
            self._settings.base_url,
            self._settings.request_timeout_seconds,
            tls=self._tls,
            # The environment's proxy stands on no way to one's own gateway.
            uses_proxy=self.can_sign_in,
        )

    async def sign_in(self, line: Line) -> None:
        """Get a live session token, with OAuth; through a gateway a person has logged in.

        Raises:
            NotConnected, RequestTimedOut: there is no answer.
            SessionRefused: no token was given.
        """
        if self._credentials is None:
            return
        line.transport.signer = None
        handshake = Handshake.open(self._credentials, self._settings.base_url)
        try:
            reply = await line.ask(
                Lane.UPKEEP,
                "POST",
                LIVE_SESSION_TOKEN_PATH,
                authorization=handshake.authorization,
            )
        except AnswerLost as error:
            raise RequestTimedOut(f"no live session token came: {error}") from error
        told = error_text(reply)
        if told is not None:
            raise SessionRefused(f"no live session token was given: {told}")
        self._signer = Signer(self._credentials, handshake.live_session(reply.body))
        line.transport.signer = self._signer.authorization

    def is_over(self) -> bool:
        """Say whether the live session token is of no more use."""
        return self._signer is not None and self._signer.session.is_over_at(datetime.now(UTC))

    async def open_stream(
        self,
        session_id: str,
        on_message: Callable[[Message], None],
        on_end: Callable[[str], None],
    ) -> Stream:
        """Open the stream of a session.

        Raises:
            StreamFailed: it could not be opened in time.
        """
        url, cookie = self.stream_address(session_id)
        return await Stream.open(
            url,
            tls=self._tls,
            headers={"Cookie": cookie},
            timeout_seconds=self._settings.request_timeout_seconds,
            on_message=on_message,
            on_end=on_end,
            uses_proxy=self.can_sign_in,
        )

    def stream_address(self, session_id: str) -> tuple[str, str]:
        """Return where the stream of a session is, and the cookie that lets us in."""
        base = self._settings.base_url.rstrip("/")
        url = "ws" + base.removeprefix("http") + "/ws"
        if self._credentials is not None:
            url += f"?oauth_token={quote(self._credentials.access_token, safe='')}"
            return url, f"api={session_id}"
        shown = json.dumps({"session": session_id}, separators=(",", ":"))
        return url, f"api={shown}"


def limit_of(settings: ClientPortalSettings) -> Limit | None:
    """Return the global limit that the settings ask to keep, None for none."""
    if settings.pacing is PortalPacing.OFF:
        return None
    return OAUTH_LIMIT if settings.mode is PortalMode.OAUTH else GATEWAY_LIMIT


def _credentials(settings: ClientPortalSettings) -> OAuthCredentials:
    found = {
        argument: resolve_secret(f"{settings.SECTION}.{name}", getattr(settings, name))
        for argument, name in _SECRETS.items()
    }
    return OAuthCredentials.read(**found, realm=settings.oauth_realm)
