"""Settings: read from a TOML file, overridden by the environment, checked at start.

Every setting can be overridden by an environment variable named ``BROKERPORT_`` and its path, with
two underscores between the parts: ``BROKERPORT_ADAPTER=tws``, ``BROKERPORT_TWS__PORT=4002``.
Accounts come from the file alone. An unknown setting is refused, because a misspelt one would
silently do nothing. No secret belongs here.
"""

from __future__ import annotations

from brokerport.config.client_portal import ClientPortalSettings as ClientPortalSettings
from brokerport.config.client_portal import PortalMode as PortalMode
from brokerport.config.client_portal import PortalPacing as PortalPacing
from brokerport.config.journal import JournalSettings as JournalSettings
from brokerport.config.reading import ENVIRONMENT_PREFIX as ENVIRONMENT_PREFIX
from brokerport.config.reading import load_settings as load_settings
from brokerport.config.reading import settings_from as settings_from
from brokerport.config.reconciliation import ReconciliationSettings as ReconciliationSettings
from brokerport.config.session import SessionSettings as SessionSettings
from brokerport.config.session import WhileAway as WhileAway
from brokerport.config.settings import ADAPTERS as ADAPTERS
from brokerport.config.settings import AccountSettings as AccountSettings
from brokerport.config.settings import OrderSettings as OrderSettings
from brokerport.config.settings import Settings as Settings
from brokerport.config.simulated import SimulatedSettings as SimulatedSettings
from brokerport.config.tws import TwsSettings as TwsSettings
