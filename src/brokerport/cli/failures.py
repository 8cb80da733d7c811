"""From an error to one clear line and an exit code: 2 for bad input, 1 for anything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from brokerport.domain.errors import BadInput, BrokerportError

BAD_INPUT = 2
FAILED = 1


@contextmanager
def reported_failures() -> Iterator[None]:
    """End the program with a clear line instead of a traceback when brokerport refuses."""
    try:
        yield
    except BadInput as error:
        typer.echo(f"brokerport: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    except BrokerportError as error:
        typer.echo(f"brokerport: {error}", err=True)
        raise typer.Exit(FAILED) from error
