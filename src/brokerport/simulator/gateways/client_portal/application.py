"""The web application: every request passes here, and every answer leaves here.

In this order: the front looks at its headers (403, 411, 413); its endpoint is found (404, 405);
sessions whose time is over are ended; its login is found (401); pacing is asked (429); its body is
parsed (400); the session it needs is checked (400 "no bridge", "/accounts first"); its endpoint
answers. What nobody foresaw is answered with 500, logged and counted as a fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose

from brokerport.simulator.gateways.client_portal.authentication import login_of_request
from brokerport.simulator.gateways.client_portal.body import json_body
from brokerport.simulator.gateways.client_portal.call import Answer, Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint, Tier
from brokerport.simulator.gateways.client_portal.endpoints import endpoint_table
from brokerport.simulator.gateways.client_portal.errors import (
    PortalError,
    accounts_first,
    bad_request,
    method_not_allowed,
    no_bridge,
    not_found,
    server_error,
    too_many_requests,
)
from brokerport.simulator.gateways.client_portal.front import Front, html_page
from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.login_page import login_routes
from brokerport.simulator.gateways.client_portal.mischief import AnswerLost, NoAnswer
from brokerport.simulator.gateways.client_portal.oauth.routes import oauth_routes
from brokerport.simulator.gateways.client_portal.pacing import LIMITS
from brokerport.simulator.gateways.client_portal.rendering import json_text
from brokerport.simulator.gateways.client_portal.routing import Router
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal

PREFIXES = ("/v1/api", "/v1/portal")


def build_application(portal: ServedPortal) -> Starlette:
    """Return the ASGI application that serves a portal."""
    routes: list[BaseRoute] = [
        WebSocketRoute(f"{prefix}/ws", _stream(portal)) for prefix in PREFIXES
    ]
    routes += oauth_routes(portal, PREFIXES)
    routes += login_routes(portal)
    front = Middleware(Front, body_bytes_max=portal.settings.body_bytes_max)
    application = Starlette(routes=routes, middleware=[front])
    # Not a route: a route's pattern stops at a line break, which a path may hold.
    application.router.default = _Dispatcher(portal)
    application.router.redirect_slashes = False
    return application


def _stream(portal: ServedPortal) -> Any:
    async def serve(socket: WebSocket) -> None:
        await portal.streams.serve(socket)

    return serve


class _Dispatcher:
    """Answers every request that no other route takes."""

    def __init__(self, portal: ServedPortal) -> None:
        self._portal = portal
        self._router = Router(endpoint_table())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a WebSocket that found no route is turned away."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        try:
            path = _below_prefix(request.scope["path"])
            if path is None:
                return html_page(404, "Resource not found")
            return await self._answer(request, path)
        except PortalError as error:
            return _json(error.body, error.status, error.headers)
        except ClientDisconnect:
            return Response(status_code=400)
        except AnswerLost:
            return NoAnswer()
        except Exception:
            self._portal.faults.record(f"{request.method} {request.scope['path']}")
            return _json(server_error("Internal Server Error").body, 500)

    async def _answer(self, request: Request, path: str) -> Response:
        found = self._router.find(path)
        if found is None:
            raise not_found()
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(found.methods)})
        one = found.endpoint("GET" if request.method == "HEAD" else request.method)
        if one is None:
            raise method_not_allowed(found.methods)
        endpoint, parameters = one
        answer = await self._admit(request, endpoint, parameters)
        if isinstance(answer, Answer):
            return _json(answer.body, answer.status, answer.headers)
        return _json(answer)

    async def _admit(
        self, request: Request, endpoint: Endpoint, parameters: Mapping[str, str]
    ) -> object:
        portal = self._portal
        address = request.client.host if request.client else ""
        portal.sessions.check()
        at = portal.monotonic()
        try:
            login = login_of_request(
                portal,
                request.method,
                str(request.url),
                request.headers,
                request.scope.get("server"),
            )
        except PortalError:
            if not portal.pacing.admits(address, None, at):
                raise too_many_requests() from None
            raise
        # The limits by address are the gateway's; a token's requests are counted by its user.
        username = None if login is portal.gateway_login else login.username
        if not portal.pacing.admits(address, endpoint.limit, at, username=username):
            raise too_many_requests()
        is_slow = endpoint.limit is not None and not LIMITS[endpoint.limit].seconds
        try:
            if is_slow:
                await asyncio.sleep(portal.settings.history_seconds)
            body = await self._body_of(request)
            return self._handled(request, endpoint, parameters, login, body)
        finally:
            if is_slow:
                portal.pacing.done(address, endpoint.limit, username=username)

    def _handled(
        self,
        request: Request,
        endpoint: Endpoint,
        parameters: Mapping[str, str],
        login: Login,
        body: Any,
    ) -> object:
        portal = self._portal
        portal.sessions.touch(login)
        if endpoint.tier is Tier.BRIDGE and not login.is_authenticated:
            raise no_bridge()
        if endpoint.needs_accounts and not login.has_queried_accounts:
            raise accounts_first()
        if endpoint.needs_portfolio_accounts and not login.has_queried_portfolio:
            raise bad_request("Please query /portfolio/accounts first")
        if endpoint.invalidates_replies:
            login.replies.invalidate()
        call = Call(
            portal=portal,
            login=login,
            method=request.method,
            path=parameters,
            query=dict(request.query_params),
            body=body,
        )
        if portal.mischief is not None:
            return portal.mischief.answer(call, endpoint)
        return endpoint.handler(call)

    async def _body_of(self, request: Request) -> Any:
        if request.headers.get("content-length", "0") == "0":
            return None
        settings = self._portal.settings
        raw = bytearray()
        try:
            async with asyncio.timeout(settings.body_seconds_max):
                async for part in request.stream():
                    raw += part
                    if len(raw) > settings.body_bytes_max:
                        raise PortalError(413, "Content Too Large", statusCode=413)
        except TimeoutError:
            raise PortalError(408, "Request Timeout", statusCode=408) from None
        return json_body(bytes(raw))


def _below_prefix(path: str) -> str | None:
    for prefix in PREFIXES:
        if path.startswith(f"{prefix}/"):
            return path[len(prefix) :]
    return None


def _json(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json_text(body), status, headers, media_type="application/json")
