"""Which journal the settings choose."""

from __future__ import annotations

from pathlib import Path

from brokerport.adapters.journal.memory import MemoryJournal
from brokerport.config.journal import MEMORY, SQLITE
from brokerport.config.secrets import resolve_secret
from brokerport.config.settings import Settings
from brokerport.data_directory import data_directory
from brokerport.domain.accounts import AccountMap
from brokerport.ports.journal import Journal

FILE_NAME = "journal.db"


def journal_for(settings: Settings, accounts: AccountMap) -> Journal:
    """Return the journal that the settings name; nothing is opened yet.

    Raises:
        InvalidConfiguration: its password refers to nothing, or psycopg is needed and missing.
    """
    url = settings.journal.url
    if url == MEMORY or (url is None and settings.adapter == "simulated"):
        return MemoryJournal()
    # SQLAlchemy takes a third of a second to import, which a journal in memory can do without.
    from brokerport.adapters.journal.sql import SqlJournal
    from brokerport.adapters.journal.sqlite import SqliteFile
    from brokerport.adapters.journal.store import JournalStore

    if url is None:
        file = SqliteFile(data_directory() / FILE_NAME, makes_directory=True)
        return SqlJournal(JournalStore(file), accounts)
    if url.startswith(SQLITE):
        return SqlJournal(JournalStore(SqliteFile(Path(url.removeprefix(SQLITE)))), accounts)
    from sqlalchemy import make_url

    from brokerport.adapters.journal.postgresql import PostgresqlDatabase

    named = make_url(url)
    if settings.journal.password is not None:
        secret = resolve_secret("journal.password", settings.journal.password)
        named = named.set(password=secret.rstrip("\r\n"))
    return SqlJournal(JournalStore(PostgresqlDatabase(named)), accounts)
