"""Settings: read from a TOML file, overridden by the environment, checked at start.

Every setting can be overridden by an environment variable named ``BROKERPORT_`` and its path, with
two underscores between the parts: ``BROKERPORT_ADAPTER=tws``, ``BROKERPORT_TWS__PORT=4002``.
Accounts come from the file alone. An unknown setting is refused, because a misspelt one would
silently do nothing. No secret belongs here.
"""

from __future__ import annotations

import ipaddress
import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import cattrs
from attrs import Attribute, field, fields, frozen, has
from cattrs.gen import make_dict_structure_fn

from brokerport.domain.accounts import AccountMap, BrokerAccount, LogicalAccount, Role
from brokerport.domain.errors import BadInput, InvalidConfiguration
from brokerport.domain.money import exact_decimal

ENVIRONMENT_PREFIX = "BROKERPORT_"
ADAPTERS = ("tws", "simulated")

A_TABLE = "a table of settings"
_WHOLE_NUMBER = re.compile(r" *[+-]?[0-9]+ *\Z")


def _positive(instance: object, attribute: Attribute[Any], value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise InvalidConfiguration(_path(instance, attribute), value, "greater than zero")


def _port(instance: object, attribute: Attribute[int], value: int) -> None:
    if not 1 <= value <= 65535:
        raise InvalidConfiguration(_path(instance, attribute), value, "a port from 1 to 65535")


def _client_id(instance: object, attribute: Attribute[int], value: int) -> None:
    if not 0 <= value <= 2_147_483_647:
        raise InvalidConfiguration(_path(instance, attribute), value, "from 0 to 2147483647")


def _not_negative(instance: object, attribute: Attribute[Any], value: float | Decimal) -> None:
    if not (value >= 0 and math.isfinite(value)):
        raise InvalidConfiguration(_path(instance, attribute), value, "zero or more")


def _adapter_name(_instance: object, attribute: Attribute[str], value: str) -> None:
    if value not in ADAPTERS:
        raise InvalidConfiguration(attribute.name, value, f"one of {', '.join(ADAPTERS)}")


def _path(instance: object, attribute: Attribute[Any]) -> str:
    section = getattr(type(instance), "SECTION", "")
    return f"{section}.{attribute.name}" if section else attribute.name


@frozen
class TwsSettings:
    """How to reach TWS or IB Gateway, and how long to wait for it (seconds).

    The TWS socket is not encrypted, by IBKR's design: a host that is not loopback is refused unless
    ``allow_plaintext_remote_host`` says that a tunnel or a trusted network stands between.
    """

    SECTION = "tws"

    host: str = "127.0.0.1"
    port: int = field(default=4002, validator=_port)
    client_id: int = field(default=1, validator=_client_id)
    connect_timeout_seconds: float = field(default=10.0, validator=_positive)
    request_timeout_seconds: float = field(default=10.0, validator=_positive)
    allow_plaintext_remote_host: bool = False

    def __attrs_post_init__(self) -> None:
        if not self.allow_plaintext_remote_host and not _is_loopback(self.host):
            raise InvalidConfiguration(
                "tws.host",
                self.host,
                "a loopback address (the TWS socket is plain text; "
                "set tws.allow_plaintext_remote_host to opt in)",
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@frozen
class SimulatedSettings:
    """The world that the ``simulated`` adapter trades in, inside this process.

    ``speed`` is how many simulated seconds pass in one; 0 leaves the clock to be stepped by hand.
    Quotes change every ``tick_seconds`` of simulated time.
    ``opening_cash`` is what each mapped account begins with, in US dollars.
    """

    SECTION = "simulated"

    seed: int = 1
    speed: float = field(default=1.0, validator=_not_negative)
    tick_seconds: int = field(default=1, validator=_positive)
    opening_cash: Decimal = field(default=Decimal(100_000), validator=_not_negative)
    starts_at: datetime | None = None
    replay: Path | None = None
    replay_from: date | None = None

    def __attrs_post_init__(self) -> None:
        if self.replay_from is not None and self.replay is None:
            raise InvalidConfiguration(
                "simulated.replay_from",
                self.replay_from.isoformat(),
                "left out unless simulated.replay names a file",
            )


@frozen
class AccountSettings:
    """One logical account and the broker account behind it."""

    name: str
    role: Role
    broker_account: str
    parent: str | None = None


@frozen
class OrderSettings:
    """How long ``Broker`` waits for the broker's answer to an order before it is in doubt.

    Timed from when the order has left: the time that pacing holds it back does not count.
    """

    SECTION = "orders"

    answer_timeout_seconds: float = field(default=10.0, validator=_positive)


@frozen
class Settings:
    """Everything brokerport is configured by."""

    adapter: str = field(validator=_adapter_name)
    accounts: tuple[AccountSettings, ...]
    tws: TwsSettings = field(factory=TwsSettings)
    simulated: SimulatedSettings = field(factory=SimulatedSettings)
    orders: OrderSettings = field(factory=OrderSettings)

    def __attrs_post_init__(self) -> None:
        # Accounts that do not fit together are found here, at start, not when they are first used.
        self.account_map()

    def account_map(self) -> AccountMap:
        """Return the logical accounts and the broker accounts behind them.

        Raises:
            InvalidConfiguration: see ``AccountMap``.
        """
        return AccountMap(_account(index, entry) for index, entry in enumerate(self.accounts))


def _account(index: int, entry: AccountSettings) -> tuple[LogicalAccount, BrokerAccount]:
    at_fault = "name"
    try:
        logical = LogicalAccount(entry.name, entry.role, entry.parent)
        at_fault = "broker_account"
        return logical, BrokerAccount(entry.broker_account)
    except BadInput as error:
        path = f"accounts[{index}].{at_fault}"
        raise InvalidConfiguration(path, error.value, error.allowed) from None


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


class _NotAllowed(ValueError):
    """A raw value that no setting can be made of; the text says what is allowed."""


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind, reader in _READERS.items():
        converter.register_structure_hook(kind, _hook(reader))
    converter.register_structure_hook_factory(has, lambda cls: _table_reader(cls, converter))
    converter.register_structure_hook_func(
        lambda kind: kind == tuple[AccountSettings, ...],
        lambda value, _: _to_accounts(value, converter),
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
            raise _NotAllowed(A_TABLE)
        return structure(value, kind)

    return read


def _to_accounts(value: object, converter: cattrs.Converter) -> tuple[AccountSettings, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise _NotAllowed("at least one table headed [[accounts]]")
    return tuple(converter.structure(value, list[AccountSettings]))


def _to_bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false", "1", "0", "yes", "no"}:
        return value.lower() in {"true", "1", "yes"}
    raise _NotAllowed("true or false")


def _to_int(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE_NUMBER.match(value):
        return int(value)
    raise _NotAllowed("a whole number")


def _to_float(value: object) -> float:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
            if math.isfinite(number):
                return number
    raise _NotAllowed("a finite number")


def _to_decimal(value: object) -> Decimal:
    # TOML has no decimal numbers; its shortest text is what the file's author wrote.
    text = str(value) if isinstance(value, int | float | str) else ""
    try:
        return exact_decimal("" if isinstance(value, bool) else text)
    except BadInput:
        raise _NotAllowed("a finite decimal number") from None


def _to_str(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _NotAllowed("a text in quotation marks, not empty")
    return value


def _to_role(value: object) -> Role:
    if isinstance(value, Role):
        return value
    for role in Role:
        if value == role.value:
            return role
    raise _NotAllowed(f"one of {', '.join(role.value for role in Role)}")


def _to_date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise _NotAllowed("a date like 2026-01-05")


def _to_datetime(value: object) -> datetime:
    moment = value if isinstance(value, datetime) else None
    if isinstance(value, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
    if moment is None or moment.tzinfo is None:
        raise _NotAllowed("a time with its offset from UTC, like 2026-01-05T14:30:00Z")
    return moment.astimezone(UTC)


_READERS: dict[type, Callable[[object], object]] = {
    bool: _to_bool,
    int: _to_int,
    float: _to_float,
    str: _to_str,
    Decimal: _to_decimal,
    Path: lambda value: Path(_to_str(value)),
    Role: _to_role,
    date: _to_date,
    datetime: _to_datetime,
}


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
