"""A PostgreSQL server of the tests' own: a directory that goes away, a socket file, no TCP port.

The server refuses to run as root, so root starts it as an account of less power. Its binaries are
those of Debian's package, or whatever else is on PATH.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

_SUPERUSER = "brokerport"


class PostgresqlMissing(Exception):
    """No server can be started here; the text says why."""


class PostgresqlServer:
    """A running server with one database."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def url(self) -> str:
        """Where the database is."""
        return f"postgresql://{_SUPERUSER}@/postgres?host={self._directory}"

    def emptied(self) -> str:
        """Empty the database and return its URL."""
        self.execute("DROP SCHEMA public CASCADE")
        self.execute("CREATE SCHEMA public")
        return self.url

    def execute(self, statement: str) -> None:
        """Execute a statement."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            # Whatever a test made the default, this is not about the journal.
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(statement.encode())


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Start a server and stop it at the end.

    Raises:
        PostgresqlMissing: it is not installed, or there is nobody but root to run it.
    """
    binaries = _binaries()
    # Not pytest's own directory: the server's account could not enter it, and the path of a socket
    # must be short.
    directory = Path(tempfile.mkdtemp(prefix="bp-pg-"))
    data, log = directory / "data", directory / "log"
    identity = _identity()
    if identity:
        os.chown(directory, identity["user"], identity["group"])

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [binaries / program, *arguments],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            check=False,
            **identity,
        )
        if done.returncode:
            written = log.read_text() if log.exists() else ""
            raise RuntimeError(f"{program}: {done.stderr.decode()} {written}")

    try:
        run("initdb", "-D", str(data), "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories='{directory}'"
        # Standard error is a pipe that the server must not keep open.
        run("pg_ctl", "-D", str(data), "-w", "-l", str(log), "-o", options, "start")
        try:
            yield PostgresqlServer(directory)
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory)


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path is not None:
        return Path(on_path).parent
    raise PostgresqlMissing(
        "PostgreSQL is not installed: no initdb on PATH or in /usr/lib/postgresql "
        "(Debian: apt-get install postgresql)"
    )


def _version(initdb: Path) -> int:
    name = initdb.parts[-3]
    return int(name) if name.isdecimal() else 0


def _identity() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise PostgresqlMissing("PostgreSQL does not run as root, and there is no other account here")
