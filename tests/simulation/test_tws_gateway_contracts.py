"""Contracts through the TWS gateway: details, chains, search, market rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from brokerport.domain.instruments import Option
from brokerport.simulator.gateways.tws.translate.contracts import market_rule_of
from brokerport.simulator.wire.tws.messages.advisor import (
    FamilyCode,
    FamilyCodes,
    NewsProviders,
    ReqFamilyCodes,
    ReqNewsProviders,
    ReqScannerParameters,
    RequestFA,
    ScannerParameters,
)
from brokerport.simulator.wire.tws.messages.contracts import (
    ContractData,
    ContractDataEnd,
    MarketRule,
    PriceIncrement,
    ReqContractDetails,
    ReqMarketRule,
    ReqMatchingSymbols,
    ReqSecDefOptParams,
    SecurityDefinitionOptionParameter,
    SecurityDefinitionOptionParameterEnd,
    SymbolSamples,
)
from brokerport.simulator.wire.tws.messages.values import WireContract
from tests.simulation.trading_floor import AAPL, PUT
from tests.simulation.tws_door import (
    AAPL_ID,
    ACCOUNT,
    OPTION,
    STOCK,
    Door,
    RawClient,
    errors,
    every,
    only,
    play,
)

D = Decimal
PUT_ID_TEXT = "AAPL  260109P00260000"


async def look_up(client: RawClient, **fields: Any) -> list[WireContract]:
    """Return the contracts that a description fits."""
    messages = await client.ask(ReqContractDetails(1, WireContract(**fields)))
    found = [message.contract_details.contract for message in every(ContractData, messages)]
    assert isinstance(messages[-1], ContractDataEnd) == bool(found)
    return found


def test_a_stock_s_details_are_told() -> None:
    """The contract in full, and what an order for it must keep to."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqContractDetails(1, STOCK))
        details = only(ContractData, messages).contract_details
        assert messages[-1] == ContractDataEnd(1)
        assert details.contract == WireContract(
            con_id=AAPL_ID,
            symbol="AAPL",
            sec_type="STK",
            exchange="SMART",
            primary_exchange="NASDAQ",
            currency="USD",
            local_symbol="AAPL",
            trading_class="NMS",
        )
        assert details.long_name == "APPLE INC"
        assert details.min_tick == D("0.01")
        assert details.stock_type == "COMMON"
        assert details.time_zone_id == "US/Eastern"
        assert details.trading_hours.startswith("20260105:0930-20260105:1600;")
        assert "20260110:CLOSED" in details.trading_hours
        assert {"SMART", "NASDAQ"} <= set(details.valid_exchanges.split(","))
        assert set(details.order_types.split(",")) >= {"LMT", "MKT", "STP"}
        assert len(details.market_rule_ids.split(",")) == len(details.valid_exchanges.split(","))

    play(story)


def test_an_option_s_details_are_told() -> None:
    """The contract in full, and its underlying."""

    async def story(door: Door) -> None:
        client = await door.client()
        details = only(
            ContractData, await client.ask(ReqContractDetails(1, OPTION))
        ).contract_details
        contract = details.contract
        assert contract.local_symbol == PUT_ID_TEXT
        assert (contract.trading_class, contract.multiplier) == ("AAPL", "100")
        assert (details.under_con_id, details.under_symbol) == (AAPL_ID, "AAPL")
        assert (details.contract_month, details.real_expiration_date) == ("202601", "20260109")
        assert door.world.listing.by_contract_id(contract.con_id) == PUT

    play(story)


@pytest.mark.parametrize(
    "fields",
    [
        {"con_id": AAPL_ID},
        {"con_id": AAPL_ID, "exchange": "SMART"},
        {"symbol": "AAPL", "sec_type": "STK"},
        {"symbol": "AAPL", "sec_type": "STK", "exchange": "ARCA", "currency": "USD"},
        {"symbol": "AAPL", "sec_type": "STK", "primary_exchange": "NASDAQ"},
        {"symbol": "AAPL", "sec_type": "STK", "primary_exchange": "ISLAND"},
        {"local_symbol": "AAPL", "sec_type": "STK"},
    ],
)
def test_a_stock_is_found_by_each_description(fields: dict[str, Any]) -> None:
    """By its id, its symbol or its local symbol; what is left empty fits anything."""

    async def story(door: Door) -> None:
        assert [c.con_id for c in await look_up(await door.client(), **fields)] == [AAPL_ID]

    play(story)


@pytest.mark.parametrize(
    "fields",
    [
        {"sec_type": "OPT", "local_symbol": PUT_ID_TEXT},
        {"sec_type": "OPT", "local_symbol": "AAPL260109P00260000"},
        {"sec_type": "OPT", "local_symbol": PUT_ID_TEXT, "symbol": "AAPL", "strike": D(260)},
        {
            "sec_type": "OPT",
            "symbol": "AAPL",
            "last_trade_date_or_contract_month": "20260109",
            "strike": D("260.0"),
            "right": "PUT",
        },
        {
            "sec_type": "OPT",
            "symbol": "AAPL",
            "last_trade_date_or_contract_month": "20260109",
            "strike": D(260),
            "right": "P",
            "trading_class": "AAPL",
            "multiplier": "100",
            "exchange": "CBOE",
        },
    ],
)
def test_an_option_is_found_by_each_description(fields: dict[str, Any]) -> None:
    """By its OSI symbol, with or without blanks, or by its terms; and by its id."""

    async def story(door: Door) -> None:
        client = await door.client()
        [found] = await look_up(client, **fields)
        assert found.local_symbol == PUT_ID_TEXT
        assert [c.local_symbol for c in await look_up(client, con_id=found.con_id)] == [PUT_ID_TEXT]

    play(story)


def test_a_partial_description_finds_every_option_that_fits() -> None:
    """What is left open is answered with every listed value of it."""

    async def story(door: Door) -> None:
        client = await door.client()
        listed = list(door.world.listing.options(AAPL, door.world.clock.now().date()))
        chain = {"symbol": "AAPL", "sec_type": "OPT"}
        assert len(await look_up(client, **chain)) == len(listed)

        def count(**wanted: Any) -> int:
            return sum(
                all(getattr(option, name) == value for name, value in wanted.items())
                for option in listed
            )

        day = {"last_trade_date_or_contract_month": "20260109"}
        assert len(await look_up(client, **chain, **day)) == count(expiry=PUT.expiry)
        assert len(await look_up(client, **chain, **day, right="C")) == count(expiry=PUT.expiry) / 2
        found = await look_up(client, **chain, strike=D(260), right="P")
        assert len(found) == count(strike=D(260), right=PUT.right)
        month = await look_up(client, **chain, last_trade_date_or_contract_month="202601")
        in_month = [o for o in listed if (o.expiry.year, o.expiry.month) == (2026, 1)]
        assert len(month) == len(in_month)

    play(story)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"con_id": 1}, 200),
        ({"con_id": AAPL_ID, "symbol": "MSFT"}, 478),
        ({"con_id": AAPL_ID, "sec_type": "OPT"}, 478),
        ({"con_id": AAPL_ID, "currency": "EUR"}, 478),
        ({}, 200),
        ({"symbol": "AAPL"}, 200),
        ({"symbol": "NOSUCH", "sec_type": "STK"}, 200),
        ({"symbol": "aapl", "sec_type": "STK"}, 200),
        ({"symbol": "AAPL", "sec_type": "STK", "currency": "EUR"}, 200),
        ({"symbol": "AAPL", "sec_type": "STK", "exchange": "LSE"}, 200),
        ({"symbol": "AAPL", "sec_type": "STK", "primary_exchange": "NYSE"}, 200),
        ({"symbol": "ES", "sec_type": "FUT"}, 200),
        ({"sec_type": "OPT"}, 200),
        ({"sec_type": "OPT", "local_symbol": "no option"}, 200),
        ({"sec_type": "OPT", "local_symbol": PUT_ID_TEXT, "symbol": "MSFT"}, 200),
        ({"sec_type": "OPT", "symbol": "AAPL", "strike": D("260.01")}, 200),
        ({"sec_type": "OPT", "symbol": "AAPL", "right": "X"}, 200),
        ({"sec_type": "OPT", "symbol": "AAPL", "multiplier": "10"}, 200),
        (
            {
                "sec_type": "OPT",
                "symbol": "AAPL",
                "last_trade_date_or_contract_month": "20260107",
                "strike": D(260),
                "right": "P",
            },
            200,
        ),
        ({"symbol": "AAPL", "sec_type": "STK", "sec_id_type": "ISIN", "sec_id": "US03"}, 200),
    ],
)
def test_what_fits_nothing_is_an_error(fields: dict[str, Any], code: int) -> None:
    """Error 200, or 478 for a contradiction, under the request's id; never an empty list."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqContractDetails(1, WireContract(**fields)))
        assert errors(messages) == [(1, code)]
        assert every(ContractDataEnd, messages) == []

    play(story)


def test_an_expired_option_is_not_found() -> None:
    """The Monday after its expiry an option is listed no more."""

    async def story(door: Door) -> None:
        client = await door.client()
        [option] = await look_up(client, **_terms(PUT))
        door.world.advance_to(door.world.calendar.next_close(door.world.clock.now()))
        for _ in range(5):
            door.world.advance_to(door.world.calendar.next_open(door.world.clock.now()))
        messages = await client.ask(
            ReqContractDetails(1, OPTION),
            ReqContractDetails(2, WireContract(con_id=option.con_id)),
        )
        assert errors(messages) == [(1, 200), (2, 200)]

    play(story)


def _terms(option: Option) -> dict[str, Any]:
    return {
        "symbol": option.underlying,
        "sec_type": "OPT",
        "last_trade_date_or_contract_month": f"{option.expiry:%Y%m%d}",
        "strike": option.strike,
        "right": option.right.value,
    }


def test_option_chains_are_told_per_exchange() -> None:
    """SMART is among the exchanges; each chain has the listing's expiries and strikes."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(ReqSecDefOptParams(3, "AAPL", "", "STK", AAPL_ID))
        assert messages[-1] == SecurityDefinitionOptionParameterEnd(3)
        chains = every(SecurityDefinitionOptionParameter, messages)
        assert len({chain.exchange for chain in chains}) == len(chains) > 1
        smart = next(chain for chain in chains if chain.exchange == "SMART")
        listed = door.world.listing.option_chain(AAPL, door.world.clock.now().date())
        assert smart.strikes == listed.strikes
        assert smart.expirations == tuple(f"{day:%Y%m%d}" for day in listed.expiries)
        assert (smart.trading_class, smart.multiplier) == ("AAPL", "100")
        assert smart.underlying_con_id == AAPL_ID

    play(story)


def test_the_chain_of_nothing_is_an_error_and_of_futures_an_empty_list() -> None:
    """An unknown or contradictory underlying is 200; a futures exchange has no stock options."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(
            ReqSecDefOptParams(1, "AAPL", "", "STK", 1),
            ReqSecDefOptParams(2, "MSFT", "", "STK", AAPL_ID),
            ReqSecDefOptParams(3, "AAPL", "", "FUT", AAPL_ID),
            ReqSecDefOptParams(4, "AAPL", "CME", "STK", AAPL_ID),
        )
        assert errors(messages) == [(1, 200), (2, 200), (3, 200)]
        assert messages[-1] == SecurityDefinitionOptionParameterEnd(4)

    play(story)


def test_symbols_are_searched_by_beginning_and_name() -> None:
    """An exact symbol comes first; nothing found is an empty list, no pattern an error."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(
            ReqMatchingSymbols(1, "aapl"),
            ReqMatchingSymbols(2, "apple"),
            ReqMatchingSymbols(3, "zzzz"),
            ReqMatchingSymbols(4, " "),
        )
        by_symbol, by_name, none = every(SymbolSamples, messages)
        [found] = by_symbol.contract_descriptions
        assert (found.con_id, found.sec_type, found.derivative_sec_types) == (
            AAPL_ID,
            "STK",
            ("OPT",),
        )
        assert found in by_name.contract_descriptions
        assert none == SymbolSamples(3, ())
        assert errors(messages) == [(4, 322)]

    play(story)


def test_market_rules_hold_the_price_steps() -> None:
    """Each rule named in contract details can be asked for; others are an error."""

    async def story(door: Door) -> None:
        client = await door.client()
        for instrument in (AAPL, PUT):
            details = door.world.listing.details(instrument)
            rule = market_rule_of(details)
            steps = tuple(PriceIncrement(s.low_edge, s.increment) for s in details.price_increments)
            assert await client.ask(ReqMarketRule(rule)) == [MarketRule(rule, steps)]
        assert errors(await client.ask(ReqMarketRule(99999))) == [(-1, 124)]

    play(story)


def test_every_listed_instrument_has_a_market_rule() -> None:
    """No stock or option of the listing has price steps that no rule describes."""

    async def story(door: Door) -> None:
        listing, today = door.world.listing, door.world.clock.now().date()
        for stock in listing.stocks:
            assert market_rule_of(listing.details(stock)) > 0
            if listing.listed(stock.symbol).option_slot is not None:
                option = next(listing.options(stock, today))
                assert market_rule_of(listing.details(option)) > 0

    play(story)


def test_the_server_s_lists_are_answered() -> None:
    """Family codes are the accounts; news and scans are none; an advisor's data is refused."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(
            ReqFamilyCodes(), ReqNewsProviders(), ReqScannerParameters(), RequestFA(1)
        )
        assert messages[:2] == [FamilyCodes((FamilyCode(ACCOUNT, ""),)), NewsProviders(())]
        assert only(ScannerParameters, messages).xml.startswith("<?xml")
        assert errors(messages) == [(-1, 321)]

    play(story)


def test_details_are_told_at_every_version() -> None:
    """The layouts before and after the size rules carry the same contract."""

    async def story(door: Door) -> None:
        told = []
        for client_id, version in enumerate((157, 163, 176, 178)):
            client = await door.client(client_id, version)
            data = only(ContractData, await client.ask(ReqContractDetails(1, OPTION)))
            told.append(data.contract_details)
        assert len({details.contract for details in told}) == 1
        assert evolve(told[0], min_size=D(1), size_increment=D(1)).min_tick == told[3].min_tick

    play(story)
