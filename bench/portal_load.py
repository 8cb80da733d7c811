"""The load of ``bench.portal_capacity``: a process of its own, so that it is not measured too.

``requests`` keeps connections busy for a while, each with one GET after the other, and prints how
many were answered with 200: bare asyncio streams, no HTTP library. ``streams`` opens WebSockets,
subscribes each to quotes, orders and trades, says so when all have been answered, and holds them
until its standard input ends. Both print one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from contextlib import AsyncExitStack
from typing import Any

from websockets.asyncio.client import connect

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
QUOTE_FIELDS = ["31", "84", "85", "86", "88"]
_ANSWER_SECONDS_MAX = 30.0


def tls_of(certificate: str) -> ssl.SSLContext:
    """Trust one certificate."""
    context = ssl.create_default_context(cafile=certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


async def answer_of(reader: asyncio.StreamReader) -> bool:
    """Read one answer to its end; say whether it is 200."""
    head = await reader.readuntil(HEAD_END)
    lowered = head.lower()
    start = lowered.index(LENGTH) + len(LENGTH)
    await reader.readexactly(int(lowered[start : lowered.index(b"\r", start)]))
    return head.startswith(b"HTTP/1.1 200 ")


async def request_for_a_while(
    port: int, certificate: str, path: str, connections: int, seconds: float
) -> dict[str, Any]:
    """Return how many requests were answered well, and how many not, and in what time."""
    tls = tls_of(certificate)
    head = (f"GET /v1/api{path} HTTP/1.1", f"Host: localhost:{port}", "User-Agent: bench", "", "")
    request = "\r\n".join(head).encode()
    opened = [
        await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname="localhost")
        for _connection in range(connections)
    ]
    began = time.perf_counter()
    outcomes = {True: 0, False: 0}

    async def keep_asking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while time.perf_counter() < began + seconds:
            writer.write(request)
            outcomes[await answer_of(reader)] += 1

    await asyncio.gather(*(keep_asking(*connection) for connection in opened))
    taken = time.perf_counter() - began
    for _reader, writer in opened:
        writer.close()
    return {"answered": outcomes[True], "refused": outcomes[False], "seconds": taken}


async def hold_streams(
    port: int, certificate: str, session: str, contract_ids: list[int], streams: int
) -> None:
    """Open streams, subscribe, say when everything was answered, and hold them."""
    tls = tls_of(certificate)
    cookie = "api=" + json.dumps({"session": session}, separators=(",", ":"))
    async with AsyncExitStack() as opened:
        messages = 0
        for _stream in range(streams):
            stream = await opened.enter_async_context(
                connect(
                    f"wss://localhost:{port}/v1/api/ws",
                    ssl=tls,
                    additional_headers={"Cookie": cookie},
                    ping_interval=None,
                    proxy=None,
                )
            )
            for contract_id in contract_ids:
                await stream.send(f"smd+{contract_id}+{json.dumps({'fields': QUOTE_FIELDS})}")
            await stream.send("sor+{}")
            await stream.send("str+{}")
            await stream.send("tic")
            quoted: set[int] = set()
            async with asyncio.timeout(_ANSWER_SECONDS_MAX):
                is_answered = False
                while not is_answered or len(quoted) < len(contract_ids):
                    message = json.loads(await stream.recv())
                    messages += 1
                    topic = str(message.get("topic"))
                    is_answered |= topic == "tic"
                    if topic.startswith("smd+"):
                        quoted.add(int(topic.split("+")[1]))
        print(json.dumps({"streams": streams, "messages": messages}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Do what the one argument, an object in JSON, says."""
    work = json.loads(sys.argv[1])
    kind = work.pop("kind")
    if kind == "streams":
        asyncio.run(hold_streams(**work))
    else:
        print(json.dumps(asyncio.run(request_for_a_while(**work))))


if __name__ == "__main__":
    main()
