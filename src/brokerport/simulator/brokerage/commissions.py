"""Commissions: IBKR Pro, fixed pricing, for United States stocks and options.

Sources: interactivebrokers.com, Pricing, "Commissions: Stocks, ETFs and Warrants" (fixed) and
"Commissions: Options" (fixed):

- stocks: USD 0.005 a share, at least USD 1.00 and at most 1 % of the trade value an order; where
  the two meet, on a trade of less than USD 100, the 1 % wins over the minimum;
- options: USD 0.65 a contract, at least USD 1.00 an order.

The minimum and maximum are per order, however it fills: each fill is charged what the whole order
so far costs, less what was charged before. The order's total is rounded to cents (half away from
zero), so no split changes it. Third-party and regulatory fees on sales are left out. IBKR starts
a new minimum when an order is modified or lives overnight; here an order stays one order.
"""

from __future__ import annotations

from decimal import Decimal

from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.money import to_cents

STOCK_RATE_PER_SHARE = Decimal("0.005")
OPTION_RATE_PER_CONTRACT = Decimal("0.65")
ORDER_MINIMUM = Decimal("1.00")
STOCK_MAXIMUM_FRACTION = Decimal("0.01")


def order_commission(instrument: Instrument, quantity: Decimal, trade_value: Decimal) -> Decimal:
    """Return what an order costs that has traded ``quantity`` for ``trade_value``, in cents' steps.

    ``trade_value`` is the sum of price times quantity times multiplier, in the instrument's
    currency; an order that has not traded costs nothing.
    """
    if quantity == 0:
        return Decimal("0.00")
    if isinstance(instrument, Option):
        return to_cents(max(ORDER_MINIMUM, OPTION_RATE_PER_CONTRACT * quantity))
    floored = max(ORDER_MINIMUM, STOCK_RATE_PER_SHARE * quantity)
    return to_cents(min(floored, STOCK_MAXIMUM_FRACTION * trade_value))
