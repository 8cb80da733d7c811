"""What can be set on a TWS gateway; the defaults behave like IBKR's own."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, field, frozen

from brokerport.domain.errors import InvalidConfiguration


def _positive(_settings: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None and value <= 0:
        raise InvalidConfiguration(f"tws_gateway.{attribute.name}", value, "greater than zero")


@frozen
class GatewaySettings:
    """How a gateway treats its clients.

    ``handshake_timeout_seconds`` is the time a client has from connecting to startApi.
    ``frame_bytes_max`` bounds one message from a client, ``unread_bytes_max`` what may wait for a
    client that does not read: beyond either, the client is dropped.

    ``messages_per_second_max`` is IBKR's 50; None counts nothing. A second in which a client sends
    more is one violation, answered with error 100; the client is dropped after
    ``pacing_violations_max`` of them (IBKR: 3), and never when that is None.

    ``first_order_id`` is the least ``nextValidId`` ever told; some clients need 101 or more.
    ``master_client_id`` names the client that hears of every client's orders (TWS setting "Master
    API client ID"). ``connections_max`` is IBKR's 32 clients, ``market_data_lines_max`` its 100
    concurrent quotes per client.

    ``live_market_data`` False makes a login without market data subscriptions: live data is refused
    with 354 and delayed data is served. ``delayed_by_seconds`` is how old delayed data is.

    ``close_grace_seconds`` is how long a closing gateway waits for clients to read what was sent.

    ``account_update_seconds`` is how often an unchanged portfolio is priced again: IBKR's three
    minutes (TWS API, "Account updates").
    """

    handshake_timeout_seconds: float = field(default=10.0, validator=_positive)
    frame_bytes_max: int = field(default=1_048_576, validator=_positive)
    unread_bytes_max: int = field(default=64 * 1_048_576, validator=_positive)
    messages_per_second_max: int | None = field(default=50, validator=_positive)
    pacing_violations_max: int | None = field(default=None, validator=_positive)
    first_order_id: int = field(default=101, validator=_positive)
    master_client_id: int | None = None
    connections_max: int = field(default=32, validator=_positive)
    market_data_lines_max: int = field(default=100, validator=_positive)
    live_market_data: bool = True
    delayed_by_seconds: int = field(default=900, validator=_positive)
    close_grace_seconds: float = field(default=1.0, validator=_positive)
    account_update_seconds: int = field(default=180, validator=_positive)
