"""The shape of the source: small files, telling names, documented public names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import PACKAGE, imported_modules, name_of, parsed, source_files

LINES_MAX = 450

# Names that say where code was dropped, not what it is.
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "misc", "common", "tools", "stuff"}

# The official client's licence keeps it out of the product; test tools have no place there.
TEST_ONLY_MODULES = {"QuantLib", "async_solipsism", "hypothesis", "ibapi", "ibind", "pytest"}

FOREIGN = re.compile(r"# noqa: D10[1-3]\b")
FIRST_SENTENCE = re.compile(r"\S.*?[.?!:](\s|$)", re.DOTALL)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public_definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Yield the public functions and classes, and the public methods of those classes."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{prefix}{node.name}.")


def needs_no_docstring(node: Definition) -> bool:
    """Tell whether another definition already documents this one: an overload or an override."""
    decorators = {ast.unparse(decorator).split(".")[-1] for decorator in node.decorator_list}
    return bool(decorators & {"overload", "override", "setter", "deleter"})


def undocumented(source: str) -> list[str]:
    """Name each public thing whose docstring is missing or does not open with a sentence.

    A declaration of somebody else's interface is documented there, and says so to ruff as well.
    """
    tree, lines = ast.parse(source), source.splitlines()
    documented: list[tuple[str, str | None]] = [("the module", ast.get_docstring(tree))]
    documented += [
        (name, ast.get_docstring(node))
        for name, node in public_definitions(tree.body)
        if not needs_no_docstring(node) and not FOREIGN.search(lines[node.lineno - 1])
    ]
    return [name for name, text in documented if not FIRST_SENTENCE.match(text or "")]


def test_no_file_is_too_long() -> None:
    """A file that outgrows one idea is split."""
    lengths = {name_of(file): len(file.read_text().splitlines()) for file in source_files()}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_MAX} == {}


def test_no_module_has_a_vague_name() -> None:
    """A module is named after what it is about."""
    names = {
        name_of(file): {file.stem, *file.relative_to(PACKAGE).parts} for file in source_files()
    }
    assert [name for name, parts in names.items() if parts & VAGUE_NAMES] == []


def test_every_folder_with_source_is_a_package() -> None:
    """A folder without __init__.py is invisible to the import contracts."""
    folders = {file.parent for file in source_files()}
    assert [name_of(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def allowed_in(file: Path) -> set[str]:
    """Return the test tools that a file may import: the simulation runs on a virtual loop."""
    return {"async_solipsism"} if PACKAGE / "dst" in file.parents else set()


def test_no_source_file_imports_a_test_dependency() -> None:
    """The official ibapi client and the test tools are never needed at run time."""
    found = [
        f"{name_of(file)}:{line} {module}"
        for file in source_files()
        for module, line in imported_modules(parsed(file))
        if module.split(".")[0] in TEST_ONLY_MODULES - allowed_in(file)
    ]
    assert found == []


def test_the_wire_codec_imports_nothing_of_ours() -> None:
    """The codec could be lifted out: it names no module of brokerport outside itself."""
    wire = PACKAGE / "simulator" / "wire"
    found = [
        f"{name_of(file)}:{line} {module}"
        for file in source_files(wire)
        for module, line in imported_modules(parsed(file))
        if module.split(".")[0] == "brokerport"
        and not f"{module}.".startswith("brokerport.simulator.wire.")
    ]
    assert found == []


def test_no_module_imports_the_public_facade() -> None:
    """``import brokerport`` would reach every layer through the back door."""
    found = [
        f"{name_of(file)}:{line}"
        for file in source_files()
        if file != PACKAGE / "__init__.py"
        for module, line in imported_modules(parsed(file))
        if module == "brokerport"
    ]
    assert found == []


def postpones_annotations(tree: ast.Module) -> bool:
    """Tell whether a module, if it holds any code, starts with the __future__ import."""
    code = [node for node in tree.body if not isinstance(node, ast.Expr)]
    return not code or (isinstance(code[0], ast.ImportFrom) and code[0].module == "__future__")


def test_public_names_are_documented() -> None:
    """Every module and public name opens its docstring with a sentence."""
    found = {
        name_of(file): undocumented(file.read_text(encoding="utf-8")) for file in source_files()
    }
    assert {name: missing for name, missing in found.items() if missing} == {}


def test_annotations_are_not_evaluated() -> None:
    """Every module that holds code postpones its annotations, so that they cost nothing."""
    assert [
        name_of(file) for file in source_files() if not postpones_annotations(parsed(file))
    ] == []


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        '"""No sentence"""',
        '"""Good."""\ndef place(): ...',
        '"""Good."""\nclass Order:\n    """An order"""',
        '"""Good."""\nclass Order:\n    """An order."""\n    def cancel(self): ...',
        '"""Good."""\nasync def place():\n    "" ',
    ],
)
def test_a_missing_docstring_is_found(source: str) -> None:
    """Each way of leaving a public name undocumented, planted alone, is reported."""
    assert undocumented(source)


# Each third-party client of the Client Portal adapter is kept where it can be replaced.
KEPT_IN = {"httpx": "transport.py", "websockets": "stream.py"}


@pytest.mark.parametrize("library", KEPT_IN)
def test_a_library_is_kept_in_one_module(library: str) -> None:
    """Nothing else of the Client Portal adapter knows the library."""
    folder = PACKAGE / "adapters" / "client_portal"
    importing = {
        file.name
        for file in source_files(folder)
        for module, _line in imported_modules(parsed(file))
        if module.split(".")[0] == library
    }
    assert importing == {KEPT_IN[library]}
