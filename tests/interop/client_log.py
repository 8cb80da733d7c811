"""What a client logs: clients swallow their own errors, and only their log tells of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

_API_ERROR = re.compile(r"Error (\d+), reqId -?\d+: ")


class ClientLog(logging.Handler):
    """Keeps every record at warning level or above.

    ``api_errors`` are the codes of errors that came from the gateway, as ib_async logs them;
    ``faults`` is every other error, such as a message that could not be decoded.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.api_errors: list[int] = []
        self.faults: list[str] = []
        self.warnings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        text = self.format(record)
        api_error = _API_ERROR.match(text)
        if record.levelno < logging.ERROR:
            self.warnings.append(text)
        elif api_error is not None:
            self.api_errors.append(int(api_error[1]))
        else:
            self.faults.append(text)


@contextmanager
def client_log(client: str) -> Iterator[ClientLog]:
    """Listen to a client's log while the block runs."""
    log, logger = ClientLog(), logging.getLogger(client)
    level, propagates = logger.level, logger.propagate
    logger.addHandler(log)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield log
    finally:
        logger.removeHandler(log)
        logger.setLevel(level)
        logger.propagate = propagates
