"""The market data port over Client Portal: snapshots, many quotes to a request.

Rules:

- quotes that are asked for at the same time share one request, of up to 100 contracts (IBKR's
  limit); who asks while one is under way is in the next: a quote is never older than its question;
- the first request about a contract only opens its feed and answers its conid, so it is asked again
  until there are values, ``ASKS_MAX`` times: at once, and then at growing distances. A side or an
  option's greeks that are missing may still come: a filled row is asked for ``SETTLING_ASKS`` times
  more, ``ASK_AGAIN_SECONDS`` apart, before they count as none;
- every contract quoted holds one of IBKR's market data lines until it is let go of. They are let go
  of together before there are more than ``LINES_MAX``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from attrs import define

from brokerport.adapters.client_portal.contracts import Contracts
from brokerport.adapters.client_portal.reading import reading
from brokerport.adapters.client_portal.session import Session
from brokerport.adapters.client_portal.translate_contracts import Row, rows_of
from brokerport.adapters.client_portal.translate_numbers import contract_id
from brokerport.adapters.client_portal.translate_quotes import (
    FIELDS,
    is_filled,
    is_refused,
    is_whole,
    to_quote,
)
from brokerport.domain.errors import RequestRefused, RequestTimedOut
from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.market_data import Quote
from brokerport.ports.clock import Clock

CONTRACTS_MAX = 100
LINES_MAX = 100
ASKS_MAX = 20
SETTLING_ASKS = 2
ASK_AGAIN_SECONDS = 0.25
# How long an empty row is waited for before it is asked for the second time, the third, ...
FIRST_WAITS_SECONDS = (0.0, 0.05, 0.1, 0.2)


@define(eq=False)
class Wanted:
    """A row somebody waits for, and how often it was asked for, and how often it came filled."""

    contract_id: int
    wants_greeks: bool
    row: asyncio.Future[Row]
    asks: int = 0
    filled_asks: int = 0

    @property
    def is_wanted(self) -> bool:
        """Whether the one who waits has not given up."""
        return not self.row.done()

    @property
    def wait_seconds(self) -> float:
        """How long to wait before it is asked for again."""
        if self.filled_asks or self.asks > len(FIRST_WAITS_SECONDS):
            return ASK_AGAIN_SECONDS
        return FIRST_WAITS_SECONDS[self.asks - 1]

    def take(self, row: Row) -> None:
        """Take in an answer; it is the answer when it is whole, or after so many."""
        self.asks += 1
        self.filled_asks += is_filled(row)
        is_enough = is_filled(row) and (
            is_whole(row, wants_greeks=self.wants_greeks)
            or is_refused(row)
            or self.filled_asks > SETTLING_ASKS
        )
        if self.is_wanted and (is_enough or self.asks >= ASKS_MAX):
            self.row.set_result(row)


class MarketData:
    """Quotes at Client Portal."""

    def __init__(self, session: Session, contracts: Contracts, clock: Clock) -> None:
        self._session = session
        self._contracts = contracts
        self._clock = clock
        self._waiting: deque[Wanted] = deque()
        self._asked: list[Wanted] = []
        self._asking: asyncio.Task[None] | None = None
        self._lines: set[int] = set()
        session.on_session_start(self._lines.clear)

    async def quote(self, instrument: Instrument) -> Quote:
        """Read the best bid and offer now; see ``MarketDataPort.quote``.

        Raises:
            UnknownContract: Client Portal knows no such instrument.
            RequestRefused: there is no subscription, or the answer cannot be read.
            NotConnected, RequestTimedOut: the read failed.
        """
        identity = await self._contracts.contract_id(instrument)
        row = await self._row(identity, wants_greeks=isinstance(instrument, Option))
        if not is_filled(row):
            # An option that has expired since its id was looked up has no market data any more.
            await self._contracts.details(instrument)
            raise RequestTimedOut(
                f"Client Portal gave no market data of {instrument} in {ASKS_MAX} requests"
            )
        if is_refused(row):
            raise RequestRefused(f"there is no market data subscription for {instrument}")
        with reading(f"quote of {instrument}"):
            return to_quote(instrument, row, self._clock.now())

    async def _row(self, identity: int, *, wants_greeks: bool) -> Row:
        """Return a contract's row once it is filled, or as it is after so many requests."""
        loop = asyncio.get_running_loop()
        wanted = Wanted(identity, wants_greeks, loop.create_future())
        self._waiting.append(wanted)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await wanted.row

    async def _ask(self) -> None:
        """Ask until nobody waits."""
        try:
            # All who ask in this turn of the loop are in the first request.
            await asyncio.sleep(0)
            while self._waiting or self._asked:
                await self._admit()
                rows = await self._snapshot({wanted.contract_id for wanted in self._asked})
                for wanted in self._asked:
                    wanted.take(rows.get(wanted.contract_id, {}))
                self._asked = [wanted for wanted in self._asked if wanted.is_wanted]
                wait_seconds = max((wanted.wait_seconds for wanted in self._asked), default=0.0)
                if wait_seconds:
                    await self._session.sleep(wait_seconds)
        except Exception as error:
            self._fail(error)
        finally:
            self._asking = None
            self._fail(None)

    def _fail(self, error: Exception | None) -> None:
        """Let everybody down: all waited for the same request. None cancels their waiting."""
        for wanted in (*self._asked, *self._waiting):
            if not wanted.is_wanted:
                continue
            if error is None:
                wanted.row.cancel()
            else:
                wanted.row.set_exception(error)
        self._asked = []
        self._waiting.clear()

    async def _admit(self) -> None:
        """Let in those who wait, first come first served, as far as there is room.

        Lines are let go of only while nobody's contract is being asked for: it would have to be
        asked for from the beginning.
        """
        asked = {wanted.contract_id for wanted in self._asked}
        while self._waiting:
            identity = self._waiting[0].contract_id
            if identity not in asked and len(asked) >= CONTRACTS_MAX:
                return
            if identity not in self._lines and len(self._lines) >= LINES_MAX:
                if asked:
                    return
                await self._session.read("GET", "/iserver/marketdata/unsubscribeall")
                self._lines.clear()
            asked.add(identity)
            self._lines.add(identity)
            self._asked.append(self._waiting.popleft())

    async def _snapshot(self, identities: Iterable[int]) -> dict[int, Row]:
        asked = sorted(identities)
        if not asked:
            return {}
        query = {
            "conids": ",".join(str(one) for one in asked),
            "fields": ",".join(FIELDS),
        }
        answer = await self._session.read("GET", "/iserver/marketdata/snapshot", query=query)
        with reading("snapshot"):
            return {contract_id(row.get("conid")): row for row in rows_of(answer)}
