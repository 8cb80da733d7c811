"""How the gateway says no: IBKR's statuses and error bodies, raised by whoever finds the fault.

PortalError carries the HTTP status and the JSON body, ``{"error": text}`` and what else IBKR adds.
HTTP 200 with an error body is one of IBKR's habits (``refused``), and so is 500 for a bad request.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class PortalError(Exception):
    """A request is answered with an error; nothing else of it happens."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(f"{status} {error}")
        self.status = status
        self.headers: dict[str, str] = {}
        self.body: dict[str, Any] = {"error": error, **more}


def bad_request(text: str) -> PortalError:
    """Return IBKR's 400 for a request that makes no sense."""
    return PortalError(400, text, statusCode=400)


def no_bridge() -> PortalError:
    """Return the 400 that tells of a missing brokerage session."""
    return bad_request("Bad Request: no bridge")


def accounts_first() -> PortalError:
    """Return the 400 for an /iserver call before GET /iserver/accounts."""
    return bad_request("Please query /accounts first")


def not_authenticated() -> PortalError:
    """Return the 401 for a request without any session."""
    return PortalError(401, "not authenticated", statusCode=401)


def not_found() -> PortalError:
    """Return the 404 for a path that does not exist."""
    return PortalError(404, "Resource not found", statusCode=404)


def method_not_allowed(allowed: Iterable[str]) -> PortalError:
    """Return the 405 for a path that exists, with the methods that it has."""
    error = PortalError(405, "Method Not Allowed", statusCode=405)
    error.headers["Allow"] = ", ".join(allowed)
    return error


def too_many_requests() -> PortalError:
    """Return the 429 for a request beyond a pacing limit."""
    return PortalError(429, "Too Many Requests", statusCode=429)


def server_error(text: str) -> PortalError:
    """Return IBKR's 500, which is often a bad request in truth."""
    return PortalError(500, text, statusCode=500)


def unavailable(text: str) -> PortalError:
    """Return the 503 that IBKR gives for what it cannot find or does not answer in time."""
    return PortalError(503, text, statusCode=503)


def refused(text: str) -> PortalError:
    """Return HTTP 200 with an error body: how IBKR refuses an order."""
    return PortalError(200, text)
