"""The domain is attrs and the standard library: no I/O, no event loop, no clock, no chance."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

import pytest

from tests.support.repository import PACKAGE, imported_modules, name_of, parsed, source_files

DOMAIN = PACKAGE / "domain"

THIRD_PARTY = {"attr", "attrs"}

# Standard modules that wait, look at the clock, draw lots or reach outside the process.
IMPURE_MODULES = {
    "asyncio",
    "concurrent",
    "http",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "select",
    "selectors",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
}

# Impure functions of modules that are otherwise welcome (datetime, uuid) or of no module.
IMPURE_ATTRIBUTES = {"now", "utcnow", "today", "uuid1", "uuid4"}
IMPURE_BUILTINS = {"open", "input", "print", "breakpoint"}


def impurities(tree: ast.Module) -> Iterator[str]:
    """Name each thing in a domain module that the domain may not do."""
    for module, line in imported_modules(tree):
        top = module.split(".")[0]
        ours = module == "brokerport.domain" or module.startswith("brokerport.domain.")
        if module.startswith("."):
            yield f"line {line}: relative import of {module}"
        elif top in IMPURE_MODULES:
            yield f"line {line}: imports {module}"
        elif not ours and top not in THIRD_PARTY and top not in sys.stdlib_module_names:
            yield f"line {line}: imports {module}, which is neither attrs nor standard"
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield f"line {node.lineno}: asynchronous code"
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name in IMPURE_ATTRIBUTES:
                    yield f"line {node.lineno}: imports {alias.name}"
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in IMPURE_ATTRIBUTES:
            yield f"line {node.lineno}: calls {ast.unparse(node.func)}()"
        if isinstance(node.func, ast.Name) and node.func.id in IMPURE_BUILTINS:
            yield f"line {node.lineno}: calls {node.func.id}()"


def test_the_domain_is_pure() -> None:
    """No domain module imports or calls anything that its arguments do not decide."""
    found = {name_of(file): list(impurities(parsed(file))) for file in source_files(DOMAIN)}
    assert {name: reasons for name, reasons in found.items() if reasons} == {}


@pytest.mark.parametrize(
    "impure",
    [
        "import asyncio",
        "import random",
        "import time",
        "from time import monotonic",
        "import socket",
        "import ib_async",
        "import brokerport.ports",
        "from brokerport.services.pacing import Pacer",
        "from ..ports import clock",
        "import datetime\nat = datetime.datetime.now(datetime.UTC)",
        "from datetime import date\nday = date.today()",
        "from uuid import uuid4",
        "import uuid\nkey = uuid.uuid4()",
        "def later():\n    import os",
        "async def wait() -> None: ...",
        "text = open('orders.txt')",
        "print('filled')",
    ],
)
def test_an_impure_line_is_found(impure: str) -> None:
    """Each kind of impurity, planted alone, is reported."""
    assert list(impurities(ast.parse(impure)))


def test_a_pure_module_is_left_alone() -> None:
    """What the domain does use is not reported."""
    pure = (
        "from datetime import UTC, datetime\nfrom decimal import Decimal\n"
        "from attrs import frozen\n"
        "from brokerport.domain.money import Money\nopening = datetime(2026, 1, 2, tzinfo=UTC)\n"
    )
    assert list(impurities(ast.parse(pure))) == []
