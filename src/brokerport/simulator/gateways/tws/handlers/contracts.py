"""Contract details, option chains, symbol search, market rules."""

from __future__ import annotations

from brokerport.domain.errors import UnknownContract
from brokerport.domain.instruments import Stock
from brokerport.simulator.exchange.trading_hours import trading_hours
from brokerport.simulator.gateways.exchanges import OPTION_EXCHANGES, SMART
from brokerport.simulator.gateways.tws.codes import NO_MARKET_RULE, NO_SECURITY_DEFINITION
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.session import DispatchTable, Session
from brokerport.simulator.gateways.tws.translate.contracts import market_rules
from brokerport.simulator.gateways.tws.translate.instruments import all_instruments
from brokerport.simulator.wire.tws.messages.contracts import (
    ContractData,
    ContractDataEnd,
    ContractDescription,
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


def _contract_details(session: Session, request: ReqContractDetails) -> None:
    served = session.served
    world = served.world
    found = all_instruments(world.listing, request.contract, served.today)
    hours = trading_hours(world.calendar, served.today)
    exchange = request.contract.exchange or SMART
    for instrument in found:
        details = served.contracts.details(instrument, exchange, hours)
        session.send(ContractData(request.request_id, details))
    session.send(ContractDataEnd(request.request_id))


def _option_parameters(session: Session, request: ReqSecDefOptParams) -> None:
    served = session.served
    underlying = served.world.listing.by_contract_id(request.underlying_con_id)
    if (
        not isinstance(underlying, Stock)
        or underlying.symbol != request.underlying_symbol
        or request.underlying_sec_type != "STK"
    ):
        raise Refused(
            NO_SECURITY_DEFINITION,
            detail=f" (contract id {request.underlying_con_id} is {underlying}, no "
            f"{request.underlying_sec_type} {request.underlying_symbol})",
        )
    if not request.fut_fop_exchange:
        _send_chains(session, request, underlying)
    session.send(SecurityDefinitionOptionParameterEnd(request.request_id))


def _send_chains(session: Session, request: ReqSecDefOptParams, underlying: Stock) -> None:
    served = session.served
    try:
        chain = served.world.listing.option_chain(underlying, served.today)
    except UnknownContract:
        # A stock without options has no chain; that is an empty answer at IBKR too.
        return
    for exchange in OPTION_EXCHANGES:
        session.send(
            SecurityDefinitionOptionParameter(
                request_id=request.request_id,
                exchange=exchange,
                underlying_con_id=request.underlying_con_id,
                trading_class=chain.trading_class,
                multiplier=str(chain.multiplier),
                expirations=tuple(f"{expiry:%Y%m%d}" for expiry in chain.expiries),
                strikes=chain.strikes,
            )
        )


def _matching_symbols(session: Session, request: ReqMatchingSymbols) -> None:
    listing = session.served.world.listing
    found = listing.find(request.pattern)
    session.send(
        SymbolSamples(
            request.request_id,
            tuple(
                ContractDescription(
                    con_id=details.contract_id,
                    symbol=details.instrument.symbol,
                    sec_type="STK",
                    primary_exchange=details.primary_exchange,
                    currency=details.instrument.currency,
                    derivative_sec_types=_derivatives(session, details.instrument.symbol),
                    description=details.long_name,
                )
                for details in found
            ),
        )
    )


def _derivatives(session: Session, symbol: str) -> tuple[str, ...]:
    listed = session.served.world.listing.listed(symbol)
    return () if listed.option_slot is None else ("OPT",)


def _market_rule(session: Session, request: ReqMarketRule) -> None:
    steps = market_rules().get(request.market_rule_id)
    if steps is None:
        raise Refused(NO_MARKET_RULE, rule=request.market_rule_id)
    session.send(
        MarketRule(request.market_rule_id, tuple(PriceIncrement(low, step) for low, step in steps))
    )


HANDLERS: DispatchTable = {
    ReqContractDetails: _contract_details,
    ReqSecDefOptParams: _option_parameters,
    ReqMatchingSymbols: _matching_symbols,
    ReqMarketRule: _market_rule,
}
