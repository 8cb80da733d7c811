"""The transport: one HTTP request and its answer, and what is known when there is none.

The only module that imports httpx. Rules:

- A request that failed is ``NotSent`` only when it cannot have reached the broker: no connection
  was made for it. Whatever happens later is ``AnswerLost``: the broker may have acted on it.
- Nothing is retried here, and no redirect is followed.
- TLS is verified always: against the pinned certificate when there is one, else against the
  system's authorities; the host's name is checked in both.
- An idle connection is given up before the server would close it, so that a request is rarely sent
  into one that is closing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from attrs import field, frozen

from brokerport.adapters.client_portal.http_connections import (
    AnswerBroken,
    HttpConnections,
    NoConnection,
    Request,
    Server,
)
from brokerport.adapters.client_portal.json_text import read_json, write_json
from brokerport.domain.errors import InvalidConfiguration

USER_AGENT = "brokerport"
IDLE_CONNECTION_SECONDS_MAX = 2.0
CONNECTIONS_MAX = 20

# Given the method, the address without its query, and the query: the Authorization header.
Signer = Callable[[str, str, Mapping[str, str]], str]


class NotSent(Exception):
    """Nothing of the request reached the broker."""


class AnswerLost(Exception):
    """The request may have reached the broker; its answer did not come back whole."""


@frozen
class Reply:
    """An HTTP answer: ``body`` is its JSON, None when there was none or it was no JSON.

    ``text`` is the body as it came, for an answer that is no JSON (IBKR's HTML pages).
    """

    status: int
    body: Any
    text: str = field(default="", repr=False)


def tls_context(certificate: Path | None) -> ssl.SSLContext:
    """Return how a server is verified: by one pinned certificate, or by the system's authorities.

    Raises:
        InvalidConfiguration: the certificate's file cannot be read.
    """
    if certificate is None:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cafile=certificate)
    except OSError as error:
        raise InvalidConfiguration(
            "client_portal.certificate", str(certificate), f"a readable PEM file ({error})"
        ) from error
    return context


class Transport:
    """Requests to one address, from its making to ``close``; nothing is connected before one."""

    def __init__(
        self,
        base_url: str,
        timeout_seconds: float,
        *,
        tls: ssl.SSLContext | None = None,
        uses_proxy: bool = False,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare to ask ``base_url``; ``tls`` is needed for https.

        ``uses_proxy`` heeds the environment's proxy settings, over httpx's own connections; others
        are ``HttpConnections``. ``http`` stands in for the network.
        """
        self._base_url = base_url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self.signer: Signer | None = None
        # A context without authorities trusts nobody: it is for an address without TLS.
        verified = tls if tls is not None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if http is None and not uses_proxy:
            http = _OwnConnections(verified, timeout_seconds)
        self._client = httpx.AsyncClient(
            verify=verified,
            timeout=timeout_seconds,
            limits=httpx.Limits(
                max_connections=CONNECTIONS_MAX, keepalive_expiry=IDLE_CONNECTION_SECONDS_MAX
            ),
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
            trust_env=uses_proxy,
            follow_redirects=False,
            transport=http,
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        authorization: str | None = None,
    ) -> Reply:
        """Send one request and return its answer, whatever its status.

        ``path`` is below the base URL. ``authorization`` stands in for the signer's header.

        Raises:
            NotSent: nothing reached the broker.
            AnswerLost: it may have acted on the request, and nobody knows.
        """
        if self._client.is_closed:
            raise NotSent("the session was closed")
        url = self._base_url + path
        # Left as they are, commas make long lists of contract ids quick to check for httpx.
        address = url if not query else f"{url}?{urlencode(query, safe=',')}"
        headers: dict[str, str] = {}
        content: str | None = None
        if body is not None:
            content = write_json(body)
            headers["Content-Type"] = "application/json"
        if authorization is None and self.signer is not None:
            authorization = self.signer(method, url, query or {})
        if authorization is not None:
            headers["Authorization"] = authorization
        try:
            # httpx times each step alone: a server that drips would be waited for without end.
            async with asyncio.timeout(2 * self._timeout_seconds):
                answer = await self._client.request(
                    method, address, content=content, headers=headers
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(_why(error)) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise NotSent(_why(error)) from error
        except TimeoutError as error:
            raise AnswerLost(f"no answer within {2 * self._timeout_seconds:g} s") from error
        except (httpx.HTTPError, RuntimeError) as error:
            # httpx raises RuntimeError for a client that was closed under the request.
            raise AnswerLost(_why(error)) from error
        return _reply(answer)

    async def close(self) -> None:
        """Close every connection; what is under way ends as ``AnswerLost``."""
        await self._client.aclose()


class _OwnConnections(httpx.AsyncBaseTransport):
    """Lets httpx ask over ``HttpConnections``."""

    def __init__(self, tls: ssl.SSLContext, timeout_seconds: float) -> None:
        self._tls = tls
        self._connections = HttpConnections(
            connections_max=CONNECTIONS_MAX,
            idle_seconds_max=IDLE_CONNECTION_SECONDS_MAX,
            timeout_seconds=timeout_seconds,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer; a ConnectError means that nothing was sent."""
        url = request.url
        is_secure = url.scheme == "https"
        server = Server(
            url.host, url.port or (443 if is_secure else 80), self._tls if is_secure else None
        )
        sent = Request(request.method, url.raw_path, request.headers.raw, request.content)
        try:
            answer = await self._connections.ask(server, sent)
        except NoConnection as error:
            raise httpx.ConnectError(str(error)) from error
        except AnswerBroken as error:
            raise httpx.ReadError(str(error)) from error
        return httpx.Response(
            answer.status, headers=answer.headers, content=answer.body, request=request
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._connections.close()


def _reply(answer: httpx.Response) -> Reply:
    text = answer.text
    try:
        body = read_json(answer.content) if answer.content else None
    except ValueError:
        body = None
    return Reply(answer.status_code, body, text)


def _why(error: Exception) -> str:
    """Say what went wrong, and that it was the certificate when it was."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the server's certificate is not the one expected ({cause.verify_message}); "
                "see client_portal.certificate"
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return f"no answer in time ({type(error).__name__})"
    return str(error) or type(error).__name__
