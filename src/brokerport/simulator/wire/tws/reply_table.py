"""Replies, server to client: message id, class and the version field where there is one.

Official clients look at the number of fields, not at the version field, of the simple messages;
the numbers are those that servers write. Source: shared reference page "TWS API wire protocol",
section 3; ib_async decoder.py; official decoder.py.
"""

from __future__ import annotations

from brokerport.simulator.wire.tws import special_layouts as special_layout
from brokerport.simulator.wire.tws.contract_data import read_contract_data, write_contract_data
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
from brokerport.simulator.wire.tws.order_reports import (
    read_completed_order,
    read_open_order,
    write_completed_order,
    write_open_order,
)
from brokerport.simulator.wire.tws.table import CodecTable, derived, special

REPLIES = CodecTable(
    (
        special(
            1,
            (market_data.TickPrice,),
            special_layout.read_tick_price,
            special_layout.write_tick_price,
            6,
        ),
        derived(2, market_data.TickSize, 6),
        derived(3, orders.OrderStatus),
        derived(4, session.ErrorMessage, 2),
        special(5, (orders.OpenOrder,), read_open_order, write_open_order),
        derived(6, account.AccountValue, 2),
        derived(7, account.PortfolioValue, 8),
        derived(8, account.AccountUpdateTime, 1),
        derived(9, session.NextValidId, 1),
        special(10, (contracts.ContractData,), read_contract_data, write_contract_data),
        derived(11, executions.ExecDetails),
        derived(12, market_data.MarketDepth, 1),
        derived(13, market_data.MarketDepthL2, 1),
        derived(15, session.ManagedAccounts, 1),
        derived(16, advisor.ReceiveFA, 1),
        derived(17, history.HistoricalData),
        derived(19, advisor.ScannerParameters, 1),
        derived(21, market_data.TickOptionComputation),
        derived(45, market_data.TickGeneric, 6),
        derived(46, market_data.TickString, 6),
        derived(49, session.CurrentTime, 1),
        derived(50, history.RealTimeBar, 3),
        derived(52, contracts.ContractDataEnd, 1),
        derived(53, orders.OpenOrderEnd, 1),
        derived(54, account.AccountDownloadEnd, 1),
        derived(55, executions.ExecDetailsEnd, 1),
        derived(57, market_data.TickSnapshotEnd, 1),
        derived(58, market_data.MarketDataType, 1),
        derived(59, executions.CommissionReport, 1),
        derived(61, account.Position, 3),
        derived(62, account.PositionEnd, 1),
        derived(63, account.AccountSummary, 1),
        derived(64, account.AccountSummaryEnd, 1),
        derived(71, account.PositionMulti, 1),
        derived(72, account.PositionMultiEnd, 1),
        derived(73, account.AccountUpdateMulti, 1),
        derived(74, account.AccountUpdateMultiEnd, 1),
        derived(75, contracts.SecurityDefinitionOptionParameter),
        derived(76, contracts.SecurityDefinitionOptionParameterEnd),
        derived(78, advisor.FamilyCodes),
        derived(79, contracts.SymbolSamples),
        derived(80, market_data.MktDepthExchanges),
        derived(81, market_data.TickReqParams),
        derived(82, market_data.SmartComponents),
        derived(85, advisor.NewsProviders),
        derived(88, history.HeadTimestamp),
        derived(90, history.HistoricalDataUpdate),
        derived(93, contracts.MarketRule),
        derived(94, account.PnL),
        derived(95, account.PnLSingle),
        special(
            99,
            (
                market_data.TickByTickLast,
                market_data.TickByTickBidAsk,
                market_data.TickByTickMidPoint,
            ),
            special_layout.read_tick_by_tick,
            special_layout.write_tick_by_tick,
        ),
        special(101, (orders.CompletedOrder,), read_completed_order, write_completed_order),
        derived(102, orders.CompletedOrdersEnd),
        derived(107, session.UserInfo),
    )
)
