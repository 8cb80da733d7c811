"""Deterministic simulation: the real adapters on a virtual clock, under faults, checked.

Needs the extra ``dst`` (``pip install 'brokerport[dst]'``). The command is ``brokerport-dst``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``brokerport-dst``; see ``command.main``."""
    try:
        from brokerport.dst.command import main as run
    except ImportError as missing:
        if missing.name != "async_solipsism":
            raise
        print(
            "brokerport-dst needs async-solipsism: pip install 'brokerport[dst]'", file=sys.stderr
        )
        return 2
    return run(arguments)
