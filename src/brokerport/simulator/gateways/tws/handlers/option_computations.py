"""Requests to compute an option's volatility or price (54 and 55)."""

from __future__ import annotations

from brokerport.domain.instruments import Option
from brokerport.simulator.gateways.tws.codes import CANNOT_PROCESS, NO_SECURITY_DEFINITION
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.option_model import OptionModel
from brokerport.simulator.gateways.tws.session import DispatchTable, Session
from brokerport.simulator.gateways.tws.translate.instruments import one_instrument
from brokerport.simulator.gateways.tws.translate.ticks import option_computation
from brokerport.simulator.wire.tws.messages.market_data import (
    CalculateImpliedVolatility,
    CalculateOptionPrice,
    CancelCalculateImpliedVolatility,
    CancelCalculateOptionPrice,
)
from brokerport.simulator.wire.tws.messages.values import WireContract

_CUSTOM = 53
"""The tick number of a computation asked for (TWS API, "Available Tick Types")."""


def _implied_volatility(session: Session, request: CalculateImpliedVolatility) -> None:
    option = _option(session, request.contract)
    served = session.served
    found = OptionModel(served.world.calendar).at_price(
        option, request.option_price, request.under_price, served.now
    )
    if found is None:
        raise Refused(
            CANNOT_PROCESS,
            field="calculateImpliedVolatility",
            cause=f"no volatility explains the price {request.option_price}",
        )
    session.send(option_computation(request.request_id, _CUSTOM, found, request.option_price))


def _option_price(session: Session, request: CalculateOptionPrice) -> None:
    option = _option(session, request.contract)
    served = session.served
    found = OptionModel(served.world.calendar).at_volatility(
        option, request.volatility, request.under_price, served.now
    )
    session.send(option_computation(request.request_id, _CUSTOM, found))


def _option(session: Session, contract: WireContract) -> Option:
    served = session.served
    instrument = one_instrument(served.world.listing, contract, served.today)
    if not isinstance(instrument, Option):
        raise Refused(NO_SECURITY_DEFINITION, detail=f" ({instrument} is no option)")
    return instrument


def _nothing_to_cancel(
    _session: Session, _request: CancelCalculateImpliedVolatility | CancelCalculateOptionPrice
) -> None:
    """End nothing: the answer was sent at once, and IBKR confirms no cancel of it either."""


HANDLERS: DispatchTable = {
    CalculateImpliedVolatility: _implied_volatility,
    CalculateOptionPrice: _option_price,
    CancelCalculateImpliedVolatility: _nothing_to_cancel,
    CancelCalculateOptionPrice: _nothing_to_cancel,
}
