"""What stands before the gateway, as IBKR's own front does: it looks at headers, not at meaning.

Rules (client-portal-wire, sections 1 and 4; the answers are HTML, as a front's are):

- No User-Agent: 403.
- A body without Content-Length, chunked ones included, or a POST, PUT or PATCH without the header:
  411. IBKR refuses them, and a client that sends such has to learn it here.
- A body that is too long: 413, before a byte of it is read.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_NEEDS_LENGTH = ("POST", "PUT", "PATCH")


class Front:
    """Turns away what the gateway itself never gets to see."""

    def __init__(self, application: ASGIApp, body_bytes_max: int) -> None:
        self._application = application
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._application)(scope, receive, send)

    def _refusal(self, scope: Scope) -> HTMLResponse | None:
        headers = Headers(scope=scope)
        if not headers.get("user-agent", "").strip():
            return html_page(403, "Access Denied")
        length = headers.get("content-length")
        if "transfer-encoding" in headers or (length is None and scope["method"] in _NEEDS_LENGTH):
            return html_page(411, "Length Required")
        # The server has checked that the length is a number.
        if length is not None and int(length) > self._body_bytes_max:
            return html_page(413, "Content Too Large")
        return None


def html_page(status: int, title: str, text: str = "") -> HTMLResponse:
    """Return a page of a title and a line of HTML."""
    head = f"<head><title>{title}</title></head>"
    return HTMLResponse(f"<html>{head}<body><h1>{title}</h1>{text}</body></html>\n", status)
