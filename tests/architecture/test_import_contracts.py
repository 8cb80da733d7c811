"""The import contracts hold, and each of them fails on a planted violation.

A contract that cannot fail protects nothing, so the package is copied, one forbidden import is
written into the copy, and the same command that CI runs must name the contract it breaks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.repository import PACKAGE, ROOT

LINT = "from importlinter.cli import lint_imports_command as lint; lint()"

# Contract, the module that sins, what it imports. Absent modules are created.
VIOLATIONS = [
    ("layers", "domain.orders", "brokerport.ports"),
    ("layers", "domain.orders", "brokerport.cli"),
    ("layers", "ports.orders", "brokerport.services"),
    ("layers", "services.order_desk", "brokerport.adapters"),
    ("layers", "services.order_desk", "brokerport.simulator"),
    ("layers", "adapters.tws.session", "brokerport.broker"),
    ("layers", "container", "brokerport.cli"),
    ("layers", "config", "brokerport.adapters"),
    ("layers", "broker", "brokerport.container"),
    ("layers", "a_new_top_level_module", "brokerport.domain"),
    ("cli", "cli.planted", "brokerport.adapters.tws"),
    ("broker", "broker", "brokerport.adapters.tws"),
    ("broker", "config", "brokerport.simulator"),
    ("adapters-apart", "adapters.simulated.planted", "brokerport.adapters.tws"),
    ("adapters-apart", "adapters.tws.planted", "brokerport.adapters.simulated"),
    ("adapters-apart", "adapters.client_portal.planted", "brokerport.adapters.tws"),
    ("production-adapters", "adapters.client_portal.planted", "brokerport.simulator"),
    ("production-adapters", "adapters.tws.planted", "brokerport.simulator"),
    ("production-adapters", "adapters.tws.planted", "brokerport.simulator.wire.tws"),
    ("simulator", "simulator.gateways.tws.planted", "brokerport.adapters.tws"),
    ("simulator", "simulator.world", "brokerport.config"),
    ("wire", "simulator.wire.tws.planted", "brokerport.domain.orders"),
    ("wire", "simulator.wire.tws.planted", "brokerport.simulator.exchange"),
    ("exchange", "simulator.exchange.planted", "brokerport.simulator.brokerage"),
    ("exchange", "simulator.exchange.planted", "brokerport.simulator.wire"),
    ("brokerage", "simulator.brokerage.planted", "brokerport.simulator.wire"),
    ("brokerage", "simulator.brokerage.planted", "brokerport.simulator.gateways"),
    ("ib-async", "services.planted", "ib_async"),
    ("ib-async", "simulator.gateways.tws.planted", "ib_async"),
    (
        "doors-apart",
        "simulator.gateways.tws.planted",
        "brokerport.simulator.gateways.client_portal",
    ),
    ("httpx", "services.planted", "httpx"),
    ("database", "services.planted", "sqlalchemy"),
    ("foreign-clients", "adapters.tws.planted", "ibapi.client"),
]


def contracts() -> dict[str, str]:
    """Read the contracts' ids and names from pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        contract["id"]: contract["name"]
        for contract in settings["tool"]["importlinter"]["contracts"]
    }


def lint(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run lint-imports on the package under one root, in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-logo", "--no-cache", *arguments],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root / "src"), "COLUMNS": "200"},
    )


def plant(package: Path, module: str, imported: str) -> None:
    """Write an import into a module of the copied package, and whatever is missing around it."""
    wanted = [module]
    if imported.startswith("brokerport."):
        wanted.append(imported.removeprefix("brokerport."))
    for name in wanted:
        parts = name.split(".")
        for depth in range(1, len(parts)):
            folder = package.joinpath(*parts[:depth])
            folder.mkdir(exist_ok=True)
            (folder / "__init__.py").touch()
        leaf = package.joinpath(*parts)
        (leaf / "__init__.py" if leaf.is_dir() else leaf.with_suffix(".py")).touch()
    target = package.joinpath(*module.split("."))
    file = target / "__init__.py" if target.is_dir() else target.with_suffix(".py")
    file.write_text(f"{file.read_text(encoding='utf-8')}\nimport {imported}\n", encoding="utf-8")


@pytest.fixture
def copied_root(tmp_path: Path) -> Path:
    """A copy of the package and its contracts that a test may spoil."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        PACKAGE,
        tmp_path / "src" / "brokerport",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return tmp_path


def test_the_contracts_hold() -> None:
    """The package as it stands breaks no import contract."""
    run = lint(ROOT)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"Contracts: {len(contracts())} kept, 0 broken." in run.stdout


def test_every_contract_has_a_planted_violation() -> None:
    """No contract is left without proof that it can fail."""
    assert {identifier for identifier, _, _ in VIOLATIONS} == set(contracts())


@pytest.mark.parametrize(("contract", "module", "imported"), VIOLATIONS)
def test_a_planted_violation_breaks_its_contract(
    copied_root: Path, contract: str, module: str, imported: str
) -> None:
    """One forbidden import makes the command fail and name the contract."""
    plant(copied_root / "src" / "brokerport", module, imported)
    run = lint(copied_root, "--contract", contract)
    assert run.returncode == 1, run.stdout + run.stderr
    assert f"{contracts()[contract]} BROKEN" in run.stdout


def test_the_copy_without_a_violation_holds(copied_root: Path) -> None:
    """What fails in the tests above is the planted import, not the copying."""
    run = lint(copied_root)
    assert run.returncode == 0, run.stdout + run.stderr
