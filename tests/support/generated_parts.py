"""Parts of the documents that are written from the code: tables and diagrams by name."""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Callable
from typing import Any

import attrs
from ib_async.client import Client

from brokerport.adapters.tws.code_table import conduct
from brokerport.adapters.tws.codes import CODES
from brokerport.adapters.tws.translate_contracts import to_contract
from brokerport.adapters.tws.translate_orders import to_tws_order
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.domain.order_lifecycle import TRANSITIONS, OrderTrigger
from brokerport.domain.order_types import Limit, Side, StopLimit, TimeInForce
from brokerport.ports.orders import OrderTicket
from brokerport.simulator.gateways.tws.dispatch import dispatch_table
from brokerport.simulator.gateways.tws.settings import GatewaySettings
from brokerport.simulator.wire.tws.messages import advisor, market_data, orders, session
from brokerport.simulator.wire.tws.messages.session import StartApi
from brokerport.simulator.wire.tws.request_table import REQUESTS
from tests.support import generated_portal_parts as portal
from tests.support.markdown import table


def lifecycle_diagram() -> str:
    """Draw the lifecycle table; what leaves an order where it stands is left out."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> PENDING_SUBMIT"]
    for status, row in TRANSITIONS.items():
        edges: dict[str, list[str]] = {}
        for trigger, target in row.items():
            if target is not status:
                edges.setdefault(target.name, []).append(trigger.value)
        lines += [
            f"    {status.name} --> {target}: {', '.join(triggers)}"
            for target, triggers in edges.items()
        ]
    return "\n".join([*lines, "```", ""])


def lifecycle_table() -> str:
    """Lay out the whole lifecycle, a row to a status and a column to a trigger."""
    header = ["", *(trigger.value for trigger in OrderTrigger)]
    rows = [
        [status.name, *(row[trigger].name if trigger in row else "" for trigger in OrderTrigger)]
        for status, row in TRANSITIONS.items()
    ]
    return table(header, rows)


def codes_table() -> str:
    """Lay out the TWS adapter's table of codes, in order of number."""
    header = [
        "code",
        "meaning",
        "scope",
        "verdict",
        "on_order",
        "without an id",
        "a read",
        "an order",
    ]
    rows = [
        [
            str(code.number),
            code.meaning,
            code.scope.value,
            code.verdict.value,
            code.on_order.value,
            *conduct(code),
        ]
        for code in sorted(CODES.values(), key=lambda code: code.number)
    ]
    return table(header, rows)


def place_order_fields() -> str:
    """Lay out what a stock and an option order put into placeOrder, as ib_async sends it."""
    stock = OrderTicket(
        client_order_id="gen.01KE7916J0V3RS3DTR98H6BCFN",
        broker_account=BrokerAccount("DU1000001"),
        instrument=Stock("AAPL"),
        side=Side.BUY,
        quantity=decimal.Decimal(100),
        order_type=Limit("190.00"),
        time_in_force=TimeInForce.GTC,
    )
    option = attrs.evolve(
        stock,
        instrument=Option("AAPL", datetime.date(2026, 1, 16), "262.5", OptionRight.PUT),
        side=Side.SELL,
        quantity=decimal.Decimal(2),
        order_type=StopLimit("2.50", "2.45"),
        time_in_force=TimeInForce.DAY,
    )
    sent = [_placed(stock, 265598), _placed(option, 811234567)]
    rows = [
        [str(place), name, origin, *(f"`{fields[place]}`" for fields in sent)]
        for place, (name, origin) in _PLACE_ORDER_FIELDS.items()
    ]
    rows = [[cell.replace("``", "") for cell in row] for row in rows]
    return table(["place", "field", "from", "stock", "option"], rows)


_PLACE_ORDER_FIELDS = {
    0: ("message id", ""),
    1: ("orderId", "above every id seen"),
    2: ("conId", "contract details"),
    3: ("symbol", "instrument"),
    4: ("secType", "instrument"),
    5: ("lastTradeDateOrContractMonth", "`expiry`"),
    6: ("strike", "`strike`"),
    7: ("right", "`right`"),
    8: ("multiplier", "`multiplier`"),
    9: ("exchange", "always SMART"),
    11: ("currency", "`currency`"),
    16: ("action", "`side`"),
    17: ("totalQuantity", "`quantity`"),
    18: ("orderType", "order type"),
    19: ("lmtPrice", "`limit_price`"),
    20: ("auxPrice", "`trigger_price`"),
    21: ("tif", "`time_in_force`"),
    23: ("account", "broker account behind `account`"),
    26: ("orderRef", "ClientOrderId"),
    27: ("transmit", "always 1"),
}


def _placed(ticket: OrderTicket, contract_id: int) -> list[str]:
    messages: list[str] = []
    client: Any = Client(None)  # type: ignore[no-untyped-call]
    client._serverVersion = 178
    client.isConnected = lambda: True
    client.sendMsg = messages.append
    order = to_tws_order(
        ticket, ticket.quantity, ticket.order_type, reference=ticket.client_order_id
    )
    client.placeOrder(101, to_contract(ticket.instrument, contract_id), order)
    [message] = messages
    return message.split("\0")


def gateway_requests_table() -> str:
    """Lay out every request the codec knows, and what the gateway answers."""
    served = dispatch_table()
    rows = [
        [str(codec.message_id), cls.__name__, _purpose(cls), _answer(cls, cls in served)]
        for codec in sorted(REQUESTS.codecs, key=lambda codec: codec.message_id)
        for cls in codec.classes
        if cls is not StartApi
    ]
    return table(["id", "request", "what it asks", "answered"], rows)


# Handlers that exist in order to say no, or that have nothing to tell.
_ANSWERS: dict[type[Any], str] = {
    advisor.RequestFA: "no: 321, the login is no advisor's",
    market_data.ReqMktDepth: "no: 10092, no order book is simulated",
    market_data.CancelMktDepth: "no: 310",
    orders.ExerciseOptions: "no: 322, options are exercised at expiry only",
    market_data.ReqMktDepthExchanges: "yes: none",
    market_data.ReqSmartComponents: "yes: none",
    advisor.ReqNewsProviders: "yes: none",
    advisor.ReqScannerParameters: "yes: none",
    session.SetServerLogLevel: "yes, without effect",
    market_data.ReqTickByTickData: "yes, for stocks, without past ticks",
}


def _answer(request: type[Any], is_served: bool) -> str:
    if not is_served:
        return "no: 322"
    return _ANSWERS.get(request, "yes")


def gateway_settings_table() -> str:
    """Lay out the gateway's settings; one without its meaning here is an error."""
    rows = [
        [f"`{item.name}`", f"`{item.default}`", _SETTINGS[item.name]]
        for item in attrs.fields(GatewaySettings)
    ]
    return table(["setting", "default", "meaning"], rows)


_SETTINGS = {
    "handshake_timeout_seconds": "how long a client has from connecting to startApi",
    "frame_bytes_max": "the longest message a client may send",
    "unread_bytes_max": "how much may wait for a client that does not read",
    "messages_per_second_max": "IBKR's limit; `None` counts nothing",
    "pacing_violations_max": "violations until a client is dropped (IBKR: 3); `None`: never",
    "first_order_id": "the lowest `nextValidId`; some clients need 101",
    "master_client_id": "the client that hears of every client's orders",
    "connections_max": "IBKR's 32 clients",
    "market_data_lines_max": "concurrent quotes of one client",
    "live_market_data": "`False`: a login without subscriptions, 354 and delayed data",
    "delayed_by_seconds": "how old delayed data is",
    "close_grace_seconds": "how long a closing gateway waits for clients to read",
    "account_update_seconds": "how often an unchanged portfolio is priced again",
}


GENERATED: dict[str, Callable[[], str]] = {
    "lifecycle diagram": lifecycle_diagram,
    "lifecycle table": lifecycle_table,
    "codes": codes_table,
    "place order fields": place_order_fields,
    "gateway requests": gateway_requests_table,
    "gateway settings": gateway_settings_table,
    "capabilities": portal.capability_table,
    "portal endpoints": portal.portal_endpoints_table,
    "portal settings": portal.portal_settings_table,
    "portal questions": portal.portal_questions_table,
    "portal deviations": portal.portal_deviations_table,
}


def _purpose(message: type[Any]) -> str:
    first = (message.__doc__ or "").partition("\n")[0]
    return re.sub(r"^Request \d+: ", "", first).rstrip(".")
