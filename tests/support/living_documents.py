"""Documents that stay true: parts generated from the code, and Python examples that are run.

Three conventions in a Markdown file:

- what stands between ``<!-- generated: NAME -->`` and ``<!-- end -->`` comes from ``GENERATED``;
- every Python block is run. One that opens a broker of its own is run as a script; the others run
  one after the other inside one open session, where ``await`` may be used;
- a text block that follows a Python block directly is what it prints.

``python -m tests.support.living_documents`` brings the documents up to date with the code.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import datetime
import decimal
import inspect
import io
import os
import random
import re
from pathlib import Path
from typing import Any

from attrs import frozen

import brokerport
from brokerport.config import load_settings
from brokerport.container import build_world, open_broker
from brokerport.services.order_identity import ClientOrderIds
from tests.support.generated_parts import GENERATED
from tests.support.repository import ROOT

DESIGN = ROOT / "docs" / "ALL_USE_Broker_Integration_Interface_Design_IBKR.md"
CODES_PAGE = ROOT / "docs" / "codes.md"
GATEWAY_PAGE = ROOT / "docs" / "tws-gateway.md"
README = ROOT / "README.md"
LIFECYCLE_PAGE = ROOT / "docs" / "order-lifecycle.md"
PORTAL_PAGE = ROOT / "docs" / "client-portal-gateway.md"
CAPABILITIES_PAGE = ROOT / "docs" / "capabilities.md"
LIVING = (
    DESIGN,
    CODES_PAGE,
    GATEWAY_PAGE,
    PORTAL_PAGE,
    CAPABILITIES_PAGE,
    LIFECYCLE_PAGE,
    README,
)
SAMPLE_SETTINGS = ROOT / "examples" / "brokerport.toml"

_GENERATED_PART = re.compile(r"(<!-- generated: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```(?:\n\n```text\n(?P<output>.*?)```)?", re.DOTALL)


@frozen
class Example:
    """One Python block, and the text block that says what it prints, None when there is none."""

    line: int
    code: str
    output: str | None

    @property
    def is_script(self) -> bool:
        """Whether the example opens its own session."""
        return "open_broker" in self.code


def examples(text: str) -> list[Example]:
    """Return the Python blocks of a document, in order."""
    return [
        Example(text.count("\n", 0, match.start()) + 2, match["code"], match["output"])
        for match in _EXAMPLE.finditer(text)
    ]


def printed_by(file: Path) -> list[str]:
    """Run the examples of a document, and return what each printed."""
    found = examples(file.read_text(encoding="utf-8"))
    printed: dict[int, str] = {
        example.line: _run_script(example, file) for example in found if example.is_script
    }
    with asyncio.Runner() as runner:
        session = [example for example in found if not example.is_script]
        printed |= runner.run(_run_in_session(session, file))
    return [printed[example.line] for example in found]


def brought_up_to_date(file: Path) -> str:
    """Return a document's text with its generated parts and outputs as the code has them now."""
    text = _GENERATED_PART.sub(
        lambda match: f"{match[1]}{GENERATED[match[2]]()}{match[3]}",
        file.read_text(encoding="utf-8"),
    )
    outputs = iter(printed_by(file))

    def replaced(match: re.Match[str]) -> str:
        printed = next(outputs)
        if match["output"] is None:
            return match[0]
        return f"```python\n{match['code']}```\n\n```text\n{printed}```"

    return _EXAMPLE.sub(replaced, text)


def _run_script(example: Example, file: Path) -> str:
    with (
        contextlib.chdir(SAMPLE_SETTINGS.parent),
        contextlib.redirect_stdout(io.StringIO()) as printed,
    ):
        exec(_compiled(example, file), {"__name__": "__main__"})  # noqa: S102 - our own documents
    return printed.getvalue()


async def _run_in_session(session: list[Example], file: Path) -> dict[int, str]:
    """Run examples in one session on a stepped clock, with ids that are the same each time."""
    settings = load_settings(SAMPLE_SETTINGS, {"BROKERPORT_SIMULATED__SPEED": "0"})
    world = build_world(settings.simulated, settings.account_map())
    order_ids = ClientOrderIds(world.clock, random.Random(settings.simulated.seed))
    printed: dict[int, str] = {}
    async with open_broker(settings, world=world, order_ids=order_ids) as broker:
        names: dict[str, Any] = {name: getattr(brokerport, name) for name in brokerport.__all__}
        names |= {"broker": broker, "Decimal": decimal.Decimal, "date": datetime.date}
        for example in session:
            with contextlib.redirect_stdout(io.StringIO()) as output:
                running = eval(_compiled(example, file), names)  # noqa: S307 - our own documents
                if inspect.isawaitable(running):
                    await running
            printed[example.line] = output.getvalue()
    return printed


def _compiled(example: Example, file: Path) -> Any:
    # The line feeds in front make a failing example show the document's own line.
    text = "\n" * (example.line - 1) + example.code
    return compile(text, str(file), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def main() -> None:
    """Rewrite the documents whose generated parts or outputs have changed."""
    for file in LIVING:
        text = brought_up_to_date(file)
        if text != file.read_text(encoding="utf-8"):
            file.write_text(text, encoding="utf-8")
            print(f"changed: {os.path.relpath(file)}")


if __name__ == "__main__":
    main()
