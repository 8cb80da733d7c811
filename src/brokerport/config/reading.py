"""Reading settings: a TOML file, and over it the environment's last word."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import eq
from pathlib import Path
from typing import Any

import cattrs
from attrs import fields, has
from cattrs.gen import make_dict_structure_fn

from brokerport.config.settings import AccountSettings, Settings
from brokerport.config.tws_codes import Code
from brokerport.config.values import READERS, NotAllowed
from brokerport.domain.errors import BadInput, InvalidConfiguration

ENVIRONMENT_PREFIX = "BROKERPORT_"
A_TABLE = "a table of settings"


def load_settings(path: Path | str, environment: Mapping[str, str] | None = None) -> Settings:
    """Read settings from a TOML file, then apply ``BROKERPORT_...`` variables of ``environment``.

    Raises:
        InvalidConfiguration: the file is missing or not TOML, a setting is unknown, missing or not
            allowed; the message names it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidConfiguration(
            "configuration file", str(path), f"a readable file ({error.strerror})"
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidConfiguration(
            "configuration file", str(path), f"a text in UTF-8 ({error.reason})"
        ) from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfiguration(
            "configuration file", str(path), f"valid TOML ({error})"
        ) from error
    return settings_from(document, environment)


def settings_from(
    document: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Settings:
    """Build settings from parsed TOML and the environment's overrides.

    Raises:
        InvalidConfiguration: names the setting, the value and what is allowed.
    """
    merged = _with_environment(document, environment or {})
    try:
        return _converter().structure(merged, Settings)
    except cattrs.BaseValidationError as error:
        raise _first_fault(error, "", merged) from error


def _with_environment(
    document: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, Any]:
    merged: dict[str, Any] = {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in document.items()
    }
    for variable, text in sorted(environment.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX):
            continue
        parts = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        if parts[0] == "accounts":
            raise InvalidConfiguration(variable, text, "unset: accounts come from the file alone")
        if not all(parts) or len(parts) > 2:
            allowed = f"named {ENVIRONMENT_PREFIX}SETTING or {ENVIRONMENT_PREFIX}SECTION__SETTING"
            raise InvalidConfiguration(variable, text, allowed)
        if len(parts) == 1:
            merged[parts[0]] = text
            continue
        section = merged.setdefault(parts[0], {})
        if not isinstance(section, dict):
            raise InvalidConfiguration(parts[0], section, A_TABLE)
        section[parts[1]] = text
    return merged


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind, reader in READERS.items():
        if isinstance(kind, type):
            converter.register_structure_hook(kind, _hook(reader))
        else:
            converter.register_structure_hook_func(partial(eq, kind), _hook(reader))
    converter.register_structure_hook_factory(has, lambda cls: _table_reader(cls, converter))
    converter.register_structure_hook_func(
        lambda kind: kind == tuple[AccountSettings, ...],
        lambda value, _: _to_accounts(value, converter),
    )
    converter.register_structure_hook_func(
        lambda kind: kind == tuple[Code, ...],
        lambda value, _: _to_codes(value, converter),
    )
    return converter


def _hook(reader: Callable[[object], object]) -> Callable[[object, Any], object]:
    return lambda value, _kind: reader(value)


def _table_reader(cls: type, converter: cattrs.Converter) -> Callable[[object, Any], object]:
    structure: Callable[[Any, Any], Any] = make_dict_structure_fn(
        cls, converter, _cattrs_forbid_extra_keys=True
    )

    def read(value: object, kind: Any) -> object:
        if not isinstance(value, Mapping):
            raise NotAllowed(A_TABLE)
        return structure(value, kind)

    return read


def _to_accounts(value: object, converter: cattrs.Converter) -> tuple[AccountSettings, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise NotAllowed("at least one table headed [[accounts]]")
    return tuple(converter.structure(value, list[AccountSettings]))


def _to_codes(value: object, converter: cattrs.Converter) -> tuple[Code, ...]:
    if not isinstance(value, list | tuple):
        raise NotAllowed("tables headed [[tws.codes]] in the file")
    return tuple(converter.structure(value, list[Code]))


def _first_fault(error: Exception, path: str, value: object) -> BadInput:
    """Turn cattrs' tree of errors into one of ours that names the first setting at fault.

    ``value`` is what the settings had at ``path``.
    """
    if isinstance(error, BadInput):
        return error
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        known = ", ".join(item.name for item in fields(error.cl))
        name = min(error.extra_fields)
        # The name is at fault, so its value is not shown: it may be a misplaced secret.
        return InvalidConfiguration(_join(path, name), "an unknown setting", f"one of: {known}")
    if isinstance(error, cattrs.BaseValidationError):
        child = _worst(error)
        step = _step(child)
        inside = value if step is None else _inside(value, step)
        return _first_fault(child, _join(path, step), inside)
    if isinstance(error, KeyError):
        return InvalidConfiguration(path, None, "given")
    return InvalidConfiguration(path, value, str(error))


def _worst(error: cattrs.BaseValidationError) -> Exception:
    """Choose a misspelt name before what is missing because of it."""
    for child in error.exceptions:
        if isinstance(child, cattrs.ForbiddenExtraKeysError):
            return child
    return error.exceptions[0]


def _step(error: BaseException) -> str | int | None:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, cattrs.AttributeValidationNote):
            return note.name
        if isinstance(note, cattrs.IterableValidationNote):
            return note.index
    return None


def _inside(value: object, step: str | int) -> object:
    if isinstance(step, int):
        return value[step] if isinstance(value, Sequence) else value
    return value.get(step) if isinstance(value, Mapping) else value


def _join(path: str, step: str | int | None) -> str:
    if step is None:
        return path
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if path else step
