"""The market data port over TWS: one snapshot per quote.

Rules:

- A quote is a snapshot request. TWS ends one by itself when all has been told, at the latest 11
  seconds after it was asked (IBKR, "Request snapshots"); until then more may come. Once both sides
  of the book have been told, and the model for an option, a short while is left for the rest.
- TWS says "nothing there" as a price of -1 or 0 with no size; that is None here.
- Ticks 66-76 and 80-83 are the delayed twins of 0-9 and 10-13.
- Sizes and volume are in shares and contracts, as TWS sends them unless its setting "Send market
  data in lots for US stocks for dual-mode API clients" is on.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from brokerport.adapters.tws.contracts import NO_DEFINITION, Contracts
from brokerport.adapters.tws.rows import FreshnessTick, GreeksTick, PriceTick, SizeTick, SnapshotEnd
from brokerport.adapters.tws.session import Session
from brokerport.adapters.tws.translate_numbers import optional_number
from brokerport.domain.errors import RequestRefused, UnknownContract
from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.market_data import Greeks, MarketDataKind, Quote
from brokerport.ports.clock import Clock

SNAPSHOT_SECONDS_MAX = 11.0
SETTLE_SECONDS = 0.5

BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE, VOLUME, CLOSE = 0, 1, 2, 3, 4, 5, 8, 9
MODEL = 13
_UNDELAYED = {
    66: BID,
    67: ASK,
    68: LAST,
    69: BID_SIZE,
    70: ASK_SIZE,
    71: LAST_SIZE,
    74: VOLUME,
    75: CLOSE,
    83: MODEL,
}
_SIZE_OF = {BID: BID_SIZE, ASK: ASK_SIZE, LAST: LAST_SIZE}


class MarketData:
    """Quotes at TWS."""

    def __init__(self, session: Session, contracts: Contracts, clock: Clock) -> None:
        self._session = session
        self._contracts = contracts
        self._clock = clock

    async def quote(self, instrument: Instrument) -> Quote:
        """Read the best bid and offer now; see ``MarketDataPort.quote``.

        Raises:
            UnknownContract: TWS knows no such instrument.
            RequestRefused: there is no subscription.
            TemporarilyRefused: another session has the data, or too many quotes are asked for.
            NotConnected, RequestTimedOut: the read failed.
        """
        contract = await self._contracts.contract(instrument)
        line = self._session.line
        client = line.client
        ticks = Ticks(wants_model=isinstance(instrument, Option))

        def cancel(request_id: int) -> None:
            if not ticks.is_ended:
                client.cancelMktData(request_id)

        try:
            await line.read(
                f"a quote of {instrument}",
                lambda request_id: client.reqMktData(request_id, contract, "", True, False, []),
                complete_in=ticks.complete_in,
                cancel=cancel,
                further_seconds=SNAPSHOT_SECONDS_MAX,
            )
        except RequestRefused as error:
            if error.code == NO_DEFINITION:
                raise UnknownContract(f"{instrument}: {error}") from error
            raise
        return Quote(
            instrument=instrument,
            as_of=self._clock.now(),
            bid=ticks.price(BID),
            bid_size=ticks.size(BID),
            ask=ticks.price(ASK),
            ask_size=ticks.size(ASK),
            last=ticks.price(LAST),
            last_size=ticks.size(LAST),
            close=ticks.price(CLOSE),
            volume=ticks.volume,
            greeks=ticks.greeks,
            kind=ticks.kind,
        )


class Ticks:
    """What a snapshot told, tick by tick."""

    def __init__(self, *, wants_model: bool) -> None:
        self.greeks: Greeks | None = None
        self.kind = MarketDataKind.LIVE
        self.is_ended = False
        self._prices: dict[int, Decimal | None] = {}
        self._sizes: dict[int, Decimal | None] = {}
        self._told: set[int] = set()
        self._awaited = {BID, ASK, MODEL} if wants_model else {BID, ASK}

    def complete_in(self, rows: list[Any]) -> float | None:
        """Take in the newest tick; return in how many seconds the snapshot counts as told."""
        match rows[-1]:
            case SnapshotEnd():
                self.is_ended = True
                return 0
            case PriceTick(kind, price, size):
                self._take_price(_UNDELAYED.get(kind, kind), price, size)
            case SizeTick(kind, size):
                self._take_size(_UNDELAYED.get(kind, kind), size)
            case GreeksTick() as tick if _UNDELAYED.get(tick.kind, tick.kind) == MODEL:
                self.greeks = _greeks(tick)
                if self.greeks is not None:
                    self._told.add(MODEL)
            case FreshnessTick(kind):
                self.kind = MarketDataKind(kind)
        return SETTLE_SECONDS if self._awaited <= self._told else None

    def price(self, kind: int) -> Decimal | None:
        """Return a price, or None when that side is empty: no price, or nothing at it."""
        if kind in (BID, ASK) and self.size(kind) is None:
            return None
        return self._prices.get(kind)

    def size(self, kind: int) -> Decimal | None:
        """Return how much stands at a price, or None."""
        if self._prices.get(kind) is None:
            return None
        return self._sizes.get(_SIZE_OF[kind])

    @property
    def volume(self) -> Decimal | None:
        """The session's volume, or None; an untraded one is 0."""
        return self._sizes.get(VOLUME)

    def _take_size(self, kind: int, size: float) -> None:
        # No volume is a fact; no size at a price is an empty side.
        untraded = kind == VOLUME and size == 0
        self._sizes[kind] = Decimal(0) if untraded else _present(size)

    def _take_price(self, kind: int, price: float, size: float) -> None:
        self._prices[kind] = _present(price)
        if kind in _SIZE_OF:
            self._sizes[_SIZE_OF[kind]] = _present(size)
            self._told.add(kind)


def _present(value: float) -> Decimal | None:
    found = optional_number(value)
    return found if found is not None and found > 0 else None


def _greeks(tick: GreeksTick) -> Greeks | None:
    """Return the model's values; TWS says "not computed" as -1, or -2 for the greeks."""
    volatility, underlying = _present(tick.implied_volatility), _present(tick.underlying_price)
    # A model price of 0 is a value: a far option is worth less than a hundredth of a cent.
    price = None if tick.price < 0 else optional_number(tick.price)
    greeks = [
        None if value == -2 else optional_number(value)
        for value in (tick.delta, tick.gamma, tick.theta, tick.vega)
    ]
    delta, gamma, theta, vega = greeks
    if (
        volatility is None
        or price is None
        or underlying is None
        or delta is None
        or gamma is None
        or theta is None
        or vega is None
    ):
        return None
    return Greeks(
        delta=delta,
        gamma=gamma,
        theta=theta,
        vega=vega,
        implied_volatility=volatility,
        underlying_price=underlying,
        model_price=price,
    )
