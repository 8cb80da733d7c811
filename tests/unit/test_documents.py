"""The documents say what the code does: generated parts, examples, names, defaults and links."""

from __future__ import annotations

import inspect
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import attrs
import pytest

from brokerport.broker import Broker
from brokerport.config import (
    ENVIRONMENT_PREFIX,
    AccountSettings,
    ClientPortalSettings,
    JournalSettings,
    OrderSettings,
    PortalMode,
    PortalPacing,
    ReconciliationSettings,
    SessionSettings,
    Settings,
    SimulatedSettings,
    TwsSettings,
    WhileAway,
)
from brokerport.domain import errors, events, order_types, reports
from tests.support.living_documents import (
    DESIGN,
    LIVING,
    Example,
    brought_up_to_date,
    examples,
    printed_by,
)
from tests.support.repository import ROOT, name_of

LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(?P<text>.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    """List the Markdown files of the repository."""
    found = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    assert len(found) > 8
    return found


def section(number: int) -> str:
    """Return one numbered section of the design document."""
    text = DESIGN.read_text(encoding="utf-8")
    match = re.search(rf"^## {number}\. .*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, f"the design document has no section {number}"
    return match[0]


@pytest.mark.parametrize("file", LIVING, ids=name_of)
def test_generated_parts_and_printed_outputs_are_up_to_date(file: Path) -> None:
    """A document is what ``python -m tests.support.living_documents`` would write."""
    is_up_to_date = file.read_text(encoding="utf-8") == brought_up_to_date(file)
    assert is_up_to_date, "run: python -m tests.support.living_documents"


def test_the_design_document_has_examples_with_outputs() -> None:
    """The check above has something to check, and examples are found where they stand."""
    shown = [example for example in examples(DESIGN.read_text(encoding="utf-8")) if example.output]
    assert len(shown) >= 15


def test_a_failing_example_is_not_swallowed(tmp_path: Path) -> None:
    """An example that raises fails its document, and another output than shown is noticed."""
    file = tmp_path / "page.md"
    file.write_text("```python\nraise ValueError('broken')\n```\n", encoding="utf-8")
    with pytest.raises(ValueError, match="broken"):
        printed_by(file)
    file.write_text("```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n", encoding="utf-8")
    assert examples(file.read_text(encoding="utf-8")) == [Example(2, "print(1 + 1)\n", "3\n")]
    assert "```text\n2\n```" in brought_up_to_date(file)


def test_every_function_of_broker_is_described() -> None:
    """Each public name of Broker stands in section 6."""
    names = {name for name, _ in inspect.getmembers(Broker) if not name.startswith("_")}
    assert len(names) > 18
    headings = " ".join(re.findall(r"^### .*$", section(6), re.MULTILINE))
    missing = {name for name in names if not re.search(rf"\b{name}\b", headings)}
    assert missing == set()


def _settings() -> list[tuple[str, attrs.Attribute[Any]]]:
    sections: list[tuple[str, type[Any]]] = [
        ("tws.", TwsSettings),
        ("client_portal.", ClientPortalSettings),
        ("simulated.", SimulatedSettings),
        ("orders.", OrderSettings),
        ("journal.", JournalSettings),
        ("reconciliation.", ReconciliationSettings),
        ("session.", SessionSettings),
    ]
    own = [(item.name, item) for item in attrs.fields(Settings) if item.name == "adapter"]
    return own + [(prefix + a.name, a) for prefix, cls in sections for a in attrs.fields(cls)]


def test_the_settings_checked_are_all_there_are() -> None:
    """Settings has no section that the next test does not look into."""
    known = {
        "adapter",
        "accounts",
        "tws",
        "client_portal",
        "simulated",
        "orders",
        "journal",
        "session",
        "reconciliation",
    }
    assert {item.name for item in attrs.fields(Settings)} == known


@pytest.mark.parametrize(("path", "setting"), _settings(), ids=lambda value: str(value)[:40])
def test_every_setting_is_described_with_its_variable_and_default(
    path: str, setting: attrs.Attribute[Any]
) -> None:
    """The table of section 13 has the setting, its variable, and the default the code has."""
    variable = ENVIRONMENT_PREFIX + path.upper().replace(".", "__")
    rows = [line for line in section(13).splitlines() if line.startswith(f"| `{path}` |")]
    assert len(rows) == 1
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert cells[1] == f"`{variable}`"
    shown = cells[3]
    default = setting.default
    if isinstance(default, PortalMode | PortalPacing | WhileAway):
        default = default.value
    if default is attrs.NOTHING or default is None:
        assert shown.startswith("none")
    elif isinstance(default, Decimal):
        assert shown == f"`{default}`"
    else:
        assert shown == f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_every_field_of_an_account_entry_is_described() -> None:
    """The second table of section 13 has each field of ``[[accounts]]``."""
    for item in attrs.fields(AccountSettings):
        assert f"| `{item.name}` |" in section(13)


def test_every_error_is_described() -> None:
    """Section 9 names each class of the error tree."""
    names = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.BrokerportError)
    }
    assert {name for name in names if f"`{name}" not in section(9)} == set()


def test_every_event_report_and_order_type_is_described() -> None:
    """Sections 5 and 8 name each event, report and order type."""
    told = [item.__name__ for item in get_args(events.BrokerEvent)]
    told += [item.__name__ for item in get_args(reports.OrderReport)]
    assert {name for name in told if f"`{name}`" not in section(8)} == set()
    types = [item.__name__ for item in get_args(order_types.OrderType)]
    assert {name for name in types if f"`{name}(" not in section(5)} == set()


def _anchors(text: str) -> set[str]:
    """Return the anchors that GitHub makes of a document's headings."""
    without_code = FENCED.sub("", text)
    return {
        re.sub(r"[^\w\- ]", "", match["text"].lower()).replace(" ", "-")
        for match in HEADING.finditer(without_code)
    }


@pytest.mark.parametrize("file", documents(), ids=name_of)
def test_links_lead_somewhere(file: Path) -> None:
    """Each relative link names a file of the repository, and each anchor a heading of it."""
    broken = []
    for match in LINK.finditer(FENCED.sub("", file.read_text(encoding="utf-8"))):
        target, _, anchor = match["target"].partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        linked = (file.parent / target).resolve() if target else file
        is_there = linked.exists()
        if is_there and anchor:
            is_there = anchor in _anchors(linked.read_text(encoding="utf-8"))
        if not is_there:
            broken.append(match["target"])
    assert broken == []
