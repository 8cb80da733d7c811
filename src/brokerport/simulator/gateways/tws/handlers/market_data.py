"""Quotes: streams, snapshots, market data types; and order books, which are not simulated."""

from __future__ import annotations

from decimal import Decimal

from brokerport.domain.instruments import Instrument
from brokerport.simulator.gateways.tws.codes import (
    CANNOT_PROCESS,
    DELAYED_DATA_SHOWN,
    DEPTH_NOT_SUPPORTED,
    DUPLICATE_TICKER_ID,
    MAX_TICKERS,
    NO_SUCH_DEPTH,
    NO_SUCH_TICKER,
    NOT_SUBSCRIBED,
    PARTLY_SUBSCRIBED,
    SNAPSHOT_WITH_GENERIC_TICKS,
)
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.quotes import FROZEN_TYPE, LIVE_TYPE
from brokerport.simulator.gateways.tws.session import DispatchTable, Session
from brokerport.simulator.gateways.tws.translate.instruments import one_instrument
from brokerport.simulator.wire.tws.messages.market_data import (
    CancelMktData,
    CancelMktDepth,
    MktDepthExchanges,
    ReqMarketDataType,
    ReqMktData,
    ReqMktDepth,
    ReqMktDepthExchanges,
    ReqSmartComponents,
    SmartComponents,
    TickReqParams,
    TickSnapshotEnd,
)

_SNAPSHOT_PERMISSIONS = 4
"""Snapshots of top-of-book quotes; IBKR leaves the number undocumented, 4 is usual for stocks."""


def _subscribe(session: Session, request: ReqMktData) -> None:
    served = session.served
    feed = served.market_data
    instrument = one_instrument(served.world.listing, request.contract, served.today)
    generic = tuple(tick for tick in request.generic_tick_list.replace(" ", "").split(",") if tick)
    is_snapshot = request.snapshot or request.regulatory_snapshot
    if is_snapshot and generic:
        raise Refused(SNAPSHOT_WITH_GENERIC_TICKS)
    if not all(tick.removeprefix("mdoff").split(":")[0].isdecimal() for tick in generic):
        raise Refused(
            CANNOT_PROCESS,
            field="reqMktData",
            cause=f"Incorrect generic tick list of {request.generic_tick_list}",
        )
    if feed.is_subscribed(session, request.request_id):
        raise Refused(DUPLICATE_TICKER_ID)
    if feed.count_of(session) >= served.settings.market_data_lines_max:
        raise Refused(MAX_TICKERS)
    if not served.settings.live_market_data:
        if session.market_data_type in (LIVE_TYPE, FROZEN_TYPE):
            raise Refused(NOT_SUBSCRIBED)
        session.error(request.request_id, DELAYED_DATA_SHOWN)
    session.send(_parameters(session, request.request_id, instrument))
    if is_snapshot:
        feed.snapshot(session, request.request_id, instrument)
        session.send(TickSnapshotEnd(request.request_id))
        return
    if generic:
        session.error(request.request_id, PARTLY_SUBSCRIBED, ticks=",".join(generic))
    feed.subscribe(session, request.request_id, instrument)


def _parameters(session: Session, request_id: int, instrument: Instrument) -> TickReqParams:
    details = session.served.world.listing.details(instrument)
    smallest: Decimal = details.price_increments[0].increment
    return TickReqParams(request_id, smallest, "", _SNAPSHOT_PERMISSIONS)


def _unsubscribe(session: Session, request: CancelMktData) -> None:
    if not session.served.market_data.unsubscribe(session, request.request_id):
        raise Refused(NO_SUCH_TICKER, request_id=request.request_id)


def _set_type(session: Session, request: ReqMarketDataType) -> None:
    if request.market_data_type not in (1, 2, 3, 4):
        raise Refused(
            CANNOT_PROCESS,
            field="reqMarketDataType",
            cause=f"market data type {request.market_data_type} is none of 1, 2, 3 and 4",
        )
    session.market_data_type = request.market_data_type
    session.served.market_data.change_type(session)


def _refuse_depth(_session: Session, _request: ReqMktDepth) -> None:
    raise Refused(DEPTH_NOT_SUPPORTED)


def _cancel_depth(_session: Session, request: CancelMktDepth) -> None:
    raise Refused(NO_SUCH_DEPTH, request_id=request.request_id)


def _depth_exchanges(session: Session, _request: ReqMktDepthExchanges) -> None:
    # No order book is simulated, so no exchange offers one.
    session.send(MktDepthExchanges(()))


def _smart_components(session: Session, request: ReqSmartComponents) -> None:
    # Subscriptions name no exchange map (their bboExchange is empty), so none has components.
    if request.bbo_exchange:
        raise Refused(
            CANNOT_PROCESS,
            field="reqSmartComponents",
            cause=f"unknown exchange map '{request.bbo_exchange}'",
        )
    session.send(SmartComponents(request.request_id, ()))


HANDLERS: DispatchTable = {
    ReqMktData: _subscribe,
    CancelMktData: _unsubscribe,
    ReqMarketDataType: _set_type,
    ReqMktDepth: _refuse_depth,
    CancelMktDepth: _cancel_depth,
    ReqMktDepthExchanges: _depth_exchanges,
    ReqSmartComponents: _smart_components,
}
