"""One realistic sample of every reply, as a server of this protocol would send it."""

from __future__ import annotations

from decimal import Decimal

from brokerport.simulator.wire.tws import messages as m
from tests.wire.sample_values import AAPL, DETAILS, FILL, LIMIT, PUT

REPLIES: tuple[object, ...] = (
    m.TickPrice(
        request_id=11,
        tick_type=1,
        price=Decimal("150.1"),
        size=Decimal(300),
        can_auto_execute=True,
        past_limit=False,
        pre_open=True,
    ),
    m.TickSize(11, 8, Decimal(1_000_000)),
    m.OrderStatus(
        order_id=42,
        status="Submitted",
        filled=Decimal(10),
        remaining=Decimal(90),
        avg_fill_price=Decimal("150.2"),
        perm_id=99,
        parent_id=41,
        last_fill_price=Decimal("150.3"),
        client_id=7,
        why_held="locate",
        mkt_cap_price=Decimal("1.5"),
    ),
    m.ErrorMessage(42, 201, "Order rejected: naïve \\ path", '{"a":"b"}'),
    m.OpenOrder(42, AAPL, LIMIT, m.WireOrderState(status="Submitted")),
    m.AccountValue(
        key="NetLiquidation", value="100000.5", currency="USD", account_name="DU1234567"
    ),
    m.PortfolioValue(
        contract=AAPL,
        position=Decimal(100),
        market_price=Decimal("150.5"),
        market_value=Decimal(15050),
        average_cost=Decimal("149.25"),
        unrealized_pnl=Decimal(125),
        realized_pnl=Decimal("-3.5"),
        account_name="DU1234567",
    ),
    m.AccountUpdateTime("10:30"),
    m.NextValidId(101),
    m.ContractData(12, DETAILS),
    m.ExecDetails(request_id=-1, order_id=42, contract=AAPL, execution=FILL),
    m.MarketDepth(
        request_id=13, position=0, operation=1, side=1, price=Decimal("150.1"), size=Decimal(200)
    ),
    m.MarketDepthL2(
        request_id=13,
        position=2,
        market_maker="ARCA",
        operation=0,
        side=0,
        price=Decimal("150.2"),
        size=Decimal(300),
        is_smart_depth=True,
    ),
    m.ManagedAccounts("DU1234567,DU7654321"),
    m.ReceiveFA(1, "<xml/>"),
    m.HistoricalData(
        request_id=14,
        start_date_str="20260114  10:30:00",
        end_date_str="20260115  10:30:00",
        bars=(
            m.HistoricalBar(
                date="20260115 09:30:00 US/Eastern",
                open=Decimal("150.1"),
                high=Decimal(151),
                low=Decimal("149.9"),
                close=Decimal("150.5"),
                volume=Decimal(12345),
                wap=Decimal("150.3"),
                bar_count=678,
            ),
            m.HistoricalBar(
                date="20260115",
                open=Decimal(1),
                high=Decimal(4),
                low=Decimal("0.5"),
                close=Decimal(2),
                volume=Decimal(0),
                wap=Decimal(0),
                bar_count=0,
            ),
        ),
    ),
    m.ScannerParameters("<xml>\n</xml>"),
    m.TickOptionComputation(
        request_id=11,
        tick_type=13,
        tick_attrib=1,
        implied_vol=Decimal("0.2"),
        delta=Decimal("-0.4"),
        opt_price=Decimal("3.1"),
        pv_dividend=None,
        gamma=Decimal("0.01"),
        vega=Decimal("0.3"),
        theta=None,
        und_price=Decimal("412.1"),
    ),
    m.TickGeneric(11, 49, Decimal(0)),
    m.TickString(11, 45, "1768491000"),
    m.CurrentTime(1768491000),
    m.RealTimeBar(
        request_id=15,
        time=1768491000,
        open=Decimal(1),
        high=Decimal(4),
        low=Decimal("0.5"),
        close=Decimal(2),
        volume=Decimal(100),
        wap=Decimal("1.5"),
        count=9,
    ),
    m.ContractDataEnd(12),
    m.OpenOrderEnd(),
    m.AccountDownloadEnd("DU1234567"),
    m.ExecDetailsEnd(16),
    m.TickSnapshotEnd(11),
    m.MarketDataType(11, 3),
    m.CommissionReport(
        exec_id="0000e0d5.6586c0f4.01.01",
        commission=Decimal("1.05"),
        currency="USD",
        realized_pnl=Decimal("12.5"),
    ),
    m.Position(account="DU1234567", contract=PUT, position=Decimal(-2), avg_cost=Decimal("310.55")),
    m.PositionEnd(),
    m.AccountSummary(
        request_id=17, account="DU1234567", tag="NetLiquidation", value="100000.5", currency="USD"
    ),
    m.AccountSummaryEnd(17),
    m.PositionMulti(
        request_id=18,
        account="DU1234567",
        contract=PUT,
        position=Decimal(-2),
        avg_cost=Decimal("310.55"),
        model_code="model",
    ),
    m.PositionMultiEnd(18),
    m.AccountUpdateMulti(
        request_id=19,
        account="DU1234567",
        model_code="model",
        key="CashBalance",
        value="5",
        currency="USD",
    ),
    m.AccountUpdateMultiEnd(19),
    m.SecurityDefinitionOptionParameter(
        request_id=20,
        exchange="SMART",
        underlying_con_id=756733,
        trading_class="SPY",
        multiplier="100",
        expirations=("20261218", "20270115"),
        strikes=(Decimal("412.5"), Decimal(415), Decimal("417.5")),
    ),
    m.SecurityDefinitionOptionParameterEnd(20),
    m.FamilyCodes((m.FamilyCode("DU1234567", "F1"), m.FamilyCode("DU7654321", ""))),
    m.SymbolSamples(
        21,
        (
            m.ContractDescription(
                con_id=265598,
                symbol="AAPL",
                sec_type="STK",
                primary_exchange="NASDAQ",
                currency="USD",
                derivative_sec_types=("OPT", "CFD"),
                description="APPLE INC",
                issuer_id="e123",
            ),
            m.ContractDescription(
                con_id=0,
                symbol="APL",
                sec_type="BOND",
                primary_exchange="",
                currency="USD",
                derivative_sec_types=(),
                description="",
                issuer_id="e1",
            ),
        ),
    ),
    m.MktDepthExchanges(
        (
            m.DepthMktDataDescription(
                exchange="ISLAND",
                sec_type="STK",
                listing_exch="NASDAQ",
                service_data_type="Deep",
                agg_group=3,
            ),
        )
    ),
    m.TickReqParams(
        request_id=11, min_tick=Decimal("0.01"), bbo_exchange="9c0001", snapshot_permissions=3
    ),
    m.SmartComponents(
        22,
        (
            m.SmartComponent(bit_number=0, exchange="NYSE", exchange_letter="N"),
            m.SmartComponent(bit_number=4, exchange="ARCA", exchange_letter="P"),
        ),
    ),
    m.NewsProviders((m.NewsProvider("BRFG", "Briefing"), m.NewsProvider("DJNL", "Dow Jones"))),
    m.HeadTimestamp(23, "19801212-14:30:00"),
    m.HistoricalDataUpdate(
        request_id=14,
        bar_count=3,
        date="20260115",
        open=Decimal(1),
        close=Decimal(2),
        high=Decimal(4),
        low=Decimal("0.5"),
        wap=Decimal("1.5"),
        volume=Decimal(100),
    ),
    m.MarketRule(
        26,
        (
            m.PriceIncrement(low_edge=Decimal(0), increment=Decimal("0.01")),
            m.PriceIncrement(low_edge=Decimal(3), increment=Decimal("0.05")),
        ),
    ),
    m.PnL(request_id=24, daily_pnl=Decimal("12.5"), unrealized_pnl=Decimal(-3), realized_pnl=None),
    m.PnLSingle(
        request_id=25,
        pos=Decimal(100),
        daily_pnl=Decimal("12.5"),
        unrealized_pnl=None,
        realized_pnl=Decimal(4),
        value=Decimal(15050),
    ),
    m.TickByTickLast(
        request_id=26,
        tick_type=2,
        time=1768491000,
        price=Decimal("150.1"),
        size=Decimal(100),
        past_limit=True,
        unreported=False,
        exchange="ARCA",
        special_conditions="  TI",
    ),
    m.TickByTickBidAsk(
        request_id=26,
        time=1768491000,
        bid_price=Decimal("150.1"),
        ask_price=Decimal("150.2"),
        bid_size=Decimal(3),
        ask_size=Decimal(4),
        bid_past_low=False,
        ask_past_high=True,
    ),
    m.TickByTickMidPoint(request_id=26, time=1768491000, mid_point=Decimal("150.15")),
    m.CompletedOrder(
        AAPL,
        LIMIT,
        m.WireOrderState(
            "Filled",
            completed_time="20260115 10:30:00 US/Eastern",
            completed_status="Filled Size: 100",
        ),
    ),
    m.CompletedOrdersEnd(),
    m.UserInfo(27, "brand"),
)


def reply(cls: type) -> object:
    """Return the sample of one class."""
    return next(sample for sample in REPLIES if type(sample) is cls)
