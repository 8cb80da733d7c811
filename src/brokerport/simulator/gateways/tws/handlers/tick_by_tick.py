"""Tick-by-tick streams."""

from __future__ import annotations

from brokerport.domain.instruments import Option
from brokerport.simulator.gateways.tws.codes import (
    DUPLICATE_TICKER_ID,
    MAX_TICK_BY_TICK,
    NO_SUCH_TICKER,
    TICK_BY_TICK_FAILED,
)
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.feeds.tick_by_tick_feed import (
    TICK_TYPES,
    TickSubscription,
)
from brokerport.simulator.gateways.tws.session import DispatchTable, Session
from brokerport.simulator.gateways.tws.translate.instruments import one_instrument
from brokerport.simulator.wire.tws.messages.market_data import (
    CancelTickByTickData,
    ReqTickByTickData,
)


def _subscribe(session: Session, request: ReqTickByTickData) -> None:
    served = session.served
    instrument = one_instrument(served.world.listing, request.contract, served.today)
    if request.tick_type not in TICK_TYPES:
        raise Refused(TICK_BY_TICK_FAILED, cause=f"Invalid tick type '{request.tick_type}'")
    if isinstance(instrument, Option):
        # IBKR's own limit (TWS API, "Tick-by-Tick Data": "not for options").
        raise Refused(TICK_BY_TICK_FAILED, cause="No live tick-by-tick data for options")
    if request.number_of_ticks:
        raise Refused(TICK_BY_TICK_FAILED, cause="numberOfTicks above 0 is not simulated")
    if served.tick_by_tick.is_subscribed(session, request.request_id):
        raise Refused(DUPLICATE_TICKER_ID)
    if served.tick_by_tick.count_of(session) >= served.settings.market_data_lines_max:
        raise Refused(MAX_TICK_BY_TICK)
    served.tick_by_tick.subscribe(
        TickSubscription(
            session, request.request_id, instrument, request.tick_type, request.ignore_size
        )
    )


def _unsubscribe(session: Session, request: CancelTickByTickData) -> None:
    if not session.served.tick_by_tick.unsubscribe(session, request.request_id):
        raise Refused(NO_SUCH_TICKER, request_id=request.request_id)


HANDLERS: DispatchTable = {
    ReqTickByTickData: _subscribe,
    CancelTickByTickData: _unsubscribe,
}
