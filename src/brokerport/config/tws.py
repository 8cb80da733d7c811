"""Settings of the TWS adapter."""

from __future__ import annotations

from attrs import field, frozen

from brokerport.config import checks
from brokerport.config.tws_codes import Code
from brokerport.domain.errors import InvalidConfiguration


@frozen
class TwsSettings:
    """How to reach TWS or IB Gateway, and how long to wait for it (seconds).

    The TWS socket is not encrypted, by IBKR's design: a host that is not loopback is refused unless
    ``allow_plaintext_remote_host`` says that a tunnel or a trusted network stands between.
    ``codes`` are message codes to add to the adapter's table; see ``brokerport.config.tws_codes``.
    """

    SECTION = "tws"

    host: str = "127.0.0.1"
    port: int = field(default=4002, validator=checks.port)
    client_id: int = field(default=1, validator=checks.client_id)
    connect_timeout_seconds: float = field(default=10.0, validator=checks.positive)
    request_timeout_seconds: float = field(default=10.0, validator=checks.positive)
    allow_plaintext_remote_host: bool = False
    codes: tuple[Code, ...] = ()

    def __attrs_post_init__(self) -> None:
        if not self.allow_plaintext_remote_host and not checks.is_loopback(self.host):
            raise InvalidConfiguration(
                "tws.host",
                self.host,
                "a loopback address (the TWS socket is plain text; "
                "set tws.allow_plaintext_remote_host to opt in)",
            )
