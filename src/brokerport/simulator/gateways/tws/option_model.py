"""The option model behind computed ticks and requests 54 and 55: Black-Scholes, no interest.

It is the simulated market's own model (``market/option_pricing``), so that the volatility computed
from a model price is the model's volatility.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Option
from brokerport.domain.market_data import Greeks
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.market import option_pricing
from brokerport.simulator.market.option_quotes import YEAR_SECONDS

_STEP = Decimal("0.00000001")
_VOLATILITY_MIN, _VOLATILITY_MAX = Decimal("0.0001"), Decimal(100)
_SPOT_MIN, _SPOT_MAX = Decimal("0.01"), Decimal(10_000_000)


class OptionModel:
    """Prices options over the calendar in which they expire."""

    def __init__(self, calendar: TradingCalendar) -> None:
        self._calendar = calendar

    def at_price(
        self, option: Option, price: Decimal, spot: Decimal, at: datetime
    ) -> Greeks | None:
        """Return the figures with the volatility that explains a price; None if none does.

        Raises:
            BadInput: the spot is not one that the model can price with.
        """
        _check_between("underPrice", spot, _SPOT_MIN, _SPOT_MAX)
        years = self._years_left(option, at)
        if years <= 0 or price <= 0:
            return None
        volatility = option_pricing.implied_volatility(
            option.right, float(price), float(spot), float(option.strike), years
        )
        # Below intrinsic value, or at it: no volatility, or none to speak of.
        if volatility is None or volatility < _VOLATILITY_MIN:
            return None
        return self._figures(option, volatility, spot, years)

    def at_volatility(
        self, option: Option, volatility: Decimal, spot: Decimal, at: datetime
    ) -> Greeks:
        """Return the figures at a volatility, a yearly fraction.

        Raises:
            BadInput: the volatility or the spot is not one that the model can price with, or the
                option has expired.
        """
        _check_between("volatility", volatility, _VOLATILITY_MIN, _VOLATILITY_MAX)
        _check_between("underPrice", spot, _SPOT_MIN, _SPOT_MAX)
        years = self._years_left(option, at)
        if years <= 0:
            raise BadInput("contract", str(option), "an option that has not expired")
        return self._figures(option, float(volatility), spot, years)

    def _years_left(self, option: Option, at: datetime) -> float:
        session = self._calendar.session_on(option.expiry)
        if session is None:
            return 0.0
        return (session.closes_at - at).total_seconds() / YEAR_SECONDS

    def _figures(self, option: Option, volatility: float, spot: Decimal, years: float) -> Greeks:
        terms = (option.right, float(spot), float(option.strike), years, volatility)
        found = option_pricing.sensitivities(*terms)
        return Greeks(
            delta=_rounded(found.delta),
            gamma=_rounded(found.gamma),
            theta=_rounded(found.theta),
            vega=_rounded(found.vega),
            implied_volatility=_rounded(volatility),
            underlying_price=spot,
            model_price=_rounded(option_pricing.price(*terms)),
        )


def _check_between(field: str, value: Decimal, least: Decimal, most: Decimal) -> None:
    if not least <= value <= most:
        raise BadInput(field, value, f"from {least} to {most}")


def _rounded(value: float) -> Decimal:
    return Decimal(value).quantize(_STEP)
