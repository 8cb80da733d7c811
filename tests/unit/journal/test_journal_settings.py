"""The journal's settings: which journal they choose, and that no password stands in them."""

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from brokerport.adapters.journal.chosen import FILE_NAME, journal_for
from brokerport.adapters.journal.memory import MemoryJournal
from brokerport.adapters.journal.sql import SqlJournal
from brokerport.config import AccountSettings, JournalSettings, Settings
from brokerport.data_directory import data_directory
from brokerport.domain.accounts import Role
from brokerport.domain.errors import InvalidConfiguration
from brokerport.ports.journal import Journal
from brokerport.simulator.gateways.client_portal.certificate import server_certificate
from tests.support.examples import GEN
from tests.support.sql_journals import run


def chosen(adapter: str, url: str | None = None, password: str | None = None) -> Journal:
    """Return the journal that settings choose."""
    accounts = (AccountSettings("gen", Role.GEN, GEN.account_id),)
    settings = Settings(adapter, accounts, journal=JournalSettings(url, password))
    return journal_for(settings, settings.account_map())


def refused(url: str) -> str:
    """Return what is said of a URL."""
    with pytest.raises(InvalidConfiguration) as said:
        JournalSettings(url)
    return str(said.value)


def place_of(journal: Journal) -> str:
    """Return where a journal is kept."""
    assert isinstance(journal, SqlJournal)
    return journal._store.where


@pytest.mark.parametrize("adapter", ["tws", "client_portal"])
def test_real_accounts_have_a_file_among_the_users_data(
    adapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory is made when the journal is opened; it is the owner's alone, as the file is."""
    monkeypatch.setattr("brokerport.adapters.journal.chosen.data_directory", lambda: tmp_path / "d")
    journal = chosen(adapter)
    assert place_of(journal) == str(tmp_path / "d" / FILE_NAME)
    assert not (tmp_path / "d").exists()

    async def work() -> None:
        await journal.open([GEN])
        await journal.close()

    run(work())
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o700
    for file in (tmp_path / "d").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert GEN.account_id not in file.name


def test_a_simulated_world_has_its_journal_in_memory() -> None:
    """It ends with the process, and so does what was written of it; unless asked otherwise."""
    assert isinstance(chosen("simulated"), MemoryJournal)
    assert isinstance(chosen("simulated", "sqlite:///x.db"), SqlJournal)
    assert isinstance(chosen("tws", "memory:"), MemoryJournal)


def test_a_url_names_a_file_or_a_server() -> None:
    """As SQLAlchemy writes them; the password comes from where the setting refers to."""
    assert place_of(chosen("tws", "sqlite:////data/j.db")) == "/data/j.db"
    assert place_of(chosen("tws", "sqlite:///j.db")) == str(Path.cwd() / "j.db")
    for scheme in ("postgresql", "postgresql+psycopg"):
        journal = chosen("tws", f"{scheme}://me@db.internal:5433/trading")
        assert place_of(journal) == "postgresql://me@db.internal:5433/trading"


def test_a_password_is_resolved_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a variable or from a file, whose last line end is no part of it."""
    monkeypatch.setenv("JOURNAL_PASSWORD", "hunter2")
    (tmp_path / "secret").write_text("hunter2\n")
    for reference in ("env:JOURNAL_PASSWORD", f"file:{tmp_path / 'secret'}"):
        journal = chosen("tws", "postgresql://me@db/trading", reference)
        assert isinstance(journal, SqlJournal)
        assert journal._store._database._url.password == "hunter2"  # type: ignore[attr-defined]
        assert "hunter2" not in place_of(journal)
    with pytest.raises(InvalidConfiguration, match=r"journal\.password"):
        chosen("tws", "postgresql://me@db/trading", "env:NOT_SET_ANYWHERE")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@db/trading",
        "postgresql://me@db/trading?password=hunter2",
        "postgresql+psycopg://me:hunter2@db/trading",
        "mysql://me:hunter2@db/trading",
        "postgresql://me:hunter2@[db/trading",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_shown(url: str) -> None:
    """The message says where it belongs."""
    said = refused(url)
    assert said.startswith("journal.url is")
    assert "hunter2" not in said


def test_a_password_in_place_of_a_reference_is_refused_and_not_shown() -> None:
    """A secret never stands in a setting."""
    with pytest.raises(InvalidConfiguration, match=r"journal\.password") as said:
        JournalSettings("postgresql://me@db/trading", "hunter2")
    assert "hunter2" not in str(said.value)


@pytest.mark.parametrize(
    "url",
    [
        "memory",
        "journal.db",
        "sqlite:///",
        "sqlite://journal.db",
        "sqlite:///j.db?mode=ro",
        "mysql://me@db/trading",
        "postgresql://me@db",
        "postgresql://me@db/",
        "postgres://me@db/trading",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    """With its value and what is allowed."""
    assert repr(url) in refused(url)


def test_the_gateway_keeps_its_certificate_in_the_same_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What brokerport keeps for its user lies in one place."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    kept = server_certificate(now=datetime.now(UTC))
    assert kept.certificate_path.parent == kept.key_path.parent == data_directory()


def test_a_journal_in_memory_loads_no_database() -> None:
    """A third of a second at each start, and a dependency, that a simulated run does without."""
    code = (
        "import sys; from brokerport.config import settings_from;"
        "from brokerport.adapters.journal.chosen import journal_for;"
        "s = settings_from({'adapter': 'simulated', 'accounts':"
        " [{'name': 'gen', 'role': 'GEN', 'broker_account': 'DU1000001'}]});"
        "journal_for(s, s.account_map()); print('sqlalchemy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
