"""Where orders may be sent: the venues that IBKR names for American stocks and their options.

They are names only; the simulated exchange is one, and SMART reaches it.
"""

from __future__ import annotations

from brokerport.domain.instruments import Instrument, Option

SMART = "SMART"
STOCK_EXCHANGES = (
    SMART, "AMEX", "ARCA", "BATS", "BEX", "BYX", "CHX", "DRCTEDGE", "EDGEA", "IEX", "ISLAND",
    "LTSE", "MEMX", "NASDAQ", "NYSE", "PEARL", "PSX",
)  # fmt: skip
OPTION_EXCHANGES = (
    SMART, "AMEX", "BATS", "BOX", "CBOE", "CBOE2", "EDGX", "EMERALD", "GEMINI", "ISE", "MEMX",
    "MERCURY", "MIAX", "NASDAQBX", "NASDAQOM", "PEARL", "PHLX", "PSE", "SAPPHIRE",
)  # fmt: skip


def exchanges_of(instrument: Instrument) -> tuple[str, ...]:
    """Return the exchanges that an order for the instrument may be sent to."""
    return OPTION_EXCHANGES if isinstance(instrument, Option) else STOCK_EXCHANGES
