"""A WebSocket from its opening to its end: bytes in, bytes out, and nothing of what they mean."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber

GOING_AWAY = 1001


async def converse(
    socket: WebSocket, subscriber: Subscriber, receive: Callable[[str], None]
) -> None:
    """Read and write until the client leaves, is dropped, or the gateway closes."""
    reading = asyncio.create_task(_read(socket, receive))
    writing = asyncio.create_task(_write(socket, subscriber))
    dropping = asyncio.create_task(subscriber.dropped.wait())
    tasks = (reading, writing, dropping)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in (reading, writing):
        if not task.cancelled() and (fault := task.exception()) is not None:
            raise fault


async def _read(socket: WebSocket, receive: Callable[[str], None]) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if text is None:
            text = message.get("bytes", b"").decode(errors="replace")
        receive(text)


async def _write(socket: WebSocket, subscriber: Subscriber) -> None:
    try:
        while (text := await subscriber.next_text()) is not None:
            await socket.send_text(text)
        await socket.close(GOING_AWAY)
    except WebSocketDisconnect:
        return
