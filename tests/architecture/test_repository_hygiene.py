"""What no committed file may hold: a package registry's host, or a path of one machine.

The forbidden strings are put together from parts here, for this file is committed too.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.repository import ROOT, committed_files, name_of

REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("repo", "maven", "apache", "org"),
        ("rubygems", "org"),
        ("anaconda", "org"),
        ("deb", "debian", "org"),
    )
]

# The working folders of a development machine, as the first part of an absolute path.
MACHINE_FOLDERS = ["work", "tmp", "root", "home", "opt", "Users"]

MACHINE_PATH = re.compile(
    rf"(?<![\w.\-/:}})\]*]){'/'}(?:{'|'.join(MACHINE_FOLDERS)})(?:/[\w.\-]|(?=[\s\"'`]))"
)


def offences(text: str) -> list[str]:
    """List the registry hosts and machine paths that a text names."""
    hosts = [host for host in REGISTRY_HOSTS if host in text.lower()]
    return hosts + [match.group() for match in MACHINE_PATH.finditer(text)]


def test_no_committed_file_names_a_registry_or_this_machine() -> None:
    """The repository installs from wherever its user's tools are set up to, on any machine."""
    found: dict[str, list[str]] = {}
    for file in committed_files():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # Binary: no tool reads a host or a path out of it.
        if wrong := offences(text):
            found[name_of(file)] = wrong
    assert found == {}


def test_the_listing_covers_the_repository() -> None:
    """The check looks at real files, in every part of the tree."""
    names = {name_of(file) for file in committed_files()}
    assert {"pyproject.toml", "constraints.txt", ".ci/run", "src/brokerport/__init__.py"} <= names
    assert name_of(Path(__file__)) in names
    assert not any(part.startswith(".venv") for name in names for part in name.split("/"))
    assert ROOT / ".git" not in committed_files()


@pytest.mark.parametrize("host", REGISTRY_HOSTS)
def test_a_registry_host_is_found(host: str) -> None:
    """Each host is found inside a URL."""
    assert offences(f"--index-url https://{host}/simple") == [host] or host in offences(host)


@pytest.mark.parametrize("folder", MACHINE_FOLDERS)
@pytest.mark.parametrize("shape", ["{}/main", "cd {}", "path = '{}/x'", "see ({}/notes.md)"])
def test_a_machine_path_is_found(folder: str, shape: str) -> None:
    """Each working folder is found at the start of an absolute path."""
    assert offences(shape.format(f"{'/'}{folder}") + " ")


def test_addresses_of_web_pages_and_routes_are_left_alone() -> None:
    """A path inside a URL or after a variable belongs to no machine."""
    assert offences("https://example.com/work/item and $ROOT/tmp/x and a/home/b and ../tmp/c") == []
