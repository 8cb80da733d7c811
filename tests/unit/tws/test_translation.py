"""ib_async's values into ours and back, exactly."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async.contract import Contract
from ib_async.contract import ContractDetails as TwsContractDetails
from ib_async.objects import CommissionReport, PriceIncrement
from ib_async.objects import Execution as TwsExecution
from ib_async.order import Order as TwsOrder
from ib_async.order import OrderState
from ib_async.util import UNSET_DOUBLE

from brokerport.adapters.tws import translate_contracts as contracts
from brokerport.adapters.tws import translate_numbers as numbers
from brokerport.adapters.tws import translate_orders as orders
from brokerport.domain.contracts import PriceIncrement as Step
from brokerport.domain.errors import Unsupported
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.ports.orders import BrokerOrderStatus
from tests.unit.tws.sample_orders import ACCOUNT, OURS, ticket

PUT = Option("AAPL", date(2026, 12, 18), Decimal("252.5"), OptionRight.PUT)


@given(st.decimals("0.0001", "999999", places=4))
def test_a_price_survives_the_float(price: Decimal) -> None:
    """The text that came over the wire is the Decimal, whatever binary made of it."""
    assert numbers.optional_number(float(price)) == price


@pytest.mark.parametrize(
    "unset",
    [None, "", UNSET_DOUBLE, math.nan, math.inf, -math.inf, "1.7976931348623157E308", "NaN"],
)
def test_ibkrs_ways_of_saying_no_value_are_none(unset: float | str | None) -> None:
    """No sentinel passes the translator."""
    assert numbers.optional_number(unset) is None


def test_a_value_that_must_be_there_is_named() -> None:
    """A missing margin is an error, not a zero."""
    with pytest.raises(ValueError, match="initMarginAfter"):
        numbers.number("", "initMarginAfter")


@pytest.mark.parametrize("price", ["1E+2", "0.0100", "250.05", "100.0", "0.00001"])
def test_a_price_is_written_in_plain_decimals(price: str) -> None:
    """TWS does not read an exponent."""
    text = str(numbers.wire_price(Decimal(price)))
    assert "E" not in text
    assert Decimal(text) == Decimal(price)


def test_a_naive_time_is_refused() -> None:
    """Nobody knows when a time without a zone was."""
    with pytest.raises(ValueError, match="no time zone"):
        numbers.utc_time(datetime(2026, 1, 5, 9, 30))  # noqa: DTZ001


def test_a_time_becomes_utc() -> None:
    """Half past nine in New York in January is 14:30 UTC."""
    at = datetime(2026, 1, 5, 9, 30, tzinfo=ZoneInfo("America/New_York"))
    assert numbers.utc_time(at) == datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stamp", "zone"),
    [
        ("20240120 12:00:00 EST", "America/New_York"),
        ("20240720 12:00:00 EDT", "America/New_York"),
        ("20240120 12:00:00 Europe/Amsterdam", "Europe/Amsterdam"),
        ("20240120 12:00:00 Mars", "America/New_York"),
        ("", "America/New_York"),
    ],
)
def test_the_login_zone_is_read_from_the_handshake(stamp: str, zone: str) -> None:
    """EST is New York in summer too; what cannot be read is New York."""
    assert numbers.login_time_zone(stamp) == zone


@pytest.mark.parametrize("instrument", [Stock("AAPL"), Stock("BRK B"), PUT])
def test_an_instrument_survives_its_contract(instrument: Instrument) -> None:
    """There and back is the same instrument."""
    contract = contracts.to_contract(instrument, 4711)
    assert contract.conId == 4711
    assert contract.exchange == "SMART"
    assert contracts.to_instrument(contract) == instrument


@pytest.mark.parametrize(
    "contract",
    [
        Contract(secType="FUT", symbol="ES", currency="USD"),
        Contract(secType="BAG", symbol="AAPL", currency="USD"),
        Contract(secType="STK", symbol="aapl", currency="USD"),
        Contract(secType="OPT", symbol="AAPL", strike=100.0, right="?", currency="USD"),
    ],
)
def test_a_contract_we_have_no_words_for_is_named(contract: Contract) -> None:
    """It is neither guessed at nor left out."""
    with pytest.raises(Unsupported, match=contract.symbol):
        contracts.to_instrument(contract)


def test_the_market_rule_is_smarts() -> None:
    """Rules stand in the order of the exchanges."""
    details = TwsContractDetails(validExchanges="NYSE,SMART,CBOE", marketRuleIds="1,26,3")
    assert contracts.market_rule_id(details) == 26
    assert contracts.market_rule_id(TwsContractDetails()) is None


def test_details_take_the_rules_steps_or_the_tick() -> None:
    """Without a market rule, minTick is the only step."""
    contract = contracts.to_contract(Stock("AAPL"), 265598)
    found = TwsContractDetails(contract=contract, minTick=0.01, longName="APPLE INC")
    alone = contracts.to_details(Stock("AAPL"), found, ())
    assert alone.price_increments == (Step(Decimal(0), Decimal("0.01")),)
    rule = contracts.to_price_increments([PriceIncrement(3.0, 0.1), PriceIncrement(0.0, 0.05)])
    ruled = contracts.to_details(Stock("AAPL"), found, rule)
    assert ruled.tick_size(Decimal("2.95")) == Decimal("0.05")
    assert ruled.tick_size(Decimal(3)) == Decimal("0.1")
    assert (ruled.contract_id, ruled.long_name) == (265598, "APPLE INC")


@pytest.mark.parametrize(
    "order_type",
    [
        Market(),
        Limit(Decimal("250.05")),
        Stop(Decimal("240")),
        StopLimit(Decimal("240"), Decimal("239.95")),
    ],
)
def test_an_order_type_survives_its_order(order_type: OrderType) -> None:
    """There and back is the same order type."""
    order = orders.to_tws_order(ticket(), Decimal(100), order_type, reference=OURS)
    assert orders.to_order_type(order) == order_type
    assert orders.to_time_in_force(order) is TimeInForce.DAY
    assert orders.to_side(order.action) is Side.BUY
    assert (order.orderRef, order.account) == (OURS, ACCOUNT.account_id)
    assert str(order.totalQuantity) == "100"


@pytest.mark.parametrize(
    "order",
    [
        TwsOrder(orderType="TRAIL"),
        TwsOrder(orderType="LMT"),
        TwsOrder(orderType="STP", auxPrice=0.0),
    ],
)
def test_an_order_type_we_have_no_words_for_is_named(order: TwsOrder) -> None:
    """Neither an unknown type nor one without its price is guessed at."""
    with pytest.raises(Unsupported, match=order.orderType):
        orders.to_order_type(order)


@pytest.mark.parametrize(
    ("status", "why_held", "expected"),
    [
        ("Submitted", "", BrokerOrderStatus.WORKING),
        ("PreSubmitted", "", BrokerOrderStatus.WORKING),
        ("PendingCancel", "", BrokerOrderStatus.WORKING),
        ("Filled", "", BrokerOrderStatus.FILLED),
        ("Cancelled", "", BrokerOrderStatus.CANCELLED),
        ("ApiCancelled", "", BrokerOrderStatus.CANCELLED),
        ("Inactive", "", BrokerOrderStatus.REJECTED),
        ("Inactive", "locate", BrokerOrderStatus.WORKING),
    ],
)
def test_a_status_on_record(status: str, why_held: str, expected: BrokerOrderStatus) -> None:
    """A held order is working; an inactive one that is not held is refused."""
    assert orders.to_broker_order_status(status, why_held) is expected


def tws_execution(**changes: object) -> TwsExecution:
    """A fill of the sample ticket."""
    fill = TwsExecution(
        execId="0000e0d5.6571a2bc.01.01",
        time=datetime(2026, 1, 5, 14, 31, tzinfo=UTC),
        acctNumber="DU1000001",
        side="BOT",
        shares=40.0,
        price=250.05,
        permId=900_001,
        clientId=7,
        orderId=101,
        orderRef=OURS,
    )
    for name, value in changes.items():
        setattr(fill, name, value)
    return fill


def test_an_execution_is_translated_whole() -> None:
    """Every field of a fill arrives, exactly."""
    contract = contracts.to_contract(Stock("AAPL"), 1)
    execution = orders.to_execution(contract, tws_execution())
    assert execution.execution_id == "0000e0d5.6571a2bc.01.01"
    assert (execution.side, execution.quantity) == (Side.BUY, Decimal(40))
    assert execution.price == Decimal("250.05")
    assert execution.executed_at == datetime(2026, 1, 5, 14, 31, tzinfo=UTC)
    assert (execution.order_reference, execution.perm_id) == (OURS, 900_001)
    assert execution.broker_account == ACCOUNT


@pytest.mark.parametrize("changes", [{"price": 0.0}, {"shares": 0.0}, {"side": "?"}])
def test_an_impossible_execution_is_named(changes: dict[str, object]) -> None:
    """A fill that cannot be is never made up into one that can."""
    contract = contracts.to_contract(Stock("AAPL"), 1)
    with pytest.raises(Unsupported):
        orders.to_execution(contract, tws_execution(**changes))


def test_the_profit_of_an_opening_trade_is_none() -> None:
    """IBKR sends its largest double there."""
    opening = CommissionReport("e", 1.02, "USD", UNSET_DOUBLE)
    closing = CommissionReport("e", 1.02, "USD", -12.5)
    assert orders.to_commission(opening).realised_pnl is None
    assert orders.to_commission(closing).realised_pnl == usd("-12.5")
    assert orders.to_commission(closing).amount == usd("1.02")


def test_a_what_if_keeps_its_margins_exact() -> None:
    """Margins come as texts; a commission that is not estimated is None."""
    state = OrderState(
        initMarginBefore="0.1",
        initMarginAfter="12500.3",
        maintMarginBefore="0.1",
        maintMarginAfter="11000",
        equityWithLoanBefore="100000",
        equityWithLoanAfter="99999.5",
    )
    impact = orders.to_margin_impact(state, "USD")
    assert impact.initial_margin_change == Decimal("12500.2")
    assert impact.commission is None
    state.initMarginAfter = "1.7976931348623157E308"
    with pytest.raises(ValueError, match="initMarginAfter"):
        orders.to_margin_impact(state, "USD")
