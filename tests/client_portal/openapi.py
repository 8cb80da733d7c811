"""Checks answers against IBKR's own OpenAPI description, which is kept beside the repository.

Rules:

- A schema is chosen by method, path template and status; parameter names do not matter.
- OpenAPI 3.0's schemas are JSON Schema of an old draft plus ``nullable``; both are honoured.
- Descriptions require no key and allow any further one, so an object with none of the described
  keys would pass: it does not pass here.
- What differs on purpose stands in ``deviations``.

Without the description ``check_answer`` skips the test: call it last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft4Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]

from tests.client_portal.deviations import DEVIATIONS, UNDESCRIBED, Deviation
from tests.support.repository import ROOT

FILE = ROOT.parent / "shared" / "reference" / "ibkr-web-api-openapi.json"

needs_description = pytest.mark.skipif(
    not FILE.is_file(), reason="IBKR's OpenAPI description is not beside this repository"
)


@cache
def description() -> Mapping[str, Any]:
    """Return the whole description; skips the test where it is absent."""
    if not FILE.is_file():
        pytest.skip("IBKR's OpenAPI description is not beside this repository")
    loaded: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


def is_described(method: str, template: str) -> bool:
    """Say whether the description has an operation."""
    return _operation(method, template) is not None


def check_answer(method: str, template: str, status: int, body: Any) -> None:
    """Fail the test unless an answer is as described, or differs as ``deviations`` says.

    ``template`` is the path below /v1/api, its parameters in braces by any name; ``body`` is the
    parsed JSON.
    """
    operation = _operation(method, template)
    if operation is None:
        known = {(verb, shape(path)) for verb, path in UNDESCRIBED}
        assert (method, shape(template)) in known, f"{method} {template} is described nowhere"
        return
    excused = tuple(_excuses(method, template, status))
    if any(one.at is None for one in excused) and (status < 400 or _is_ibkr_error(status, body)):
        return
    response = operation["responses"].get(str(status))
    assert response is not None, f"{method} {template}: status {status} is not described: {body}"
    content = _resolved(response).get("content")
    if not content:
        return
    schema = next(iter(content.values())).get("schema")
    if schema is None:
        return
    plain = _plain(schema, ())
    problems = [
        f"{'/'.join(map(str, error.absolute_path)) or 'the body'}: {error.message}"
        for error in _errors(plain, body)
        if not any(_matches(one.at or "", error.absolute_path) for one in excused)
    ]
    described = _described_keys(plain)
    if described:
        described |= {one.at for one in excused if one.at is not None}
    if isinstance(body, dict) and body and described and not described & body.keys():
        problems.append(f"none of {sorted(body)} is among {sorted(described)}")
    assert not problems, f"{method} {template} {status}:\n  " + "\n  ".join(problems)


def _is_ibkr_error(status: int, body: Any) -> bool:
    """Say whether a body is ``{"error": text, "statusCode": status}``, the latter if at all."""
    return (
        isinstance(body, dict)
        and isinstance(body.get("error"), str)
        and body.get("statusCode", status) == status
    )


def undescribed_keys(method: str, template: str, status: int, body: Any) -> set[str]:
    """Return the keys of an answer, at any depth, that neither schema nor example knows."""
    operation = _operation(method, template)
    assert operation is not None, f"{method} {template} is not described"
    response = _resolved(operation["responses"][str(status)])
    known = set(_names(_plain(response, ())))
    return set(_names(body)) - known


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)


def shape(template: str) -> str:
    """Return a template with its parameter names left out."""
    return re.sub(r"\{[^}]*\}", "{}", template)


@cache
def _paths() -> Mapping[str, Any]:
    return {shape(path): operations for path, operations in description()["paths"].items()}


def _operation(method: str, template: str) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = _paths().get(shape(template), {}).get(method.lower())
    return found


def _excuses(method: str, template: str, status: int) -> Iterator[Deviation]:
    for one in DEVIATIONS:
        is_path = one.path == "*" or shape(one.path) == shape(template)
        if one.method in ("*", method) and is_path and one.status == status:
            yield one


def _matches(pattern: str, path: Iterable[str | int]) -> bool:
    wanted, found = pattern.split("/"), [str(part) for part in path]
    return len(wanted) == len(found) and all(
        one in ("*", other) for one, other in zip(wanted, found, strict=True)
    )


def _resolved(value: Any) -> Any:
    while isinstance(value, Mapping) and "$ref" in value:
        found: Any = description()
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        value = found
    return value


def _plain(schema: Any, within: tuple[str, ...]) -> Any:
    """Return a schema without references and without ``nullable``; what recurses is left open."""
    if isinstance(schema, list):
        return [_plain(one, within) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        reference = schema["$ref"]
        if reference in within:
            return {}
        return _plain(_resolved(schema), (*within, reference))
    # Its alternatives require no key, so that several fit most objects: one fit is enough.
    plain = {
        "anyOf" if key == "oneOf" else key: _plain(value, within)
        for key, value in schema.items()
        if key != "nullable"
    }
    if schema.get("nullable") is True:
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


def _errors(schema: Any, body: Any) -> Iterator[ValidationError]:
    """Yield what is wrong; of alternatives, the one that fits best says what it misses."""
    for error in Draft4Validator(schema).iter_errors(body):
        yield from _leaves(error)


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    if not error.context:
        yield error
        return
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    for inner in min(branches.values(), key=len):
        yield from _leaves(inner)


def _described_keys(schema: Any) -> set[str]:
    if not isinstance(schema, Mapping):
        return set()
    if schema.get("additionalProperties"):
        return set()
    keys = set(schema.get("properties", {}))
    for part in ("anyOf", "allOf"):
        for one in schema.get(part, ()):
            keys |= _described_keys(one)
    return keys
