"""Messages a second through the codec: placeOrder and openOrder, both directions.

The yardstick is ib_async: what its client takes to write the same placeOrder, and its decoder to
read the same openOrder. It has no other half: it cannot read a placeOrder or write an openOrder.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable
from decimal import Decimal
from statistics import median
from typing import Any

from attrs import evolve
from ib_async.client import Client
from ib_async.contract import Contract
from ib_async.decoder import Decoder
from ib_async.order import LimitOrder

from bench.figures import median_ratio, show, show_machine
from bench.stage import ASK, QUANTITY
from bench.wire_client import CONTRACT
from brokerport.simulator.wire.tws.codec import (
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)
from brokerport.simulator.wire.tws.messages.order_values import WireOrder, WireOrderState
from brokerport.simulator.wire.tws.messages.orders import OpenOrder, PlaceOrder

VERSION = 178
REFERENCE = "gen.01JD2V8Y3WQ4T6R8Y0V2X4Z6B8"
ORDER = WireOrder(
    action="BUY",
    total_quantity=QUANTITY,
    order_type="LMT",
    lmt_price=ASK,
    aux_price=Decimal(0),
    tif="DAY",
    account="DU1000001",
    order_ref=REFERENCE,
)
PLACE_ORDER = PlaceOrder(101, CONTRACT, ORDER)
OPEN_ORDER = OpenOrder(
    101,
    evolve(CONTRACT, local_symbol="AAPL", trading_class="NMS"),
    evolve(ORDER, client_id=1, perm_id=1_234_567_890, filled_quantity=Decimal(0)),
    WireOrderState(status="Submitted"),
)


class Deaf:
    """Takes in everything that ib_async's decoder calls, and does nothing."""

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_arguments: None


def ib_async_place_order() -> Callable[[], object]:
    """Return what has ib_async's client write the order, without a socket behind it."""
    client: Any = Client(Deaf())  # type: ignore[no-untyped-call]
    client.connState, client._serverVersion = Client.CONNECTED, VERSION
    client.sendMsg = lambda _message: None
    contract = Contract(
        secType="STK", conId=265598, symbol="AAPL", exchange="SMART", currency="USD"
    )
    order = LimitOrder(
        "BUY", float(QUANTITY), float(ASK), tif="DAY", account="DU1000001", orderRef=REFERENCE
    )
    return lambda: client.placeOrder(101, contract, order)


def ib_async_open_order() -> Callable[[], object]:
    """Return what has ib_async's decoder read the openOrder, framing not counted."""
    decoder: Any = Decoder(Deaf(), VERSION)  # type: ignore[arg-type]
    payload = encode_reply(OPEN_ORDER, VERSION)

    def read() -> None:
        fields = payload.decode().split("\0")
        fields.pop()
        decoder.handlers[int(fields[0])](fields)

    return read


def main() -> None:
    """Run the rounds and print one line for each kind of work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2000, help="messages in each run")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each kind of work")
    options = parser.parse_args()
    request, reply = encode_request(PLACE_ORDER, VERSION), encode_reply(OPEN_ORDER, VERSION)
    if decode_request(request, VERSION) != PLACE_ORDER:
        raise RuntimeError("the placeOrder that was read is not the one that was written")
    works: dict[str, Callable[[], object]] = {
        "placeOrder, write": lambda: encode_request(PLACE_ORDER, VERSION),
        "placeOrder, read": lambda: decode_request(request, VERSION),
        "openOrder, write": lambda: encode_reply(OPEN_ORDER, VERSION),
        "openOrder, read": lambda: decode_reply(reply, VERSION),
        "placeOrder, write, ib_async": ib_async_place_order(),
        "openOrder, read, ib_async": ib_async_open_order(),
    }
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(options.rounds):
        for name, work in works.items():
            gc.collect()
            began = time.perf_counter()
            for _ in range(options.messages):
                work()
            seconds[name].append(time.perf_counter() - began)
    show_machine()
    print(f"placeOrder {len(request)} bytes, openOrder {len(reply)} bytes, version {VERSION}")
    show(
        f"Codec: {options.messages} messages, median of {options.rounds} interleaved rounds",
        ("work", "messages/s", "us a message", "time, ib_async = 1"),
        [
            (
                name,
                f"{options.messages / median(taken):,.0f}",
                f"{median(taken) / options.messages * 1e6:.0f}",
                f"{median_ratio(taken, seconds[f'{name}, ib_async']):.2f}"
                if f"{name}, ib_async" in seconds
                else "",
            )
            for name, taken in seconds.items()
        ],
    )


if __name__ == "__main__":
    main()
