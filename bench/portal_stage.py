"""The gateway that the Client Portal benchmarks ask: a process of its own, over HTTPS, unpaced.

The world stands still. It has 30 accounts, each with the same positions in 20 stocks, bought so
long ago that no list shows the trades, and a market that quotes every stock and as many options,
with greeks, as make 500 contracts. Every order is asked one question. The certificate is made for
the run, and clients pin it.

``serving`` starts the process and ends it; a gateway that made a mistake ends the benchmark.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

from attrs import frozen

from bench.child import ROOT
from bench.stage import keep_quiet
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Instrument, Option, Stock
from brokerport.domain.market_data import Greeks
from brokerport.domain.money import usd
from brokerport.domain.order_types import Market, Side, TimeInForce
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.brokerage.orders import BrokerageStatus, OrderEntry, Ticket
from brokerport.simulator.exchange.universe import DEFAULT_UNIVERSE
from brokerport.simulator.gateways.client_portal.questions import Question, QuestionTrigger
from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.scenario import TICK_SECONDS_MAX, Scenario
from brokerport.simulator.world import World

ACCOUNTS = tuple(BrokerAccount(f"DU{1000001 + number}") for number in range(30))
POSITIONS = 20
QUOTES = 500
# IBKR asks it of a price far off; here it is asked of every order.
QUESTION_ID = "o163"
QUESTION_TEXT = "price exceeds the Percentage constraint of 3%"

_CASH, _SIZE = 10**9, 10**9
_STOCKS = tuple(row.stock for row in DEFAULT_UNIVERSE)
_OPTIONS_A_STOCK = 60
_GREEKS = Greeks(*(Decimal(text) for text in ("-0.25", "0.02", "-0.1", "0.3", "0.4")))
_SINCE_BOUGHT = timedelta(days=8)
_END_SECONDS_MAX = 30.0
# Clients have just left: how long their last connections may take to be gone.
_GOODBYE_SECONDS_MAX = 3.0


@frozen
class Contract:
    """A contract of the stage, and its id at IBKR."""

    instrument: Instrument
    contract_id: int


@frozen
class Gateway:
    """A gateway that runs: where it is, and the process it is."""

    base_url: str
    certificate: Path
    process_id: int

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.base_url.split("/")[2].split(":")[1])

    def resident_bytes(self) -> int:
        """Return how much memory it occupies now, as the operating system counts it."""
        told = subprocess.run(  # noqa: S603 - arguments of our own
            ["ps", "-o", "rss=", "-p", str(self.process_id)],  # noqa: S607 - wherever it is
            capture_output=True,
            text=True,
            check=True,
        )
        return int(told.stdout) * 1024


def build_stage() -> tuple[World, tuple[Contract, ...]]:
    """Return the world, and the contracts it quotes: the stocks first."""
    market = ScriptedMarket()
    accounts = tuple(AccountSetup(account, usd(_CASH)) for account in ACCOUNTS)
    world = World.build(Scenario(accounts=accounts, market=market, tick_seconds=TICK_SECONDS_MAX))
    for stock in _STOCKS:
        _show(market, stock)
    _buy_positions(world)
    world.advance(_SINCE_BOUGHT)
    instruments: list[Instrument] = list(_STOCKS)
    for stock in _STOCKS:
        listed = world.listing.options(stock, world.clock.now().date())
        instruments += islice(listed, min(_OPTIONS_A_STOCK, QUOTES - len(instruments)))
    if len(instruments) != QUOTES:
        raise RuntimeError(f"the stage has {len(instruments)} contracts, not {QUOTES}")
    for number, instrument in enumerate(instruments):
        _show(market, instrument, number)
    contracts = tuple(
        Contract(instrument, world.listing.details(instrument).contract_id)
        for instrument in instruments
    )
    return world, contracts


def _show(market: ScriptedMarket, instrument: Instrument, number: int = 0) -> None:
    """Show a quote that differs from contract to contract."""
    price = Decimal(250 if isinstance(instrument, Stock) else 2) + number * Decimal("0.05")
    market.set_quote(instrument, price, price + Decimal("0.05"), _SIZE, _SIZE, last=price)
    if isinstance(instrument, Option):
        market.set_greeks(instrument, _GREEKS)


def _buy_positions(world: World) -> None:
    for account in ACCOUNTS:
        for stock in _STOCKS[:POSITIONS]:
            order = world.brokerage.place(
                Ticket(
                    account,
                    stock,
                    Side.BUY,
                    Decimal(100),
                    Market(),
                    TimeInForce.DAY,
                    None,
                    OrderEntry("stage", 0, 0),
                )
            )
            if order.status is not BrokerageStatus.FILLED:
                raise RuntimeError(f"{account} did not get its {stock}: {order.status.value}")


@contextmanager
def serving() -> Iterator[Gateway]:
    """Start a gateway's process, and end it.

    Raises:
        RuntimeError: it did not start, or it made a mistake.
    """
    with (
        tempfile.TemporaryDirectory() as directory,
        subprocess.Popen(  # noqa: S603 - arguments of our own
            [sys.executable, "-m", "bench.portal_stage", directory],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as child,
    ):
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("the gateway's process has no pipes")
        told = child.stdout.readline()
        if not told:
            raise RuntimeError("the gateway's process did not start")
        where = json.loads(told)
        try:
            yield Gateway(where["base_url"], Path(where["certificate"]), child.pid)
        finally:
            child.stdin.close()
            exit_code = child.wait(_END_SECONDS_MAX)
        if exit_code != 0:
            raise RuntimeError("the gateway made a mistake; see above")


async def _serve(directory: Path) -> int:
    """Serve until the standard input ends; return how many mistakes were made."""
    world, _contracts = build_stage()
    settings = PortalSettings(
        data_directory=directory,
        enforces_pacing=False,
        questions=(Question(QUESTION_ID, QUESTION_TEXT, QuestionTrigger.ALWAYS),),
    )
    async with ClientPortalGateway(world, settings=settings) as gateway:
        where = {"base_url": gateway.base_url, "certificate": str(gateway.certificate_path)}
        print(json.dumps(where), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS_MAX):
                while gateway.connection_count:  # noqa: ASYNC110 - no event to await
                    await asyncio.sleep(0.01)
        return gateway.faults.count


def main() -> None:
    """Be the gateway's process; the argument is where the certificate goes."""
    keep_quiet()
    # Ctrl-C is for the benchmark, which then closes our standard input.
    if hasattr(os, "setpgrp"):
        os.setpgrp()
    sys.exit(1 if asyncio.run(_serve(Path(sys.argv[1]))) else 0)


if __name__ == "__main__":
    main()
