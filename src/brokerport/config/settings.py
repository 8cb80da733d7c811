"""Everything brokerport is configured by."""

from __future__ import annotations

from attrs import Attribute, field, frozen

from brokerport.config import checks
from brokerport.config.client_portal import ClientPortalSettings
from brokerport.config.journal import JournalSettings
from brokerport.config.reconciliation import ReconciliationSettings
from brokerport.config.session import SessionSettings
from brokerport.config.simulated import SimulatedSettings
from brokerport.config.tws import TwsSettings
from brokerport.domain.accounts import AccountMap, BrokerAccount, LogicalAccount, Role
from brokerport.domain.errors import BadInput, InvalidConfiguration

ADAPTERS = ("tws", "client_portal", "simulated")


def _adapter_name(_instance: object, attribute: Attribute[str], value: str) -> None:
    if value not in ADAPTERS:
        raise InvalidConfiguration(attribute.name, value, f"one of {', '.join(ADAPTERS)}")


@frozen
class AccountSettings:
    """One logical account and the broker account behind it."""

    name: str
    role: Role
    broker_account: str
    parent: str | None = None


@frozen
class OrderSettings:
    """How long ``Broker`` waits for the broker's answer to an order before it is in doubt.

    Timed from when the order has left: the time that pacing holds it back does not count.
    ``proof_seconds`` is how long an order must have been in doubt before its absence proves that it
    was not placed, where a request can outlive the session it was sent in (Client Portal).
    """

    SECTION = "orders"

    answer_timeout_seconds: float = field(default=10.0, validator=checks.positive)
    proof_seconds: float = field(default=60.0, validator=checks.positive)


@frozen
class Settings:
    """Everything brokerport is configured by."""

    adapter: str = field(validator=_adapter_name)
    accounts: tuple[AccountSettings, ...]
    tws: TwsSettings = field(factory=TwsSettings)
    client_portal: ClientPortalSettings = field(factory=ClientPortalSettings)
    simulated: SimulatedSettings = field(factory=SimulatedSettings)
    orders: OrderSettings = field(factory=OrderSettings)
    journal: JournalSettings = field(factory=JournalSettings)
    reconciliation: ReconciliationSettings = field(factory=ReconciliationSettings)
    session: SessionSettings = field(factory=SessionSettings)

    def __attrs_post_init__(self) -> None:
        # Accounts that do not fit together are found here, at start, not when they are first used.
        self.account_map()

    def account_map(self) -> AccountMap:
        """Return the logical accounts and the broker accounts behind them.

        Raises:
            InvalidConfiguration: see ``AccountMap``.
        """
        return AccountMap(_account(index, entry) for index, entry in enumerate(self.accounts))


def _account(index: int, entry: AccountSettings) -> tuple[LogicalAccount, BrokerAccount]:
    at_fault = "name"
    try:
        logical = LogicalAccount(entry.name, entry.role, entry.parent)
        at_fault = "broker_account"
        return logical, BrokerAccount(entry.broker_account)
    except BadInput as error:
        path = f"accounts[{index}].{at_fault}"
        raise InvalidConfiguration(path, error.value, error.allowed) from None
