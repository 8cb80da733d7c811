"""Settings of the journal: where what must survive a crash is written down."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import Attribute, field, frozen

from brokerport.config import checks
from brokerport.domain.errors import InvalidConfiguration

MEMORY = "memory:"
SQLITE = "sqlite:///"
POSTGRESQL = ("postgresql://", "postgresql+psycopg://")
_ALLOWED = "memory:, sqlite:///PATH or postgresql://USER@HOST/DATABASE"


def _url(instance: object, attribute: Attribute[Any], value: str | None) -> None:
    if value is None or value == MEMORY:
        return
    path = checks.setting_path(instance, attribute)
    if value.startswith(SQLITE):
        if value == SQLITE or "?" in value:
            raise InvalidConfiguration(path, value, "sqlite:/// and the path of a file, no more")
        return
    try:
        parts = urlsplit(value)
        has_password = parts.password is not None or any(
            name.lower() == "password" for name, _value in parse_qsl(parts.query)
        )
    except ValueError:
        # The value is not shown: what cannot be taken apart may hold a secret.
        raise InvalidConfiguration(path, "not a URL", _ALLOWED) from None
    if has_password:
        raise InvalidConfiguration(
            path, "a URL with a password", "a URL without one; journal.password refers to it"
        )
    if not value.startswith(POSTGRESQL):
        raise InvalidConfiguration(path, value, _ALLOWED)
    if not parts.path.strip("/"):
        raise InvalidConfiguration(path, value, "a URL that names a database")


@frozen
class JournalSettings:
    """Where the journal is kept.

    ``url`` None is the file ``journal.db`` in the user's data directory, and memory for the
    ``simulated`` adapter, whose world ends with the process. ``password`` is a reference,
    ``env:NAME`` or ``file:PATH``, to the PostgreSQL password.
    """

    SECTION = "journal"

    url: str | None = field(default=None, validator=_url)
    password: str | None = field(default=None, validator=checks.reference)
