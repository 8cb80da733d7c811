"""Logical accounts map one to one onto broker accounts, and their tree has no circles."""

from __future__ import annotations

import pytest

from brokerport.domain.accounts import AccountMap, BrokerAccount, LogicalAccount, Role
from brokerport.domain.errors import BadInput, InvalidConfiguration, UnknownAccount
from tests.support.examples import GEN, REV, account_map

COM = BrokerAccount("U7654321")


def tree(*nodes: tuple[str, str | None]) -> AccountMap:
    """Build a map of accounts with these parents."""
    return AccountMap(
        (LogicalAccount(name, Role.GEN, parent), BrokerAccount(f"DU{number:07}"))
        for number, (name, parent) in enumerate(nodes, start=1)
    )


@pytest.mark.parametrize("name", ["g", "gen", "gen_1-b", "0", "a" * 24])
def test_a_name_that_can_travel_in_an_order_reference(name: str) -> None:
    """Lower case letters, digits, '_' and '-' make a name, up to 24 of them."""
    assert LogicalAccount(name, Role.GEN).name == name


@pytest.mark.parametrize("name", ["", "Gen", "-gen", "_g", "a" * 25, "ge n", "gen.1", "gen\n", 5])
def test_any_other_name_is_refused(name: object) -> None:
    """A dot above all, because it ends the account's part of a ClientOrderId."""
    with pytest.raises(BadInput) as refused:
        LogicalAccount(name, Role.GEN)  # type: ignore[arg-type]
    assert (refused.value.field, refused.value.value) == ("account", name)


@pytest.mark.parametrize("account_id", ["", "1234567", "du1234567", "DU123", "DUMMY1234", "U1 ", 7])
def test_an_id_that_is_no_ibkr_account_is_refused(account_id: object) -> None:
    """Letters, then digits, as IBKR writes them."""
    with pytest.raises(BadInput) as refused:
        BrokerAccount(account_id)  # type: ignore[arg-type]
    assert refused.value.field == "broker_account"


def test_an_account_id_is_masked_but_for_three_digits() -> None:
    """A log may tell accounts apart without naming them."""
    assert COM.masked == "*****321"


def test_look_ups_go_both_ways() -> None:
    """A name finds its broker account, and the broker account its name."""
    accounts = account_map()
    assert [account.name for account in accounts] == ["gen", "rev"]
    assert len(accounts) == 2
    assert accounts.broker_account("rev") == REV
    assert accounts.name_of(REV) == "rev"
    assert accounts.name_of(COM) is None
    assert accounts.logical("rev").parent == "gen"


def test_an_unknown_name_says_which_are_known() -> None:
    """The error lists the accounts there are."""
    for look_up in (account_map().logical, account_map().broker_account):
        with pytest.raises(UnknownAccount, match="'com' is not mapped; mapped are: gen, rev"):
            look_up("com")


def test_a_name_or_broker_account_is_mapped_once() -> None:
    """A second use is refused by its place, value and first user."""
    gen, rev = LogicalAccount("gen", Role.GEN), LogicalAccount("rev", Role.REV)
    with pytest.raises(InvalidConfiguration, match=r"accounts\[1\].name is 'gen'"):
        AccountMap([(gen, GEN), (gen, REV)])
    with pytest.raises(
        InvalidConfiguration, match=r"accounts\[1\].broker_account is 'DU1000001'.*'gen' has it"
    ):
        AccountMap([(gen, GEN), (rev, GEN)])


def test_an_empty_map_is_refused() -> None:
    """No account, nothing to trade for."""
    with pytest.raises(InvalidConfiguration, match="at least one account"):
        AccountMap([])


def test_a_tree_of_forks() -> None:
    """Parents may come after their children, and several may share one."""
    accounts = tree(("c", "b"), ("b", "a"), ("a", None), ("d", "a"))
    assert accounts.logical("c").parent == "b"


@pytest.mark.parametrize(
    ("nodes", "path"),
    [
        ((("a", "a"),), r"accounts\[0\].parent is 'a', but must be free of circles"),
        ((("a", None), ("b", "c"), ("c", "b")), r"accounts\[1\].parent is 'c'.*free of circles"),
        ((("a", None), ("b", "zz")), r"accounts\[1\].parent is 'zz'.*one of the accounts a, b"),
        ((("a", "b"), ("b", "zz")), r"accounts\[1\].parent is 'zz'.*one of the accounts a, b"),
    ],
)
def test_a_parent_that_cannot_be_is_refused(
    nodes: tuple[tuple[str, str | None], ...], path: str
) -> None:
    """A circle or a parent nobody knows is refused where it is written."""
    with pytest.raises(InvalidConfiguration, match=path):
        tree(*nodes)


def test_a_session_must_manage_every_mapped_account() -> None:
    """What is missing is named; what is managed beyond the map does not matter."""
    accounts = account_map()
    accounts.check_managed([REV, GEN, COM])
    with pytest.raises(UnknownAccount, match=r"'gen' \(DU1000001\), 'rev' \(DU1000002\)"):
        accounts.check_managed([COM])
