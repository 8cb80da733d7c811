"""Each journal keeps the contract: in memory, in a SQLite file, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from brokerport.adapters.journal.chosen import journal_for
from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.config import AccountSettings, JournalSettings, Settings
from brokerport.domain.accounts import Role
from brokerport.domain.errors import JournalInUse, JournalUnavailable
from brokerport.ports.journal import Journal
from tests.contract.journal_contract import JournalContract, NewJournal, found, run
from tests.support.examples import GEN, REV
from tests.support.journal_entries import numbered, numbers_of
from tests.support.postgresql_server import (
    PostgresqlMissing,
    PostgresqlServer,
    postgresql_server,
)

# Every session of a journal's, that of the test's own connection not among them.
LOSE_CONNECTIONS = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE application_name = 'brokerport journal'"
)


def journal_at(url: str, password: str | None = None) -> Journal:
    """Return a journal as a user's settings would choose it."""
    accounts = (
        AccountSettings("gen", Role.GEN, GEN.account_id),
        AccountSettings("rev", Role.REV, REV.account_id),
    )
    settings = Settings("tws", accounts, journal=JournalSettings(url, password))
    return journal_for(settings, settings.account_map())


class TestMemoryJournal(JournalContract):
    """The contract, in memory."""

    @pytest.fixture
    def new_journal(self) -> NewJournal:
        """Journals on one storage object."""
        storage = MemoryStorage()
        return lambda: MemoryJournal(storage)


class TestSqliteJournal(JournalContract):
    """The contract, in a SQLite file."""

    @pytest.fixture
    def new_journal(self, tmp_path: Path) -> NewJournal:
        """Journals on one file."""
        return lambda: journal_at(f"sqlite:///{tmp_path / 'journal.db'}")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """A server for the tests of this module."""
    try:
        with postgresql_server() as server:
            yield server
    except PostgresqlMissing as missing:
        pytest.skip(str(missing))


class TestPostgresqlJournal(JournalContract):
    """The contract, in PostgreSQL."""

    @pytest.fixture
    def new_journal(self, server: PostgresqlServer) -> NewJournal:
        """Journals on one database."""
        url = server.emptied()
        return lambda: journal_at(url)

    def test_a_lost_connection_is_said_and_replaced(
        self, server: PostgresqlServer, new_journal: NewJournal
    ) -> None:
        """The flush that meets it fails; the next one writes everything, in order, once."""

        async def work() -> None:
            journal = new_journal()
            await journal.open([GEN])
            for number in (1, 2):
                journal.append("gen", numbered(number))
                await journal.flush()
                server.execute(LOSE_CONNECTIONS)
                journal.append("gen", numbered(number + 10))
                with pytest.raises(JournalUnavailable, match="cannot be used"):
                    await journal.flush()
                await journal.flush()
            with pytest.raises(JournalInUse):
                await new_journal().open([GEN])
            await journal.close()

        run(work())
        assert numbers_of(run(found(new_journal))) == [1, 11, 2, 12]

    def test_the_right_to_write_is_lost_with_the_connection(
        self, server: PostgresqlServer, new_journal: NewJournal
    ) -> None:
        """Another process may have it meanwhile; nothing is written until it is had again."""

        async def work() -> None:
            first, second = new_journal(), new_journal()
            await first.open([GEN])
            server.execute(LOSE_CONNECTIONS)
            await second.open([GEN])
            first.append("gen", numbered(1))
            for said in ("cannot be used", "another process writes the journal of account"):
                with pytest.raises(JournalUnavailable, match=said):
                    await first.flush()
            assert await second.read("gen") == ()
            await second.close()
            await first.flush()
            await first.close()

        run(work())
        assert numbers_of(run(found(new_journal))) == [1]

    def test_what_another_process_wrote_meanwhile_stops_the_first_for_good(
        self, server: PostgresqlServer, new_journal: NewJournal
    ) -> None:
        """Two books of one account cannot be made one."""

        async def work() -> None:
            first, second = new_journal(), new_journal()
            await first.open([GEN])
            server.execute(LOSE_CONNECTIONS)
            await second.open([GEN])
            second.append("gen", numbered(2))
            await second.close()
            first.append("gen", numbered(1))
            for said in ("cannot be used", "has other entries of account 'gen'"):
                with pytest.raises(JournalUnavailable, match=said):
                    await first.flush()
            with pytest.raises(JournalUnavailable, match="has other entries"):
                await first.close()

        run(work())
        assert numbers_of(run(found(new_journal))) == [2]

    def test_a_server_that_only_reads_is_refused(
        self, server: PostgresqlServer, new_journal: NewJournal
    ) -> None:
        """A standby, say: it is said when the journal is opened."""
        run(found(new_journal))
        server.execute("ALTER ROLE brokerport SET default_transaction_read_only = on")
        try:
            with pytest.raises(JournalUnavailable, match="read-only transaction"):
                run(found(new_journal))
        finally:
            server.execute("ALTER ROLE brokerport RESET default_transaction_read_only")

    def test_a_server_that_cannot_be_reached_is_said_without_the_password(
        self, server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With its URL and the system's words."""
        monkeypatch.setenv("JOURNAL_PASSWORD", "hunter2")
        journal = journal_at(f"{server.url}/nowhere", "env:JOURNAL_PASSWORD")
        with pytest.raises(JournalUnavailable, match="postgresql://brokerport@") as refused:
            run(journal.open([GEN]))
        assert "hunter2" not in str(refused.value)
