"""One broker, two doors: orders of the TWS door in the portal, and the portal's in TWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from brokerport.domain.order_types import Limit
from brokerport.simulator.brokerage.events import OrderUpdated
from brokerport.simulator.brokerage.orders import BrokerageStatus
from brokerport.simulator.gateways.tws import TwsGateway
from brokerport.simulator.wire.tws.messages.orders import (
    CancelOrder,
    OpenOrder,
    OrderStatus,
    ReqAllOpenOrders,
    ReqOpenOrders,
)
from tests.client_portal.order_desk import OrderDesk, error_of
from tests.client_portal.portal_desk import GEN
from tests.simulation.tws_door import Door, RawClient, every, limit_order, only, place


@contextmanager
def both_doors(client_id: int) -> Iterator[tuple[OrderDesk, RawClient]]:
    """Serve one world through both gateways, with a client of each."""
    with OrderDesk() as desk:
        gateway = TwsGateway(desk.world)
        desk.run(gateway.start())
        door = Door(desk.world, desk.market, gateway)
        try:
            yield desk, desk.run(door.client(client_id))
        finally:
            desk.run(gateway.close())
            desk.run(door.leave())
        assert gateway.faults.count == 0


def test_the_broker_knows_which_door_an_order_came_through() -> None:
    """Its events name the portal."""
    with OrderDesk() as desk:
        desk.placed()
        (event,) = (event for event in desk.events if isinstance(event, OrderUpdated))
        assert event.order.entry.door == "client portal"


def test_tws_sees_an_order_of_the_portal() -> None:
    """With its reference, terms and permanent id, which is the portal's order id."""
    with both_doors(client_id=3) as (desk, tws):
        (answer,) = desk.submit(cOID="from the portal").json()
        told = only(OpenOrder, desk.run(tws.ask(ReqAllOpenOrders())))
        assert str(told.order.perm_id) == answer["order_id"]
        assert told.order.order_ref == "from the portal"
        assert (told.order.lmt_price, told.order.total_quantity) == (Decimal("249.5"), 10)


def test_tws_client_0_cancels_an_order_of_the_portal() -> None:
    """It binds the order first; the portal's list shows the end."""
    with both_doors(client_id=0) as (desk, tws):
        order = desk.placed()
        bound = only(OpenOrder, desk.run(tws.ask(ReqOpenOrders())))
        desk.run(tws.ask(CancelOrder(bound.order_id)))
        (row,) = desk.live()
        assert (row["orderId"], row["status"]) == (order.perm_id, "Cancelled")


def test_the_portal_shows_and_cancels_an_order_of_tws() -> None:
    """The TWS client hears of the cancel."""
    with both_doors(client_id=3) as (desk, tws):
        wire_order = limit_order("249.00", order_ref="from tws", account=GEN.account_id)
        desk.run(tws.ask(place(1, wire_order)))
        (row,) = desk.live()
        assert (row["order_ref"], row["price"], row["totalSize"]) == ("from tws", "249.00", 10)
        assert desk.cancel(row["orderId"]).json()["msg"] == "Request was submitted"
        told = every(OrderStatus, desk.run(tws.ask()))
        assert (told[-1].order_id, told[-1].status) == (1, "Cancelled")
        state = desk.record(row["orderId"])
        assert state.status is BrokerageStatus.CANCELLED
        assert str(row["orderId"]) in error_of(desk.cancel(row["orderId"]))


def test_the_portal_changes_an_order_of_tws() -> None:
    """The order keeps its owner, who is told the new price."""
    with both_doors(client_id=3) as (desk, tws):
        wire_order = limit_order("249.00", order_ref="from tws", account=GEN.account_id)
        desk.run(tws.ask(place(1, wire_order)))
        (row,) = desk.live()
        desk.change(row["orderId"], desk.ticket(cOID="from tws", price=248.5))
        assert desk.record(row["orderId"]).order_type == Limit("248.5")
        told = every(OpenOrder, desk.run(tws.ask()))
        assert (told[-1].order_id, told[-1].order.lmt_price) == (1, Decimal("248.5"))


def test_a_reference_of_tws_does_not_take_the_portals() -> None:
    """IBKR keeps TWS's orderRef and the portal's cOID apart."""
    with OrderDesk() as desk:
        desk.bid(1, "249.00", order_reference="shared", door="tws")
        assert desk.placed(cOID="shared").order_reference == "shared"


def test_trades_of_tws_show_in_the_portal() -> None:
    """An account's executions are told whatever door the order came through."""
    with OrderDesk() as desk:
        order = desk.bid(4, "250.05", order_reference="from tws", door="tws")
        (row,) = desk.trades()
        assert (row["order_ref"], row["size"], row["order_id"]) == ("from tws", 4, order.perm_id)
