"""When a world ends: no session opens that its books could not be kept in.

Rules:

- A world ends before the first session that the calendar lacks, or that no stock has prices for.
- It ends, too, before a session without prices for a stock that an account holds, has an option on,
  or has an open order in: such a holding could be neither valued nor settled.
- Its clock then stands still in closed time. Everything can still be read, at the last close.
"""

from __future__ import annotations

from datetime import date

from brokerport.domain.errors import FinalError
from brokerport.simulator.brokerage.brokerage import Brokerage
from brokerport.simulator.market.market import Market


class WorldEnded(FinalError):
    """No more time can pass in this world; says which prices have ended, and when."""


def check_prices_go_on(day: date, market: Market, brokerage: Brokerage) -> None:
    """Refuse to open the session of ``day`` (New York) without the prices that it needs.

    Raises:
        WorldEnded: every price has ended before that day, or one that an account depends on has.
    """
    ended: dict[str, date] = {}
    for row in market.universe:
        last_day = market.last_day_of(row.stock.symbol)
        if last_day is not None and last_day < day:
            ended[row.stock.symbol] = last_day
    if not ended:
        return
    if len(ended) == len(market.universe):
        raise WorldEnded(f"prices end on {max(ended.values())}")
    for symbol in sorted(_symbols_in_use(brokerage) & ended.keys()):
        raise WorldEnded(
            f"prices of {symbol} end on {ended[symbol]}, with a position or an open order in it"
        )


def _symbols_in_use(brokerage: Brokerage) -> set[str]:
    held = {
        position.instrument.symbol
        for account in brokerage.accounts
        for position in brokerage.positions(account)
    }
    return held | {order.instrument.symbol for order in brokerage.open_orders()}
