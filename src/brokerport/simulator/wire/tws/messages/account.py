"""Messages about accounts: values, portfolio, positions, summary, profit and loss."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from attrs import frozen

from brokerport.simulator.wire.tws.fields import MAX_DOUBLE_TEXT
from brokerport.simulator.wire.tws.markers import ContractForm, UnsetAs
from brokerport.simulator.wire.tws.messages.values import WireContract


@frozen
class ReqAccountUpdates:
    """Request 6: subscribe to one account's values and portfolio, or end that."""

    subscribe: bool
    acct_code: str = ""


@frozen
class ReqPositions:
    """Request 61: subscribe to the positions of all accounts."""


@frozen
class CancelPositions:
    """Request 64: end the subscription to positions."""


@frozen
class ReqAccountSummary:
    """Request 62: subscribe to summary tags, separated by commas, of a group of accounts."""

    request_id: int
    group_name: str
    tags: str


@frozen
class CancelAccountSummary:
    """Request 63: end the subscription to an account summary."""

    request_id: int


@frozen
class ReqPositionsMulti:
    """Request 74: subscribe to the positions of one account or model."""

    request_id: int
    account: str
    model_code: str = ""


@frozen
class CancelPositionsMulti:
    """Request 75: end a subscription made with request 74."""

    request_id: int


@frozen
class ReqAccountUpdatesMulti:
    """Request 76: subscribe to the values of one account or model."""

    request_id: int
    account: str
    model_code: str = ""
    ledger_and_nlv: bool = False


@frozen
class CancelAccountUpdatesMulti:
    """Request 77: end a subscription made with request 76."""

    request_id: int


@frozen
class ReqPnL:
    """Request 92: subscribe to the profit and loss of one account or model."""

    request_id: int
    account: str
    model_code: str = ""


@frozen
class CancelPnL:
    """Request 93: end a subscription made with request 92."""

    request_id: int


@frozen
class ReqPnLSingle:
    """Request 94: subscribe to the profit and loss of one position."""

    request_id: int
    account: str
    model_code: str
    con_id: int


@frozen
class CancelPnLSingle:
    """Request 95: end a subscription made with request 94."""

    request_id: int


@frozen
class AccountValue:
    """Reply 6: one value of an account; the value is text, often but not always a number."""

    key: str
    value: str
    currency: str
    account_name: str


@frozen
class PortfolioValue:
    """Reply 7: one position of the subscribed account, priced in the contract's currency."""

    contract: Annotated[WireContract, ContractForm.PORTFOLIO]
    position: Decimal
    market_price: Decimal
    market_value: Decimal
    average_cost: Decimal
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    account_name: str


@frozen
class AccountUpdateTime:
    """Reply 8: when the account's values were last updated, as "HH:MM" of the server's clock."""

    time_stamp: str


@frozen
class AccountDownloadEnd:
    """Reply 54: the first full set of an account's values and positions has been sent."""

    account_name: str


@frozen
class Position:
    """Reply 61: one position; a position of zero means that it was closed."""

    account: str
    contract: Annotated[WireContract, ContractForm.REPLY]
    position: Decimal
    avg_cost: Decimal


@frozen
class PositionEnd:
    """Reply 62: the first full set of positions has been sent."""


@frozen
class AccountSummary:
    """Reply 63: one tag of one account; the value is text."""

    request_id: int
    account: str
    tag: str
    value: str
    currency: str


@frozen
class AccountSummaryEnd:
    """Reply 64: the first full set of a summary has been sent."""

    request_id: int


@frozen
class PositionMulti:
    """Reply 71: one position of one account or model."""

    request_id: int
    account: str
    contract: Annotated[WireContract, ContractForm.REPLY]
    position: Decimal
    avg_cost: Decimal
    model_code: str = ""


@frozen
class PositionMultiEnd:
    """Reply 72: the first full set of positions has been sent."""

    request_id: int


@frozen
class AccountUpdateMulti:
    """Reply 73: one value of one account or model; the value is text."""

    request_id: int
    account: str
    model_code: str
    key: str
    value: str
    currency: str


@frozen
class AccountUpdateMultiEnd:
    """Reply 74: the first full set of values has been sent."""

    request_id: int


@frozen
class PnL:
    """Reply 94: profit and loss of an account, in its base currency; None = not available."""

    request_id: int
    daily_pnl: Annotated[Decimal | None, UnsetAs(MAX_DOUBLE_TEXT)] = None
    unrealized_pnl: Annotated[Decimal | None, UnsetAs(MAX_DOUBLE_TEXT)] = None
    realized_pnl: Annotated[Decimal | None, UnsetAs(MAX_DOUBLE_TEXT)] = None


@frozen
class PnLSingle:
    """Reply 95: profit and loss of one position; None = not available."""

    request_id: int
    pos: Decimal
    daily_pnl: Annotated[Decimal | None, UnsetAs(MAX_DOUBLE_TEXT)] = None
    unrealized_pnl: Annotated[Decimal | None, UnsetAs(MAX_DOUBLE_TEXT)] = None
    realized_pnl: Annotated[Decimal | None, UnsetAs(MAX_DOUBLE_TEXT)] = None
    value: Annotated[Decimal | None, UnsetAs(MAX_DOUBLE_TEXT)] = None
