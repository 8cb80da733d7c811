"""Secrets: what the references in the settings refer to, resolved when a session is opened.

``env:NAME`` is an environment variable, ``file:PATH`` a file's text. A secret never stands in a
message: what cannot be resolved is named by its setting alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from brokerport.domain.errors import InvalidConfiguration

NOT_SHOWN = "(not shown)"


def resolve_secret(
    setting: str, reference: str | None, environment: Mapping[str, str] | None = None
) -> str:
    """Return the secret that a setting refers to.

    ``setting`` is its path, such as ``client_portal.oauth_access_token``; ``environment`` is the
    process's own when it is not given.

    Raises:
        InvalidConfiguration: it refers to nothing that can be read; the message names the setting.
    """
    kind, _separator, name = (reference or "").partition(":")
    if kind == "env":
        found = (os.environ if environment is None else environment).get(name)
        allowed = "a reference to an environment variable that is set and not empty"
    elif kind == "file":
        found = _text_of(Path(name))
        allowed = "a reference to a readable text file that is not empty"
    else:
        found = None
        allowed = "a reference: env:NAME or file:PATH"
    if not found or not found.strip():
        raise InvalidConfiguration(setting, NOT_SHOWN, allowed)
    return found


def _text_of(path: Path) -> str | None:
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
