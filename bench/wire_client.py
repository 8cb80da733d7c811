"""A bare TWS client made of the codec's own client end and an asyncio stream: no library on top."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from bench.stage import ACCOUNT, QUANTITY, price_of, side_of
from brokerport.simulator.wire.tws.connection import ClientConnection, HandshakeAccepted
from brokerport.simulator.wire.tws.messages.order_values import WireOrder
from brokerport.simulator.wire.tws.messages.orders import OrderStatus, PlaceOrder
from brokerport.simulator.wire.tws.messages.session import NextValidId, StartApi
from brokerport.simulator.wire.tws.messages.values import WireContract

READ_BYTES = 1 << 18
CONTRACT = WireContract(
    con_id=265598, symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD"
)


class WireClient:
    """Places orders, many in one write, and counts those that are filled."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._wire = ClientConnection()
        self._next_order_id = 0

    async def start(self, client_id: int) -> None:
        """Shake hands and wait for the first order id."""
        self._writer.write(self._wire.send_handshake())
        await self._read_until(HandshakeAccepted)
        self._writer.write(self._wire.send(StartApi(client_id)))
        first = await self._read_until(NextValidId)
        self._next_order_id = first.order_id

    async def place_and_fill(self, count: int, in_flight_max: int) -> None:
        """Place ``count`` orders with so many unfilled at a time, and wait for the last fill."""
        placed = 0
        unfilled: set[int] = set()
        while placed < count or unfilled:
            burst = min(count - placed, in_flight_max - len(unfilled))
            if burst:
                # Half of what may be under way in one write keeps both ends busy.
                orders = [self._order(placed + number) for number in range(burst)]
                unfilled.update(order.order_id for order in orders)
                self._writer.write(b"".join(self._wire.send(order) for order in orders))
                placed += burst
            low = in_flight_max // 2 if placed < count else 0
            while len(unfilled) > low:
                message = await self._read()
                if isinstance(message, OrderStatus) and message.status == "Filled":
                    unfilled.discard(message.order_id)

    def _order(self, number: int) -> PlaceOrder:
        side = side_of(number)
        order_id = self._next_order_id
        self._next_order_id += 1
        return PlaceOrder(
            order_id,
            CONTRACT,
            WireOrder(
                action=side.value,
                total_quantity=QUANTITY,
                order_type="LMT",
                lmt_price=price_of(side),
                aux_price=Decimal(0),
                tif="DAY",
                account=ACCOUNT.account_id,
            ),
        )

    async def _read(self) -> Any:
        while (message := self._wire.next_event()) is None:
            data = await self._reader.read(READ_BYTES)
            if not data:
                raise ConnectionError("the gateway closed the connection")
            self._wire.receive_data(data)
        return message

    async def _read_until(self, kind: type[Any]) -> Any:
        while not isinstance(message := await self._read(), kind):
            pass
        return message


@asynccontextmanager
async def wire_client(port: int, client_id: int = 1) -> AsyncIterator[WireClient]:
    """Open a started client on a gateway's port."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        client = WireClient(reader, writer)
        await client.start(client_id)
        yield client
    finally:
        writer.close()
        await writer.wait_closed()
