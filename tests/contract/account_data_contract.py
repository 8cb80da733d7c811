"""The account data port: positions, balances, profit and loss, read and heard."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import RequestRefused
from brokerport.domain.money import usd
from brokerport.domain.positions import Holding
from brokerport.ports.account_data import AccountDataPort
from brokerport.ports.adapter import Capability
from brokerport.ports.session import PositionReported
from tests.contract.harness import AAPL, GEN, PUT, REV, AdapterHarness

STRANGER = BrokerAccount("DU9999999")
READS: dict[str, Callable[[AccountDataPort], Coroutine[Any, Any, object]]] = {
    "positions": lambda data: data.positions(STRANGER),
    "balances": lambda data: data.balances(STRANGER),
    "profit_and_loss": lambda data: data.profit_and_loss(STRANGER),
}


class AccountDataContract:
    """What an account holds and is worth."""

    def hears_positions(self, harness: AdapterHarness) -> bool:
        """Whether the adapter claims to tell of changed positions by itself."""
        return Capability.POSITION_STREAM in harness.adapter.capabilities

    def test_an_empty_account_holds_nothing(self, harness: AdapterHarness) -> None:
        """That is an answer, not a failure."""
        assert harness.run(harness.adapter.account_data.positions(GEN)) == ()

    def test_a_position_costs_its_price_and_commission(self, harness: AdapterHarness) -> None:
        """The average cost is of one share, or of one contract with its multiplier."""
        harness.buy(100)
        harness.buy(2, instrument=PUT)
        positions = harness.run(harness.adapter.account_data.positions(GEN))
        held = {one.instrument: one for one in positions}
        assert held[AAPL] == Holding(AAPL, Decimal(100), Decimal("250.06"))
        assert held[PUT].quantity == 2
        assert held[PUT].average_cost > 320
        assert len(positions) == 2

    def test_a_written_option_is_held_short(self, harness: AdapterHarness) -> None:
        """Its quantity is negative."""
        harness.sell(1, instrument=PUT)
        (holding,) = harness.run(harness.adapter.account_data.positions(GEN))
        assert (holding.instrument, holding.quantity) == (PUT, Decimal(-1))

    def test_a_closed_position_is_left_out(self, harness: AdapterHarness) -> None:
        """Flat is not held."""
        harness.buy(100)
        harness.sell(100)
        assert harness.run(harness.adapter.account_data.positions(GEN)) == ()

    def test_a_change_of_position_is_heard(self, harness: AdapterHarness) -> None:
        """Opened, reduced, and closed: the last is told with quantity zero."""
        harness.buy(100)
        harness.sell(40)
        harness.sell(60)
        events = harness.events(PositionReported)
        told = [(event.broker_account, event.holding.quantity) for event in events]
        expected = [(GEN, Decimal(100)), (GEN, Decimal(60)), (GEN, Decimal(0))]
        assert told == (expected if self.hears_positions(harness) else [])

    def test_a_position_is_its_accounts_own(self, harness: AdapterHarness) -> None:
        """The other account hears and holds nothing."""
        harness.buy(10, account=REV)
        assert harness.run(harness.adapter.account_data.positions(GEN)) == ()
        told = [event.broker_account for event in harness.events(PositionReported)]
        assert told == ([REV] if self.hears_positions(harness) else [])

    def test_balances_begin_with_the_cash(self, harness: AdapterHarness) -> None:
        """Nothing is bound, and each account has its own."""
        mine = harness.run(harness.adapter.account_data.balances(GEN))
        theirs = harness.run(harness.adapter.account_data.balances(REV))
        assert (mine.total_cash, theirs.total_cash) == (usd(100_000), usd(50_000))
        assert mine.net_liquidation == usd(100_000)
        assert (mine.initial_margin, mine.maintenance_margin) == (usd(0), usd(0))
        assert mine.available_funds == mine.excess_liquidity == usd(100_000)
        assert mine.buying_power >= mine.total_cash

    def test_a_purchase_takes_its_price_and_commission_from_cash(
        self, harness: AdapterHarness
    ) -> None:
        """100 shares at 250.05 and one dollar."""
        harness.buy(100)
        balances = harness.run(harness.adapter.account_data.balances(GEN))
        assert balances.total_cash == usd("74994.00")
        assert balances.initial_margin > usd(0)
        assert balances.available_funds < usd(100_000)

    def test_balances_say_when_they_were_true(self, harness: AdapterHarness) -> None:
        """They are of the broker's present time."""
        harness.pass_time()
        balances = harness.run(harness.adapter.account_data.balances(GEN))
        assert balances.as_of == harness.run(harness.adapter.session.broker_time())

    def test_profit_is_realised_and_unrealised(self, harness: AdapterHarness) -> None:
        """A round trip at the spread loses it, and both commissions."""
        harness.buy(100)
        harness.sell(40)
        result = harness.run(harness.adapter.account_data.profit_and_loss(GEN))
        assert result.realised == usd("-3.40")
        assert result.unrealised < usd(0)
        assert result.daily == result.realised + result.unrealised
        idle = harness.run(harness.adapter.account_data.profit_and_loss(REV))
        assert (idle.daily, idle.unrealised, idle.realised) == (usd(0), usd(0), usd(0))

    @pytest.mark.parametrize("read", READS)
    def test_a_strange_account_is_refused(self, harness: AdapterHarness, read: str) -> None:
        """An account of which nothing is known is not an empty one."""
        with pytest.raises(RequestRefused):
            harness.run(READS[read](harness.adapter.account_data))
