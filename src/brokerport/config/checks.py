"""Checks that several settings share; each names the setting, what came and what is allowed."""

from __future__ import annotations

import ipaddress
import math
from decimal import Decimal
from typing import Any

from attrs import Attribute

from brokerport.domain.errors import InvalidConfiguration


def positive(instance: object, attribute: Attribute[Any], value: float) -> None:
    """Refuse what is not greater than zero and finite."""
    if not (value > 0 and math.isfinite(value)):
        raise InvalidConfiguration(setting_path(instance, attribute), value, "greater than zero")


def port(instance: object, attribute: Attribute[int], value: int) -> None:
    """Refuse what is no TCP port."""
    if not 1 <= value <= 65535:
        raise InvalidConfiguration(
            setting_path(instance, attribute), value, "a port from 1 to 65535"
        )


def client_id(instance: object, attribute: Attribute[int], value: int) -> None:
    """Refuse what TWS would not take as a client id."""
    if not 0 <= value <= 2_147_483_647:
        raise InvalidConfiguration(setting_path(instance, attribute), value, "from 0 to 2147483647")


def not_negative(instance: object, attribute: Attribute[Any], value: float | Decimal) -> None:
    """Refuse what is less than zero or not finite."""
    if not (value >= 0 and math.isfinite(value)):
        raise InvalidConfiguration(setting_path(instance, attribute), value, "zero or more")


def reference(instance: object, attribute: Attribute[Any], value: str | None) -> None:
    """Refuse what refers to no secret: neither ``env:NAME`` nor ``file:PATH``."""
    if value is None:
        return
    kind, separator, name = value.partition(":")
    if not separator or kind not in ("env", "file") or not name:
        # The value is not shown: it may be the secret itself.
        raise InvalidConfiguration(
            setting_path(instance, attribute),
            "something else",
            "a reference: env:NAME or file:PATH",
        )


def setting_path(instance: object, attribute: Attribute[Any]) -> str:
    """Return the setting's name as it stands in the file, such as ``tws.port``."""
    section = getattr(type(instance), "SECTION", "")
    return f"{section}.{attribute.name}" if section else attribute.name


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
