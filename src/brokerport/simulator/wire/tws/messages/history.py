"""Messages about past prices: bars, five-second bars, the first available time."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from attrs import frozen

from brokerport.simulator.wire.tws.markers import ContractForm, TextForm
from brokerport.simulator.wire.tws.messages.values import WireContract


@frozen
class ReqHistoricalData:
    """Request 20: ask for bars; `format_date` 1 = text dates, 2 = seconds since 1970 UTC."""

    request_id: int
    contract: WireContract
    end_date_time: str
    bar_size_setting: str
    duration_str: str
    use_rth: bool
    what_to_show: str
    format_date: int = 1
    keep_up_to_date: bool = False
    chart_options: str = ""


@frozen
class CancelHistoricalData:
    """Request 25: end a request for bars."""

    request_id: int


@frozen
class ReqRealTimeBars:
    """Request 50: subscribe to five-second bars; `bar_size` in seconds."""

    request_id: int
    contract: Annotated[WireContract, ContractForm.REQUEST]
    bar_size: int
    what_to_show: str
    use_rth: bool
    real_time_bars_options: str = ""


@frozen
class CancelRealTimeBars:
    """Request 51: end a subscription to five-second bars."""

    request_id: int


@frozen
class ReqHeadTimestamp:
    """Request 87: ask from when on data is available."""

    request_id: int
    contract: Annotated[WireContract, ContractForm.REQUEST_EXPIRED]
    use_rth: bool
    what_to_show: str
    format_date: int = 1


@frozen
class CancelHeadTimestamp:
    """Request 90: end a request for the first available time."""

    request_id: int


@frozen
class HistoricalBar:
    """One bar; `date` is text in the form that the request asked for."""

    date: Annotated[str, TextForm.NON_EMPTY]
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    wap: Decimal
    bar_count: int


@frozen
class HistoricalData:
    """Reply 17: all bars of a request; below version 196 it is its own end."""

    request_id: int
    start_date_str: str
    end_date_str: str
    bars: tuple[HistoricalBar, ...]


@frozen
class HistoricalDataUpdate:
    """Reply 90: the running bar of a request that is kept up to date (open, close, high, low)."""

    request_id: int
    bar_count: int
    date: Annotated[str, TextForm.NON_EMPTY]
    open: Decimal
    close: Decimal
    high: Decimal
    low: Decimal
    wap: Decimal
    volume: Decimal


@frozen
class RealTimeBar:
    """Reply 50: one five-second bar; `time` in seconds since 1970 UTC."""

    request_id: int
    time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    wap: Decimal
    count: int


@frozen
class HeadTimestamp:
    """Reply 88: from when on data is available."""

    request_id: int
    head_timestamp: str
