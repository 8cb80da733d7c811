"""Which endpoint a path leads to, when several seem to fit."""

from __future__ import annotations

import pytest

from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.endpoints import endpoint_table
from brokerport.simulator.gateways.client_portal.routing import Router


def router(*lines: str) -> Router:
    rows = [line.split(" ") for line in lines]
    return Router(Endpoint(method, path, lambda _call: None) for method, path in rows)


def led_to(found: Router, method: str, path: str) -> tuple[str, dict[str, str]] | None:
    place = found.find(path)
    one = None if place is None else place.endpoint(method)
    return None if one is None else (one[0].path, dict(one[1]))


def test_a_named_segment_comes_before_a_parameter() -> None:
    """The order in which endpoints were listed does not matter."""
    found = router("GET /a/{x}", "GET /a/b", "GET /a/{x}/c")
    assert led_to(found, "GET", "/a/b") == ("/a/b", {})
    assert led_to(found, "GET", "/a/z") == ("/a/{x}", {"x": "z"})
    assert led_to(found, "GET", "/a/b/c") == ("/a/{x}/c", {"x": "b"})


def test_a_named_segment_that_leads_nowhere_is_left_again() -> None:
    """A name may also be the value of a parameter, where only that leads on."""
    found = router("GET /a/b/c", "GET /a/{x}/d")
    assert led_to(found, "GET", "/a/b/d") == ("/a/{x}/d", {"x": "b"})


def test_parameters_are_named_as_each_endpoint_names_them() -> None:
    """Two endpoints may call the same segment differently."""
    found = router("GET /p/{accountId}/meta", "POST /p/{acct}/meta")
    assert led_to(found, "GET", "/p/1/meta") == ("/p/{accountId}/meta", {"accountId": "1"})
    assert led_to(found, "POST", "/p/1/meta") == ("/p/{acct}/meta", {"acct": "1"})
    assert led_to(found, "PUT", "/p/1/meta") is None


@pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a//c", "/a/b/c/d", ""])
def test_what_leads_nowhere_is_nothing(path: str) -> None:
    """A parameter is never empty, and the beginning of a path is no path."""
    assert router("GET /a/{x}/c").find(path) is None


def test_two_answers_to_one_request_are_a_mistake() -> None:
    """The table is refused at the start, not the request later."""
    with pytest.raises(ValueError, match="answered twice"):
        router("GET /a/{x}", "GET /a/{y}")


def test_the_gateways_table_is_sound() -> None:
    """Every endpoint is found by its own path."""
    found = Router(endpoint_table())
    for endpoint in endpoint_table():
        path = endpoint.path.replace("{", "").replace("}", "")
        assert led_to(found, endpoint.method, path) is not None, endpoint
