"""Requests, client to server: message id, class and the version field where there is one.

Source: ib_async client.py; official client.py (they agree on every id and version field here).
"""

from __future__ import annotations

from brokerport.simulator.wire.tws import special_layouts as special_layout
from brokerport.simulator.wire.tws.messages import (
    account,
    advisor,
    contracts,
    executions,
    history,
    market_data,
    orders,
    session,
)
from brokerport.simulator.wire.tws.place_order import read_place_order, write_place_order
from brokerport.simulator.wire.tws.table import CodecTable, derived, special

REQUESTS = CodecTable(
    (
        derived(1, market_data.ReqMktData, 11),
        derived(2, market_data.CancelMktData, 2),
        special(3, (orders.PlaceOrder,), read_place_order, write_place_order),
        derived(4, orders.CancelOrder, 1),
        derived(5, orders.ReqOpenOrders, 1),
        derived(6, account.ReqAccountUpdates, 2),
        derived(7, executions.ReqExecutions, 3),
        derived(8, session.ReqIds, 1),
        derived(9, contracts.ReqContractDetails, 8),
        derived(10, market_data.ReqMktDepth, 5),
        derived(11, market_data.CancelMktDepth, 1),
        derived(14, session.SetServerLogLevel, 1),
        derived(15, orders.ReqAutoOpenOrders, 1),
        derived(16, orders.ReqAllOpenOrders, 1),
        derived(17, session.ReqManagedAccts, 1),
        derived(18, advisor.RequestFA, 1),
        special(
            20,
            (history.ReqHistoricalData,),
            special_layout.read_req_historical_data,
            special_layout.write_req_historical_data,
        ),
        derived(21, orders.ExerciseOptions, 2),
        derived(24, advisor.ReqScannerParameters, 1),
        derived(25, history.CancelHistoricalData, 1),
        derived(49, session.ReqCurrentTime, 1),
        derived(50, history.ReqRealTimeBars, 3),
        derived(51, history.CancelRealTimeBars, 1),
        special(
            54,
            (market_data.CalculateImpliedVolatility,),
            special_layout.read_calculate_implied_volatility,
            special_layout.write_option_request,
            3,
        ),
        special(
            55,
            (market_data.CalculateOptionPrice,),
            special_layout.read_calculate_option_price,
            special_layout.write_option_request,
            3,
        ),
        derived(56, market_data.CancelCalculateImpliedVolatility, 1),
        derived(57, market_data.CancelCalculateOptionPrice, 1),
        derived(58, orders.ReqGlobalCancel, 1),
        derived(59, market_data.ReqMarketDataType, 1),
        derived(61, account.ReqPositions, 1),
        derived(62, account.ReqAccountSummary, 1),
        derived(63, account.CancelAccountSummary, 1),
        derived(64, account.CancelPositions, 1),
        derived(71, session.StartApi, 2),
        derived(74, account.ReqPositionsMulti, 1),
        derived(75, account.CancelPositionsMulti, 1),
        derived(76, account.ReqAccountUpdatesMulti, 1),
        derived(77, account.CancelAccountUpdatesMulti, 1),
        derived(78, contracts.ReqSecDefOptParams),
        derived(80, advisor.ReqFamilyCodes),
        derived(81, contracts.ReqMatchingSymbols),
        derived(82, market_data.ReqMktDepthExchanges),
        derived(83, market_data.ReqSmartComponents),
        derived(85, advisor.ReqNewsProviders),
        derived(87, history.ReqHeadTimestamp),
        derived(90, history.CancelHeadTimestamp),
        derived(91, contracts.ReqMarketRule),
        derived(92, account.ReqPnL),
        derived(93, account.CancelPnL),
        derived(94, account.ReqPnLSingle),
        derived(95, account.CancelPnLSingle),
        derived(97, market_data.ReqTickByTickData),
        derived(98, market_data.CancelTickByTickData),
        derived(99, orders.ReqCompletedOrders),
        derived(104, session.ReqUserInfo),
    )
)

UNKNOWN_REQUEST_ID_POSITIONS: dict[int, int] = {
    19: 3,  # replaceFA: version, data type, XML, request id
    22: 0,  # reqScannerSubscription
    23: 1,  # cancelScannerSubscription
    52: 1,  # reqFundamentalData
    53: 1,  # cancelFundamentalData
    67: 1,  # queryDisplayGroups
    68: 1,  # subscribeToGroupEvents
    69: 1,  # updateDisplayGroup
    70: 1,  # unsubscribeFromGroupEvents
    79: 0,  # reqSoftDollarTiers
    84: 0,  # reqNewsArticle
    86: 0,  # reqHistoricalNews
    88: 0,  # reqHistogramData
    89: 0,  # cancelHistogramData
    96: 0,  # reqHistoricalTicks
    100: 0,  # reqWshMetaData
    101: 0,  # cancelWshMetaData
    102: 0,  # reqWshEventData
    103: 0,  # cancelWshEventData
}
"""Where the request id stands, after the message id, in requests that have no class here."""
