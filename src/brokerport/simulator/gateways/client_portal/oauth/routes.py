"""The addresses of the OAuth endpoints; a gateway without consumers has none of them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from brokerport.simulator.gateways.client_portal.errors import PortalError, server_error
from brokerport.simulator.gateways.client_portal.oauth.door import OAuthDoor
from brokerport.simulator.gateways.client_portal.oauth.two import Problem
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal

BODY_BYTES_MAX = 65_536

Respond = Callable[[Request], Awaitable[object]]


def oauth_routes(portal: ServedPortal, prefixes: Iterable[str]) -> list[Route]:
    """Return the routes that give tokens; ``prefixes`` are where the API itself is served."""
    if not portal.settings.oauth_consumers:
        return []
    door = portal.store(OAuthDoor)

    async def live_session_token(request: Request) -> object:
        server = request.scope.get("server")
        return door.live_session_token(str(request.url), request.headers, server)

    async def access_token(request: Request) -> object:
        return door.access_token(dict(parse_qsl(await _text(request))))

    async def sso_session(request: Request) -> object:
        return door.sso_session(request.headers, await _text(request))

    posts: dict[str, Respond] = {
        "/oauth2/api/v1/token": access_token,
        "/gw/api/v1/sso-sessions": sso_session,
    }
    posts |= {f"{prefix}/oauth/live_session_token": live_session_token for prefix in prefixes}
    return [
        Route(path, _responder(portal, path, respond), methods=["POST"])
        for path, respond in posts.items()
    ]


def _responder(
    portal: ServedPortal, path: str, respond: Respond
) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        try:
            return _json(await respond(request))
        except Problem as problem:
            return _json(problem.body, problem.status, "application/problem+json")
        except PortalError as error:
            return _json(error.body, error.status)
        except Exception:
            portal.faults.record(f"POST {path}")
            return _json(server_error("Internal Server Error").body, 500)

    return answered


async def _text(request: Request) -> str:
    """Return the body, which is ASCII in all OAuth requests.

    Raises:
        Problem: it is too long, or something else (400).
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise Problem(413, "Content Too Large", f"at most {BODY_BYTES_MAX} bytes")
    try:
        return body.decode("ascii")
    except UnicodeDecodeError:
        raise Problem(400, "Bad Request", "the body is not ASCII") from None


def _json(body: object, status: int = 200, media_type: str = "application/json") -> Response:
    return Response(json.dumps(body), status, media_type=media_type)
