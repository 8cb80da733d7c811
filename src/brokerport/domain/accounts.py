"""Logical accounts, and the map from them onto the broker's accounts.

A logical account is a node in ALL-USE's tree: a name, a role (GEN, REV, COM) and, when it was
forked, a parent. In this first form each maps onto exactly one broker account and no two share one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum

from attrs import field, frozen

from brokerport.domain.errors import BadInput, InvalidConfiguration, UnknownAccount

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,23}\Z")
_BROKER_ACCOUNT = re.compile(r"[A-Z]{1,4}[0-9]{4,12}\Z")


class Role(Enum):
    """What a logical account is for in the ALL-USE strategy."""

    GEN = "GEN"
    REV = "REV"
    COM = "COM"


def account_name(value: str) -> str:
    """Check a logical account's name; it travels inside every ClientOrderId.

    Raises:
        BadInput: the name is not 1 to 24 of ``a-z 0-9 _ -``, beginning with a letter or digit.
    """
    if not isinstance(value, str) or not _NAME.match(value):
        raise BadInput("account", value, "1 to 24 characters of a-z, 0-9, '_' and '-'")
    return value


def _broker_account(value: str) -> str:
    if not isinstance(value, str) or not _BROKER_ACCOUNT.match(value):
        raise BadInput("broker_account", value, "an IBKR account id like 'U1234567' or 'DU1234567'")
    return value


@frozen
class BrokerAccount:
    """An account at the broker: ``U...`` for real money, ``DU...`` for paper trading."""

    account_id: str = field(converter=_broker_account)

    def __str__(self) -> str:
        return self.account_id

    @property
    def masked(self) -> str:
        """The id fit for a log: all but the last three digits hidden."""
        return "*" * (len(self.account_id) - 3) + self.account_id[-3:]


@frozen
class LogicalAccount:
    """A node in the tree of strategy accounts, with its parent's name when it was forked."""

    name: str = field(converter=account_name)
    role: Role
    parent: str | None = None


class AccountMap:
    """Which broker account stands behind each logical account, one to one."""

    def __init__(self, entries: Iterable[tuple[LogicalAccount, BrokerAccount]]) -> None:
        """Build the map.

        Raises:
            InvalidConfiguration: no entry, a name or broker account used twice, a parent that is
                not in the map, or a circle of parents.
        """
        self._logical: dict[str, LogicalAccount] = {}
        self._broker: dict[str, BrokerAccount] = {}
        self._names: dict[BrokerAccount, str] = {}
        for index, (logical, broker) in enumerate(entries):
            if logical.name in self._logical:
                raise InvalidConfiguration(
                    f"accounts[{index}].name", logical.name, "used only once"
                )
            if broker in self._names:
                raise InvalidConfiguration(
                    f"accounts[{index}].broker_account",
                    broker.account_id,
                    f"mapped only once (account {self._names[broker]!r} has it already)",
                )
            self._logical[logical.name] = logical
            self._broker[logical.name] = broker
            self._names[broker] = logical.name
        if not self._logical:
            raise InvalidConfiguration("accounts", [], "at least one account")
        for index, logical in enumerate(self._logical.values()):
            self._check_ancestry(index, logical)

    def __iter__(self) -> Iterator[LogicalAccount]:
        return iter(self._logical.values())

    def __len__(self) -> int:
        return len(self._logical)

    def logical(self, name: str) -> LogicalAccount:
        """Return the logical account of that name.

        Raises:
            UnknownAccount: no such account is mapped.
        """
        try:
            return self._logical[name]
        except KeyError:
            known = ", ".join(sorted(self._logical))
            raise UnknownAccount(f"account {name!r} is not mapped; mapped are: {known}") from None

    def broker_account(self, name: str) -> BrokerAccount:
        """Return the broker account behind a logical account.

        Raises:
            UnknownAccount: no such account is mapped.
        """
        return self._broker[self.logical(name).name]

    def name_of(self, broker_account: BrokerAccount) -> str | None:
        """Return the logical account behind which that broker account stands, if any does."""
        return self._names.get(broker_account)

    def check_managed(self, managed: Iterable[BrokerAccount]) -> None:
        """Refuse a session that does not manage every mapped broker account.

        Raises:
            UnknownAccount: names the logical accounts whose broker account is missing.
        """
        available = set(managed)
        missing = [
            f"{name!r} ({broker.account_id})"
            for name, broker in self._broker.items()
            if broker not in available
        ]
        if missing:
            raise UnknownAccount(
                "the session does not manage the broker account of: " + ", ".join(missing)
            )

    def _check_ancestry(self, index: int, logical: LogicalAccount) -> None:
        path = f"accounts[{index}].parent"
        if logical.parent is not None and logical.parent not in self._logical:
            known = ", ".join(sorted(self._logical))
            raise InvalidConfiguration(path, logical.parent, f"one of the accounts {known}")
        seen = {logical.name}
        current = logical
        # A missing ancestor further up ends the walk: it is reported where it is named.
        while current.parent is not None and current.parent in self._logical:
            if current.parent in seen:
                raise InvalidConfiguration(path, logical.parent, "free of circles")
            seen.add(current.parent)
            current = self._logical[current.parent]
