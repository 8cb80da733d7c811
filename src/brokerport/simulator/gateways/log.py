"""How the gateways log: structured, through the standard library's ``logging``.

The program that serves a gateway decides what is shown and where; nothing is configured here.
"""

from __future__ import annotations

import logging

import structlog


def gateway_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; events become ``event key=value`` lines of ``logging``."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
    )
    return logger
