"""Messages about executions (fills) and their commissions."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from attrs import frozen

from brokerport.simulator.wire.tws.fields import MAX_DOUBLE_TEXT
from brokerport.simulator.wire.tws.markers import ContractForm, Since, TextForm, UnsetAs
from brokerport.simulator.wire.tws.messages.values import WireContract
from brokerport.simulator.wire.tws.versions import PENDING_PRICE_REVISION


@frozen
class ReqExecutions:
    """Request 7: list the day's executions that pass a filter; an empty field filters nothing.

    `time` is the earliest time, in the client's wording.
    """

    request_id: int
    client_id: int = 0
    acct_code: str = ""
    time: str = ""
    symbol: str = ""
    sec_type: str = ""
    exchange: str = ""
    side: str = ""


@frozen
class WireExecution:
    """One execution, without its contract and order id.

    `time` is text in the server's time zone, for example "20230224  12:04:56" (two spaces) or
    "20230224 12:04:56 US/Eastern". `side` is BOT or SLD.
    """

    exec_id: str
    time: Annotated[str, TextForm.NON_EMPTY]
    acct_number: str
    exchange: str
    side: str
    shares: Decimal
    price: Decimal
    perm_id: int
    client_id: int
    liquidation: int
    cum_qty: Decimal
    avg_price: Decimal
    order_ref: str = ""
    ev_rule: str = ""
    ev_multiplier: Decimal | None = None
    model_code: str = ""
    last_liquidity: int = 0
    pending_price_revision: Annotated[bool, Since(PENDING_PRICE_REVISION)] = False


@frozen
class ExecDetails:
    """Reply 11: one execution; request id -1 when it was not asked for."""

    request_id: int
    order_id: int
    contract: Annotated[WireContract, ContractForm.REPLY]
    execution: WireExecution


@frozen
class ExecDetailsEnd:
    """Reply 55: the list of executions is complete."""

    request_id: int


@frozen
class CommissionReport:
    """Reply 59: the commission of one execution, and what the trade realized.

    `realized_pnl` is None on an opening trade.
    """

    exec_id: str
    commission: Decimal
    currency: str
    realized_pnl: Annotated[Decimal | None, UnsetAs(MAX_DOUBLE_TEXT)] = None
    yield_: Annotated[Decimal | None, UnsetAs(MAX_DOUBLE_TEXT)] = None
    yield_redemption_date: int | None = None
