"""Where this repository's files are, for the tests that read them instead of running them."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "brokerport"


def source_files(under: Path = PACKAGE) -> list[Path]:
    """List the package's Python files; an empty answer is an error, for it would pass any check."""
    files = sorted(under.rglob("*.py"))
    if not files:
        raise FileNotFoundError(f"no Python file under {under}")
    return files


def name_of(file: Path) -> str:
    """Name a file as the repository does, for test ids and messages."""
    return file.relative_to(ROOT).as_posix()


def parsed(file: Path) -> ast.Module:
    """Parse one file of the package."""
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def imported_modules(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every absolutely imported module name with its line, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), node.lineno


def committed_files() -> list[Path]:
    """List what git tracks or would track; a copy without git is walked instead."""
    git = shutil.which("git")
    if git is not None and (ROOT / ".git").exists():
        listing = subprocess.run(
            [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        files = [ROOT / name for name in listing.split("\0") if name]
    else:
        kept = ["src", "tests", "features", "docs", "examples", "bench", ".ci"]
        files = [file for name in kept for file in (ROOT / name).rglob("*")]
        files += list(ROOT.glob("*.*"))
    present = sorted(
        file for file in set(files) if file.is_file() and "__pycache__" not in file.parts
    )
    if not present:
        raise FileNotFoundError(f"git names no file under {ROOT}")
    return present
