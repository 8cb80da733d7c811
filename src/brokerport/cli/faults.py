"""``brokerport faults``: a proxy in front of a gateway, playing a plan until it is interrupted."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from brokerport.cli.failures import reported_failures
from brokerport.cli.fault_words import faults_of, summary, tell
from brokerport.container import FaultPlan, Player, load_fault_plan, open_fault_proxy
from brokerport.domain.errors import InvalidConfiguration


def faults(
    plan: Annotated[Path, typer.Option(help="The fault plan, a TOML file.")],
    upstream: Annotated[
        str, typer.Option(help="The gateway behind the proxy, HOST:PORT; it may be a real one.")
    ],
    listen: Annotated[int, typer.Option(help="The proxy's port on 127.0.0.1; 0: any free one.")],
) -> None:
    """Stand between a client and a gateway, and play the network faults of a plan."""
    with reported_failures():
        host, port = read_upstream(upstream)
        if not 0 <= listen <= 65535:
            raise InvalidConfiguration("--listen", listen, "a port from 0 to 65535")
        read = load_fault_plan(plan)
        asyncio.run(_serve(faults_of(read, plan, Player.NETWORK), listen, host, port))


def read_upstream(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``, with an IPv6 address in brackets: ``[::1]:4002``.

    Raises:
        InvalidConfiguration: it is something else.
    """
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5
    if not (host and colon and is_port and 1 <= int(port) <= 65535):
        raise InvalidConfiguration("--upstream", text, "HOST:PORT, with a port from 1 to 65535")
    return host, int(port)


async def _serve(plan: FaultPlan, listen: int, host: str, port: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    async with open_fault_proxy(plan, listen, host, port, tell) as proxy:
        typer.echo(f"faults on 127.0.0.1:{proxy.port}, passed on to {host}:{port}")
        typer.echo(f"seed {plan.seed}, {len(plan.faults)} faults in the plan; Ctrl-C ends it")
        await stopped.wait()
    typer.echo(f"{proxy.connections_taken} connections")
    typer.echo(summary(done.kind for done in proxy.log))
    typer.echo("stopped")
