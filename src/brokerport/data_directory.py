"""Where the user's data is kept, as each platform keeps such things.

It stands below every layer: the journal and the simulated gateway's certificate are kept there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def data_directory(
    environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> Path:
    """Return brokerport's directory among the user's data; it may not exist yet.

    Linux and others: XDG Base Directory Specification; a relative ``XDG_DATA_HOME`` is ignored.
    """
    if platform == "win32":
        local = environment.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "brokerport"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "brokerport"
    data_home = Path(environment.get("XDG_DATA_HOME", ""))
    if not data_home.is_absolute():
        data_home = Path.home() / ".local" / "share"
    return data_home / "brokerport"
