"""Whatever a client sends: an answer in IBKR's shapes, and exactly the orders it tells of."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from brokerport.simulator.brokerage.orders import BrokerageOrder, BrokerageStatus
from tests.client_portal.order_desk import AAPL_CONID, OrderDesk
from tests.client_portal.portal_desk import GEN
from tests.support.properties import PROPERTY

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=3,
)


sensible = st.fixed_dictionaries(
    {
        "conid": st.sampled_from([AAPL_CONID, str(AAPL_CONID)]),
        "orderType": st.sampled_from(["LMT", "MKT", "STP", "STOP_LIMIT"]),
        "price": st.sampled_from([249.5, "250.05", 251, 240]),
        "auxPrice": st.sampled_from([260, "240"]),
        "side": st.sampled_from(["BUY", "SELL"]),
        "tif": st.sampled_from(["DAY", "GTC", "IOC"]),
        "quantity": st.sampled_from([1, 10, "10", 400, 10_000]),
        "cOID": st.sampled_from(["one", "two", "three", ""]),
    }
)
FIELDS = [
    "conid", "conidex", "orderType", "price", "auxPrice", "side", "tif", "quantity", "cOID",
    "acctId", "secType", "outsideRTH", "parentId", "isSingleGroup", "surprise",
]  # fmt: skip
odd_values = json_values | st.sampled_from(
    [0, -1, 0.5, 1e29, "1e99", 10**12, 10**17, 8314, "265598@SMART", "265598:STK", "TRAIL", "OPG"]
)
# One odd field at most: with more, nothing but the first complaint would ever be met.
tickets = st.tuples(
    sensible, st.just({}) | st.dictionaries(st.sampled_from(FIELDS), odd_values, max_size=1)
).map(lambda parts: parts[0] | parts[1])


def same(order: BrokerageOrder) -> dict[str, Any]:
    """Return the fields that a change of an order must leave as they are."""
    return {
        "conid": AAPL_CONID,
        "side": order.side.value,
        "cOID": order.order_reference or "",
        "outsideRTH": order.outside_regular_hours,
    }


@settings(PROPERTY, max_examples=80)
@given(st.lists(st.tuples(tickets, st.sampled_from([None, None, 0, 1])), max_size=6))
def test_every_order_at_the_broker_was_answered(script: list[tuple[Any, int | None]]) -> None:
    """Placing and changing anything: one answered order is one order, an error is none or Inactive.

    A number beside a ticket makes it a change of that order, if there is one.
    """
    with OrderDesk(questions=None) as desk:
        told: set[str] = set()
        for ticket, changed in script:
            before = desk.world.brokerage.orders()
            if changed is None or changed >= len(before):
                response = desk.send(ticket)
            else:
                response = desk.change(before[changed].perm_id, ticket | same(before[changed]))
            while isinstance(response.json(), list) and "message" in response.json()[0]:
                assert len(desk.world.brokerage.orders()) == len(before)
                response = desk.reply(response.json()[0]["id"])
            answer, after = response.json(), desk.world.brokerage.orders()
            if isinstance(answer, list):
                assert response.status_code == 200
                (row,) = answer
                order = desk.record(row["order_id"])
                assert len(after) == len(before) + (row["order_id"] not in told)
                assert row["order_status"] == order.status.value
                assert order in after
                told.add(row["order_id"])
            else:
                assert response.status_code in (200, 400)
                assert answer["error"]
                fresh = after[len(before) :]
                assert all(order.status is BrokerageStatus.INACTIVE for order in fresh)
        alive = {
            str(order.perm_id)
            for order in desk.world.brokerage.orders()
            if order.status is not BrokerageStatus.INACTIVE
        }
        assert alive == told


@settings(PROPERTY, max_examples=80)
@given(json_values, st.sampled_from(["orders", "orders/whatif", "order/1", "order/-1"]))
def test_any_body_is_answered(body: Any, path: str) -> None:
    """No body makes the gateway stumble, and none places anything."""
    with OrderDesk() as desk:
        response = desk.post(f"/iserver/account/{GEN}/{path}", body)
        assert response.status_code in (200, 400)
        assert response.json()["error"]
        assert desk.post("/iserver/reply/x", body).status_code == 400
        assert desk.post("/iserver/notification", body).status_code == 400
        assert desk.post("/iserver/questions/suppress", body).status_code == 400
        assert desk.world.brokerage.orders() == ()
