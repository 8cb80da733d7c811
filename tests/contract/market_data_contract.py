"""The market data and contract ports: quotes, instruments, chains."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from attrs import evolve

from brokerport.domain.errors import UnknownContract
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.market_data import Greeks, MarketDataKind
from brokerport.ports.adapter import Capability
from brokerport.simulator.market.market import SessionStatistics
from tests.contract.harness import AAPL, MSFT, PUT, AdapterHarness

GREEKS = Greeks(
    delta=Decimal("-0.45"),
    gamma=Decimal("0.02"),
    theta=Decimal("-0.05"),
    vega=Decimal("0.3"),
    implied_volatility=Decimal("0.25"),
    underlying_price=Decimal("250.02"),
    model_price=Decimal("3.1"),
)
UNLISTED: dict[str, Instrument] = {
    "a symbol nobody has": Stock("NOPE"),
    "a strike between two": evolve(PUT, strike=Decimal("250.001")),
    "a day without expiry": evolve(PUT, expiry=date(2026, 1, 22)),
    "an expired option": evolve(PUT, expiry=date(2026, 1, 2)),
}


class MarketDataContract:
    """What the market shows."""

    def test_a_quote_has_both_sides(self, harness: AdapterHarness) -> None:
        """Prices exactly as they are displayed, and how much stands there."""
        harness.market.set_quote(AAPL, "250.01", "250.04", 700, 200, "250.02", 50)
        quote = harness.run(harness.adapter.market_data.quote(AAPL))
        assert quote.instrument == AAPL
        assert (quote.bid, quote.bid_size) == (Decimal("250.01"), Decimal(700))
        assert (quote.ask, quote.ask_size) == (Decimal("250.04"), Decimal(200))
        assert (quote.last, quote.last_size) == (Decimal("250.02"), Decimal(50))
        assert quote.mid == Decimal("250.025")
        assert quote.kind is MarketDataKind.LIVE
        assert quote.as_of == harness.run(harness.adapter.session.broker_time())

    @pytest.mark.parametrize("volume", [0, 12_000])
    def test_a_quote_tells_the_session(self, harness: AdapterHarness, volume: int) -> None:
        """The last close and what has traded since; nothing traded yet is zero, not unknown."""
        harness.market.set_statistics(
            AAPL,
            SessionStatistics(
                open=Decimal("249.50"),
                high=Decimal("250.40"),
                low=Decimal("249.10"),
                previous_close=Decimal("248.75"),
                volume=Decimal(volume),
            ),
        )
        quote = harness.run(harness.adapter.market_data.quote(AAPL))
        assert (quote.close, quote.volume) == (Decimal("248.75"), Decimal(volume))

    def test_an_empty_side_is_none(self, harness: AdapterHarness) -> None:
        """Nothing offered is not an offer at zero."""
        harness.show(AAPL, "250.01", None)
        quote = harness.run(harness.adapter.market_data.quote(AAPL))
        assert (quote.bid, quote.ask, quote.ask_size) == (Decimal("250.01"), None, None)
        assert quote.mid is None

    def test_a_silent_market_is_an_empty_quote(self, harness: AdapterHarness) -> None:
        """An instrument without any quote answers, with nothing in it."""
        harness.market.clear(AAPL)
        quote = harness.run(harness.adapter.market_data.quote(AAPL))
        assert (quote.bid, quote.ask, quote.last) == (None, None, None)

    def test_a_quote_is_of_now(self, harness: AdapterHarness) -> None:
        """The second quote shows what changed."""
        harness.run(harness.adapter.market_data.quote(AAPL))
        harness.show(AAPL, "260.00", "260.05")
        quote = harness.run(harness.adapter.market_data.quote(AAPL))
        assert quote.bid == Decimal(260)

    def test_an_option_comes_with_its_greeks(self, harness: AdapterHarness) -> None:
        """As the model has them, exactly."""
        harness.market.set_greeks(PUT, GREEKS)
        quote = harness.run(harness.adapter.market_data.quote(PUT))
        assert (quote.bid, quote.ask) == (Decimal("3.00"), Decimal("3.20"))
        expected = GREEKS
        if not harness.tells_model_prices:
            expected = evolve(GREEKS, underlying_price=None, model_price=None)
        has_greeks = Capability.OPTION_GREEKS in harness.adapter.capabilities
        assert quote.greeks == (expected if has_greeks else None)

    def test_an_option_without_a_model_has_no_greeks(self, harness: AdapterHarness) -> None:
        """None is made up."""
        assert harness.run(harness.adapter.market_data.quote(PUT)).greeks is None

    @pytest.mark.parametrize("why", UNLISTED)
    def test_what_is_not_listed_has_no_quote(self, harness: AdapterHarness, why: str) -> None:
        """The broker knows no such instrument."""
        with pytest.raises(UnknownContract):
            harness.run(harness.adapter.market_data.quote(UNLISTED[why]))


class ContractLookupContract:
    """What can be traded."""

    def test_a_stock_is_looked_up(self, harness: AdapterHarness) -> None:
        """IBKR's number, name, home and tick."""
        details = harness.run(harness.adapter.contracts.details(AAPL))
        assert (details.instrument, details.contract_id) == (AAPL, 265598)
        assert (details.long_name, details.primary_exchange) == ("APPLE INC", "NASDAQ")
        assert details.tick_size(Decimal(250)) == Decimal("0.01")
        assert details.exchange_time_zone == "America/New_York"

    def test_an_option_is_looked_up(self, harness: AdapterHarness) -> None:
        """Its tick grows at three dollars."""
        details = harness.run(harness.adapter.contracts.details(PUT))
        assert details.instrument == PUT
        assert details.contract_id not in (0, 265598)
        assert details.tick_size(Decimal("2.99")) == Decimal("0.01")
        assert details.tick_size(Decimal("3.00")) == Decimal("0.05")

    def test_two_instruments_have_two_numbers(self, harness: AdapterHarness) -> None:
        """A put and a call of the same strike are not the same."""
        call = evolve(PUT, right=OptionRight.CALL)
        numbers = {
            harness.run(harness.adapter.contracts.details(one)).contract_id
            for one in (AAPL, MSFT, PUT, call)
        }
        assert len(numbers) == 4

    @pytest.mark.parametrize("why", UNLISTED)
    def test_what_is_not_listed_is_unknown(self, harness: AdapterHarness, why: str) -> None:
        """The broker knows no such instrument."""
        with pytest.raises(UnknownContract):
            harness.run(harness.adapter.contracts.details(UNLISTED[why]))

    def test_stocks_are_found_by_symbol_and_by_name(self, harness: AdapterHarness) -> None:
        """A part is enough."""
        find = harness.adapter.contracts.find
        assert AAPL in harness.run(find("AAP"))
        assert AAPL in harness.run(find("apple"))
        assert harness.run(find("QQQQQQ")) == ()

    def test_an_option_chain_lists_what_can_be_looked_up(self, harness: AdapterHarness) -> None:
        """Expiries and strikes in ascending order, each a real contract."""
        chain = harness.run(harness.adapter.contracts.option_chain(AAPL))
        assert (chain.underlying, chain.trading_class, chain.multiplier) == (AAPL, "AAPL", 100)
        assert list(chain.expiries) == sorted(set(chain.expiries))
        assert list(chain.strikes) == sorted(set(chain.strikes))
        assert PUT.expiry in chain.expiries
        assert PUT.strike in chain.strikes
        strike = min(chain.strikes, key=lambda one: abs(one - 250))
        nearest = Option("AAPL", chain.expiries[0], strike, OptionRight.CALL)
        details = harness.run(harness.adapter.contracts.details(nearest))
        assert details.instrument == nearest

    def test_an_unknown_stock_has_no_chain(self, harness: AdapterHarness) -> None:
        """The broker knows no such stock."""
        with pytest.raises(UnknownContract):
            harness.run(harness.adapter.contracts.option_chain(Stock("NOPE")))
