"""The login page of the gateway, where a person logs in with a browser.

The simulator has no password: whoever can reach this loopback port may press the button. A POST
logs the gateway's user in anew, with the brokerage session, as IBKR's page does.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from brokerport.simulator.gateways.client_portal.front import html_page
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal

LOGIN_PATH = "/sso/Login"


def login_routes(portal: ServedPortal) -> list[Route]:
    """Return the page, the button behind it, and the way there from the root."""

    async def to_login(_request: Request) -> Response:
        return RedirectResponse(f"{LOGIN_PATH}?forwardTo=22&RL=1", 302)

    async def login(request: Request) -> Response:
        if request.method == "POST":
            portal.log_in()
            return html_page(200, "Client login succeeds")
        button = f'<form method="post" action="{LOGIN_PATH}"><button>Log in</button></form>'
        return html_page(200, "brokerport simulator", button)

    return [
        Route("/", to_login, methods=["GET"]),
        Route(LOGIN_PATH, login, methods=["GET", "POST"]),
    ]
