"""The alerts of every account, and each login's mobile trading assistant (MTA) alert.

Rules (Web API, "Alerts"):

- An alert's id is told as ``order_id``. Its name cannot be changed; modifying keeps the id.
- An alert is watched while it is active. Once met it is told as triggered, and goes inactive unless
  it may repeat. It is looked at when somebody asks for it, over all that has traded since the last
  look: nothing is sent anywhere, for the simulator has no mail and no telephone.
- An alert with time in force GTD ends at its time, which is UTC.
- The MTA alert is made by IBKR, one for a username; modifying it gives it a new id, deleting it
  resets it.
"""

from __future__ import annotations

from datetime import datetime
from itertools import count

from attrs import define

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.gateways.client_portal.alert_conditions import AlertCondition, was_met
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal

MTA_NAME = "MTA (AutoAlert)"


@define(eq=False)
class Alert:
    """One alert; times are UTC."""

    alert_id: int
    account: BrokerAccount
    name: str
    message: str
    conditions: tuple[AlertCondition, ...]
    is_repeatable: bool
    is_outside_hours: bool
    time_in_force: str
    expires_at: datetime | None
    email: str
    sends_message: bool
    shows_popup: bool
    is_for_mobile_only: bool
    made_at: datetime
    looked_at: datetime
    is_active: bool = True
    is_triggered: bool = False


@define(eq=False)
class AssistantAlert:
    """A username's MTA alert."""

    alert_id: int
    tool_id: int
    email: str = ""
    is_active: bool = True


class AlertBook:
    """Every alert there is."""

    def __init__(self, portal: ServedPortal) -> None:
        self._portal = portal
        self._alerts: dict[int, Alert] = {}
        self._assistants: dict[str, AssistantAlert] = {}
        self._ids = count(100_001)

    def new_id(self) -> int:
        """Return an id that no alert has had."""
        return next(self._ids)

    def keep(self, alert: Alert) -> None:
        """Keep an alert, in place of the one with its id."""
        self._alerts[alert.alert_id] = alert

    def find(self, alert_id: int) -> Alert | None:
        """Return an alert as it stands now, None when there is none."""
        alert = self._alerts.get(alert_id)
        if alert is not None:
            self._look(alert)
        return alert

    def of_account(self, account: BrokerAccount) -> tuple[Alert, ...]:
        """Return an account's alerts as they stand now, oldest first."""
        found = tuple(one for one in self._alerts.values() if one.account == account)
        for alert in found:
            self._look(alert)
        return found

    def set_active(self, alert: Alert, is_active: bool) -> None:
        """Switch an alert on or off; what happens while it is off does not count."""
        self._look(alert)
        alert.is_active = is_active

    def delete(self, alert_id: int) -> None:
        """Forget an alert; raises KeyError when there is none."""
        del self._alerts[alert_id]

    def assistant(self, username: str) -> AssistantAlert:
        """Return a username's MTA alert."""
        found = self._assistants.get(username)
        if found is None:
            found = self._assistants[username] = AssistantAlert(self.new_id(), self.new_id())
        return found

    def reset_assistant(self, username: str) -> None:
        """Put a username's MTA alert back to how it was made, under a new id."""
        tool_id = self.assistant(username).tool_id
        self._assistants[username] = AssistantAlert(self.new_id(), tool_id)

    def _look(self, alert: Alert) -> None:
        since, now, expires_at = alert.looked_at, self._portal.now, alert.expires_at
        alert.looked_at = now
        until = now if expires_at is None else min(expires_at, now)
        if not alert.is_active or since > until:
            return
        if was_met(alert.conditions, self._portal.world, since, until):
            alert.is_triggered = True
            alert.is_active = alert.is_repeatable
        if expires_at is not None and expires_at <= now:
            alert.is_active = False
