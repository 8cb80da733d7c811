"""Messages that open, tune and describe the session."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from brokerport.simulator.wire.tws.markers import Since, TextForm
from brokerport.simulator.wire.tws.versions import ADVANCED_ORDER_REJECT


@frozen
class StartApi:
    """Request 71: the client names itself; the first message after the handshake."""

    client_id: int
    optional_capabilities: str = ""


@frozen
class ReqIds:
    """Request 8: ask for the next valid order id."""

    num_ids: int = 1


@frozen
class ReqManagedAccts:
    """Request 17: ask for the accounts that this login manages."""


@frozen
class ReqCurrentTime:
    """Request 49: ask for the server's clock."""


@frozen
class SetServerLogLevel:
    """Request 14: set the server's log level, 1 (system) to 5 (detail)."""

    log_level: int


@frozen
class ReqUserInfo:
    """Request 104: ask for the user's white branding id."""

    request_id: int


@frozen
class NextValidId:
    """Reply 9: the lowest order id that the client may use next."""

    order_id: int


@frozen
class ManagedAccounts:
    """Reply 15: the accounts, separated by commas on the wire."""

    accounts_list: str


@frozen
class CurrentTime:
    """Reply 49: the server's clock, in seconds since 1970 UTC."""

    time: int


@frozen
class ErrorMessage:
    """Reply 4: an error or a notice; request id -1 when it belongs to no request or order."""

    request_id: int
    error_code: int
    error_string: Annotated[str, TextForm.ESCAPED]
    advanced_order_reject_json: Annotated[str, TextForm.ESCAPED, Since(ADVANCED_ORDER_REJECT)] = ""


@frozen
class UserInfo:
    """Reply 107: the user's white branding id."""

    request_id: int
    white_branding_id: str


@frozen
class UnknownRequest:
    """A well-framed request that this codec has no class for.

    `request_id` is a best guess, None if none can be made; `fields` is everything after the
    message id.
    """

    message_id: int
    request_id: int | None
    fields: tuple[str, ...]


@frozen
class UnknownReply:
    """A well-framed reply that this codec has no class for; `fields` excludes the message id."""

    message_id: int
    fields: tuple[str, ...]
