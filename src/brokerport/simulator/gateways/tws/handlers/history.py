"""Past prices: bars, five-second bars, the first moment there is data of.

Every way in which a request cannot be answered is error 162, in the wording of IBKR's historical
data service, so that a client never takes a failure for a quiet market.
"""

from __future__ import annotations

from brokerport.domain.errors import FinalError
from brokerport.simulator.gateways.bars import DAY_SECONDS
from brokerport.simulator.gateways.tws.bars import (
    BarRequest,
    bar_date,
    check_what_to_show,
)
from brokerport.simulator.gateways.tws.codes import (
    DUPLICATE_TICKER_ID,
    HISTORICAL_DATA_ERROR,
    INVALID_REAL_TIME_QUERY,
    NO_SUCH_HISTORICAL_QUERY,
    NO_SUCH_TICKER,
)
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.feeds.bar_feed import (
    REAL_TIME_BAR_SECONDS,
    HistorySubscription,
)
from brokerport.simulator.gateways.tws.session import DispatchTable, Session
from brokerport.simulator.gateways.tws.times import epoch_seconds, time_text, utc_text
from brokerport.simulator.gateways.tws.translate.instruments import one_instrument
from brokerport.simulator.market.market import Bar
from brokerport.simulator.wire.tws.messages.history import (
    CancelHeadTimestamp,
    CancelHistoricalData,
    CancelRealTimeBars,
    HeadTimestamp,
    HistoricalBar,
    HistoricalData,
    ReqHeadTimestamp,
    ReqHistoricalData,
    ReqRealTimeBars,
)


def _historical_data(session: Session, request: ReqHistoricalData) -> None:
    served = session.served
    instrument = one_instrument(served.world.listing, request.contract, served.today)
    try:
        wanted = BarRequest.read(
            request.bar_size_setting,
            request.duration_str,
            request.what_to_show,
            request.end_date_time,
            request.format_date,
        )
        ends_at = min(wanted.ends_at or served.now, served.now)
        starts_at = wanted.starts_at(ends_at, served.world.calendar)
        bars = wanted.bars(served.bar_source, instrument, starts_at, ends_at)
    except FinalError as cause:
        raise Refused(HISTORICAL_DATA_ERROR, cause=cause) from None
    if request.keep_up_to_date and (wanted.ends_at or wanted.bar_seconds > DAY_SECONDS):
        raise Refused(
            HISTORICAL_DATA_ERROR,
            cause="keepUpToDate needs an empty endDateTime and bars of at most a day",
        )
    if not bars and not request.keep_up_to_date:
        raise Refused(
            HISTORICAL_DATA_ERROR,
            cause=f"HMDS query returned no data: {instrument.symbol}@{request.contract.exchange} "
            f"{request.what_to_show}",
        )
    session.send(
        HistoricalData(
            request.request_id,
            time_text(starts_at, session.version),
            time_text(ends_at, session.version),
            tuple(_wire_bar(bar, wanted, session.version) for bar in bars),
        )
    )
    if request.keep_up_to_date:
        last = bars[-1] if bars else None
        since = starts_at if last is None else last.begins_at
        served.bars.keep_up_to_date(
            HistorySubscription(session, request.request_id, instrument, wanted, last, since)
        )


def _wire_bar(bar: Bar, request: BarRequest, version: int) -> HistoricalBar:
    return HistoricalBar(
        bar_date(bar, request, version),
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.average,
        bar.count,
    )


def _cancel_historical_data(session: Session, request: CancelHistoricalData) -> None:
    if not session.served.bars.unsubscribe_history(session, request.request_id):
        raise Refused(NO_SUCH_HISTORICAL_QUERY, request_id=request.request_id)


def _real_time_bars(session: Session, request: ReqRealTimeBars) -> None:
    served = session.served
    instrument = one_instrument(served.world.listing, request.contract, served.today)
    if request.bar_size != REAL_TIME_BAR_SECONDS:
        raise Refused(INVALID_REAL_TIME_QUERY, cause=f"bar size {request.bar_size}, only 5 is had")
    try:
        check_what_to_show(request.what_to_show)
    except FinalError as cause:
        raise Refused(INVALID_REAL_TIME_QUERY, cause=cause) from None
    if served.bars.is_real_time(session, request.request_id):
        raise Refused(DUPLICATE_TICKER_ID)
    served.bars.subscribe_real_time(session, request.request_id, instrument, request.what_to_show)


def _cancel_real_time_bars(session: Session, request: CancelRealTimeBars) -> None:
    if not session.served.bars.unsubscribe_real_time(session, request.request_id):
        raise Refused(NO_SUCH_TICKER, request_id=request.request_id)


def _head_timestamp(session: Session, request: ReqHeadTimestamp) -> None:
    served = session.served
    one_instrument(served.world.listing, request.contract, served.today)
    try:
        check_what_to_show(request.what_to_show)
    except FinalError as cause:
        raise Refused(HISTORICAL_DATA_ERROR, cause=cause) from None
    first = served.first_data_at
    text = str(epoch_seconds(first)) if request.format_date == 2 else utc_text(first)
    session.send(HeadTimestamp(request.request_id, text))


def _cancel_head_timestamp(_session: Session, _request: CancelHeadTimestamp) -> None:
    """End nothing: the answer was sent at once, and IBKR confirms no cancel of it either."""


HANDLERS: DispatchTable = {
    ReqHistoricalData: _historical_data,
    CancelHistoricalData: _cancel_historical_data,
    ReqRealTimeBars: _real_time_bars,
    CancelRealTimeBars: _cancel_real_time_bars,
    ReqHeadTimestamp: _head_timestamp,
    CancelHeadTimestamp: _cancel_head_timestamp,
}
