"""Requests made from IBKR's OpenAPI description, good ones and bad ones, against the gateway.

Rules:

- Every served path that the description has is asked, with values that fit it and values that do
  not; half of the time the account, contract and order named are real ones.
- No answer is an undescribed error of the server, none is a mistake of the gateway (``faults``),
  and each is as described or differs as ``deviations`` says.
- What the description has and the gateway does not serve is answered with IBKR's 404.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from brokerport.domain.order_types import Limit, Side
from brokerport.simulator.gateways.client_portal.endpoints import endpoint_table
from tests.client_portal.openapi import FILE, check_answer, needs_description, shape
from tests.client_portal.portal_desk import AAPL, GEN, PortalDesk

pytestmark = needs_description

EXAMPLES = 12
METHODS = ("get", "post", "put", "delete", "patch")


def described() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = (
        json.loads(FILE.read_text(encoding="utf-8"))["paths"] if FILE.is_file() else {}
    )
    return loaded


def operations(*, is_served: bool) -> list[Any]:
    """Name the described operations that the gateway serves, or those that it does not."""
    served = {(one.method, shape(one.path)) for one in endpoint_table()}
    return [
        pytest.param(method.upper(), path, id=f"{method.upper()} {path}")
        for path, methods in described().items()
        for method in methods
        if method in METHODS and ((method.upper(), shape(path)) in served) is is_served
    ]


@pytest.fixture(scope="module")
def schema() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import schemathesis
    return schemathesis.openapi.from_path(FILE)


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    with PortalDesk() as desk:
        desk.buy(10)
        desk.place(Side.SELL, 5, Limit("300.00"))
        yield desk


def requests(schema: Any, method: str, path: str) -> st.SearchStrategy[Any]:
    """Return a strategy of cases of an operation: such as fit the description, and others."""
    from schemathesis import GenerationMode

    operation = schema[path][method]
    good: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if not (operation.body or operation.query or operation.path_parameters):
        return good
    bad: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    return good | bad


def send(desk: PortalDesk, case: Any, real: Mapping[str, str]) -> tuple[int, str, str]:
    """Send a case with a session as it should be; return status, content type and text."""
    if not desk.login.is_authenticated:
        desk.portal.log_in()
    desk.prime()
    parameters = {**case.path_parameters, **only(real, case.path_parameters)}
    case.path_parameters = parameters
    body = case.body if isinstance(case.body, (dict, list, str, int, float, bool)) else None
    content = None if body is None else json.dumps(body).encode()
    query = {key: text_of(value) for key, value in case.query.items()}
    query |= only(real, query)
    answer = desk.request(case.method, case.formatted_path, params=query, content=content)
    return answer.status_code, answer.headers.get("content-type", ""), answer.text


def only(real: Mapping[str, str], wanted: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in real.items() if name in wanted}


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize(("method", "path"), operations(is_served=True))
def test_a_described_request_is_answered_as_described(
    schema: Any, desk: PortalDesk, method: str, path: str
) -> None:
    """No undescribed error, no mistake of the gateway, no answer of another shape."""
    conid = str(desk.world.listing.details(AAPL).contract_id)
    real = {
        "accountId": GEN.account_id,
        "accountid": GEN.account_id,
        "conid": conid,
        "conids": conid,
        "orderId": str(desk.world.brokerage.open_orders()[0].perm_id),
        "pageId": "0",
    }

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(case=requests(schema, method, path), is_real=st.booleans())
    def ask(case: Any, is_real: bool) -> None:
        status, content_type, text = send(desk, case, real if is_real else {})
        said = f"{method} {case.formatted_path} {case.query} {case.body!r}: {status} {text[:500]}"
        assert desk.portal.faults.count == 0, said
        assert content_type == "application/json", said
        check_answer(method, path, status, json.loads(text))

    ask()


@pytest.mark.parametrize(("method", "path"), operations(is_served=False))
def test_what_is_not_served_is_not_found(desk: PortalDesk, method: str, path: str) -> None:
    """A described path that the simulator has not answers as IBKR does for an unknown one."""
    answer = desk.request(method, path.replace("{", "").replace("}", ""), json={})
    assert answer.status_code in (404, 405)
    assert answer.json()["error"] in ("Resource not found", "Method Not Allowed")
