"""The command line: ``brokerport`` and its commands, one module each."""

from __future__ import annotations

import logging

import typer

from brokerport.cli.doctor import doctor
from brokerport.cli.faults import faults
from brokerport.cli.paper.command import paper
from brokerport.cli.reconcile import reconcile
from brokerport.cli.simulate import simulate


def command_line() -> typer.Typer:
    """Return the command line as an application."""
    app = typer.Typer(
        name="brokerport",
        help="One typed Python port to Interactive Brokers, and a simulated exchange behind it.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
        add_completion=False,
    )
    app.command()(paper)
    app.command()(simulate)
    app.command()(faults)
    app.command()(reconcile)
    app.command()(doctor)
    return app


def main() -> None:
    """Run the command line; what brokerport logs goes to standard error, from warnings upwards."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    command_line()()
