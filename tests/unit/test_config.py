"""Settings: every bad one is refused at start, by its path, its value and what is allowed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokerport.config import (
    OrderSettings,
    Settings,
    SimulatedSettings,
    TwsSettings,
    load_settings,
    settings_from,
)
from brokerport.domain.accounts import BrokerAccount, Role
from brokerport.domain.errors import InvalidConfiguration

GEN = {"name": "gen", "role": "GEN", "broker_account": "DU1000001"}
REV = {"name": "rev", "role": "REV", "broker_account": "DU1000002", "parent": "gen"}


def document(**changes: Any) -> dict[str, Any]:
    """Return a whole document with some settings changed."""
    return {"adapter": "tws", "accounts": [GEN, REV], **changes}


def gen(**changes: Any) -> list[dict[str, Any]]:
    """Return one account with some settings changed; None takes one away."""
    changed = {**GEN, **changes}
    return [{key: value for key, value in changed.items() if value is not None}]


def refusal(changes: dict[str, Any], environment: dict[str, str] | None = None) -> str:
    """Return what is said against a document."""
    with pytest.raises(InvalidConfiguration) as refused:
        settings_from(document(**changes), environment)
    return str(refused.value)


# --- what is taken -------------------------------------------------------------------------------


def test_little_needs_to_be_said() -> None:
    """An adapter and one account make settings; the rest has its defaults."""
    settings = settings_from({"adapter": "simulated", "accounts": [GEN]})
    assert (settings.tws.host, settings.tws.port, settings.tws.client_id) == ("127.0.0.1", 4002, 1)
    assert settings.simulated.opening_cash == Decimal(100_000)
    assert settings.orders.answer_timeout_seconds == 10.0


def test_everything_can_be_said(tmp_path: Path) -> None:
    """A TOML file with every setting is read as written."""
    file = tmp_path / "brokerport.toml"
    file.write_text(
        """
        adapter = "simulated"

        [[accounts]]
        name = "gen"
        role = "GEN"
        broker_account = "U1234567"

        [[accounts]]
        name = "rev"
        role = "REV"
        broker_account = "DU1000002"
        parent = "gen"

        [tws]
        host = "gateway.example"
        allow_plaintext_remote_host = true
        port = 7497
        client_id = 0
        connect_timeout_seconds = 5
        request_timeout_seconds = 2.5

        [simulated]
        seed = 42
        speed = 0
        tick_seconds = 5
        opening_cash = 250000.50
        starts_at = 2026-01-05T09:30:00-05:00
        replay = "data/bars.csv"
        replay_from = 2026-01-02

        [orders]
        answer_timeout_seconds = 30
        """
    )
    settings = load_settings(file)
    assert settings.tws.host == "gateway.example"
    assert (settings.tws.port, settings.tws.client_id) == (7497, 0)
    assert (settings.tws.connect_timeout_seconds, settings.tws.request_timeout_seconds) == (5, 2.5)
    assert (settings.simulated.seed, settings.simulated.speed) == (42, 0)
    assert settings.simulated.tick_seconds == 5
    assert settings.simulated.opening_cash == Decimal("250000.5")
    assert settings.simulated.starts_at == datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    assert str(settings.simulated.starts_at) == "2026-01-05 14:30:00+00:00"
    assert settings.simulated.replay == Path("data/bars.csv")
    assert settings.simulated.replay_from == date(2026, 1, 2)
    assert settings.orders.answer_timeout_seconds == 30
    accounts = settings.account_map()
    assert accounts.broker_account("gen") == BrokerAccount("U1234567")
    assert (accounts.logical("rev").role, accounts.logical("rev").parent) == (Role.REV, "gen")


def test_the_environment_has_the_last_word() -> None:
    """A variable overrides the file, or says what the file does not; the document is untouched."""
    given = document(tws={"port": 4002, "client_id": 3})
    before = copy.deepcopy(given)
    settings = settings_from(
        given,
        {
            "BROKERPORT_ADAPTER": "simulated",
            "BROKERPORT_TWS__PORT": "7497",
            "BROKERPORT_TWS__ALLOW_PLAINTEXT_REMOTE_HOST": "Yes",
            "BROKERPORT_SIMULATED__OPENING_CASH": "5000.25",
            "BROKERPORT_SIMULATED__STARTS_AT": "2026-01-05T14:30:00Z",
            "BROKERPORT_SIMULATED__REPLAY": "bars.csv",
            "BROKERPORT_SIMULATED__REPLAY_FROM": "2026-01-05",
            "BROKERPORT_ORDERS__ANSWER_TIMEOUT_SECONDS": "2.5",
            "OTHER_TWS__PORT": "1",
        },
    )
    assert settings.adapter == "simulated"
    assert (settings.tws.port, settings.tws.client_id) == (7497, 3)
    assert settings.tws.allow_plaintext_remote_host is True
    assert settings.simulated.opening_cash == Decimal("5000.25")
    assert settings.simulated.starts_at == datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    assert settings.simulated.replay_from == date(2026, 1, 5)
    assert settings.orders.answer_timeout_seconds == 2.5
    assert given == before


@pytest.mark.parametrize("host", ["127.0.0.1", "127.5.6.7", "::1", "localhost"])
def test_a_loopback_host_needs_no_leave(host: str) -> None:
    """Plain text inside the machine is what the TWS socket is made for."""
    assert settings_from(document(tws={"host": host})).tws.host == host


# --- what is refused -----------------------------------------------------------------------------

REFUSALS: list[tuple[dict[str, Any], str]] = [
    # The top level.
    ({"adapter": "twss"}, "adapter is 'twss', but must be one of tws, client_portal, simulated"),
    ({"adapter": 4}, "adapter is 4, but must be a text in quotation marks, not empty"),
    ({"adapter": ""}, "adapter is '', but must be a text in quotation marks, not empty"),
    (
        {"adaptor": "tws"},
        "adaptor is 'an unknown setting', but must be one of: "
        "adapter, accounts, tws, client_portal, simulated, orders, journal, reconciliation, "
        "session",
    ),
    # Tables.
    ({"tws": 4}, "tws is 4, but must be a table of settings"),
    ({"tws": []}, "tws is [], but must be a table of settings"),
    ({"simulated": "x"}, "simulated is 'x', but must be a table of settings"),
    ({"orders": None}, "orders is None, but must be a table of settings"),
    # Accounts.
    ({"accounts": []}, "accounts is [], but must be at least one table headed [[accounts]]"),
    ({"accounts": {}}, "accounts is {}, but must be at least one table headed [[accounts]]"),
    ({"accounts": "gen"}, "accounts is 'gen', but must be at least one table headed [[accounts]]"),
    ({"accounts": ["gen"]}, "accounts[0] is 'gen', but must be a table of settings"),
    ({"accounts": [GEN, 5]}, "accounts[1] is 5, but must be a table of settings"),
    ({"accounts": gen(role="XXX")}, "accounts[0].role is 'XXX', but must be one of GEN, REV, COM"),
    ({"accounts": gen(role="gen")}, "accounts[0].role is 'gen', but must be one of GEN, REV, COM"),
    ({"accounts": gen(role=1)}, "accounts[0].role is 1, but must be one of GEN, REV, COM"),
    ({"accounts": gen(role=None)}, "accounts[0].role is None, but must be given"),
    ({"accounts": gen(name=None)}, "accounts[0].name is None, but must be given"),
    (
        {"accounts": [REV | {"parent": "zz"}]},
        "accounts[0].parent is 'zz', but must be one of the accounts rev",
    ),
    (
        {"accounts": [GEN, REV | {"parent": "rev"}]},
        "accounts[1].parent is 'rev', but must be free of circles",
    ),
    (
        {"accounts": gen(name="Gen")},
        "accounts[0].name is 'Gen', but must be 1 to 24 characters of a-z, 0-9, '_' and '-'",
    ),
    (
        {"accounts": [GEN, REV | {"broker_account": "1000002"}]},
        "accounts[1].broker_account is '1000002', but must be "
        "an IBKR account id like 'U1234567' or 'DU1234567'",
    ),
    (
        {"accounts": [GEN, REV | {"name": "gen", "parent": "gen"}]},
        "accounts[1].name is 'gen', but must be used only once",
    ),
    (
        {"accounts": [GEN, REV | {"broker_account": "DU1000001"}]},
        "accounts[1].broker_account is 'DU1000001', but must be "
        "mapped only once (account 'gen' has it already)",
    ),
    (
        {"accounts": gen(rolle="GEN")},
        "accounts[0].rolle is 'an unknown setting', but must be one of: "
        "name, role, broker_account, parent",
    ),
    # TWS.
    ({"tws": {"port": 0}}, "tws.port is 0, but must be a port from 1 to 65535"),
    ({"tws": {"port": 65536}}, "tws.port is 65536, but must be a port from 1 to 65535"),
    ({"tws": {"port": "abc"}}, "tws.port is 'abc', but must be a whole number"),
    ({"tws": {"port": "--5"}}, "tws.port is '--5', but must be a whole number"),
    ({"tws": {"port": 4002.0}}, "tws.port is 4002.0, but must be a whole number"),
    ({"tws": {"port": True}}, "tws.port is True, but must be a whole number"),
    ({"tws": {"client_id": -1}}, "tws.client_id is -1, but must be from 0 to 2147483647"),
    (
        {"tws": {"client_id": 2**31}},
        "tws.client_id is 2147483648, but must be from 0 to 2147483647",
    ),
    (
        {"tws": {"connect_timeout_seconds": 0}},
        "tws.connect_timeout_seconds is 0.0, but must be greater than zero",
    ),
    (
        {"tws": {"request_timeout_seconds": -1.5}},
        "tws.request_timeout_seconds is -1.5, but must be greater than zero",
    ),
    (
        {"tws": {"allow_plaintext_remote_host": "maybe"}},
        "tws.allow_plaintext_remote_host is 'maybe', but must be true or false",
    ),
    (
        {"tws": {"allow_plaintext_remote_host": 1}},
        "tws.allow_plaintext_remote_host is 1, but must be true or false",
    ),
    (
        {"tws": {"host": "10.0.0.1"}},
        "tws.host is '10.0.0.1', but must be a loopback address (the TWS socket is plain text; "
        "set tws.allow_plaintext_remote_host to opt in)",
    ),
    (
        {"tws": {"host": "", "allow_plaintext_remote_host": True}},
        "tws.host is '', but must be a text in quotation marks, not empty",
    ),
    (
        {"tws": {"prot": 4002}},
        "tws.prot is 'an unknown setting', but must be one of: host, port, client_id, "
        "connect_timeout_seconds, request_timeout_seconds, allow_plaintext_remote_host, codes",
    ),
    # The simulated world.
    ({"simulated": {"seed": "x"}}, "simulated.seed is 'x', but must be a whole number"),
    ({"simulated": {"speed": -1}}, "simulated.speed is -1.0, but must be zero or more"),
    (
        {"simulated": {"tick_seconds": 0}},
        "simulated.tick_seconds is 0, but must be greater than zero",
    ),
    (
        {"simulated": {"speed": float("nan")}},
        "simulated.speed is nan, but must be a finite number",
    ),
    (
        {"simulated": {"opening_cash": "lots"}},
        "simulated.opening_cash is 'lots', but must be a finite decimal number",
    ),
    (
        {"simulated": {"opening_cash": float("inf")}},
        "simulated.opening_cash is inf, but must be a finite decimal number",
    ),
    (
        {"simulated": {"opening_cash": True}},
        "simulated.opening_cash is True, but must be a finite decimal number",
    ),
    (
        {"simulated": {"opening_cash": -1}},
        "simulated.opening_cash is -1, but must be zero or more",
    ),
    (
        {"simulated": {"starts_at": datetime(2026, 1, 5, 9, 30)}},  # noqa: DTZ001 - on purpose
        "simulated.starts_at is 2026-01-05 09:30:00, but must be "
        "a time with its offset from UTC, like 2026-01-05T14:30:00Z",
    ),
    (
        {"simulated": {"starts_at": "soon"}},
        "simulated.starts_at is 'soon', but must be "
        "a time with its offset from UTC, like 2026-01-05T14:30:00Z",
    ),
    (
        {"simulated": {"starts_at": date(2026, 1, 5)}},
        "simulated.starts_at is 2026-01-05, but must be "
        "a time with its offset from UTC, like 2026-01-05T14:30:00Z",
    ),
    (
        {"simulated": {"replay_from": "2026-13-01", "replay": "bars.csv"}},
        "simulated.replay_from is '2026-13-01', but must be a date like 2026-01-05",
    ),
    (
        {"simulated": {"replay_from": datetime(2026, 1, 5, tzinfo=UTC), "replay": "bars.csv"}},
        "simulated.replay_from is 2026-01-05 00:00:00+00:00, but must be a date like 2026-01-05",
    ),
    (
        {"simulated": {"replay_from": date(2026, 1, 5)}},
        "simulated.replay_from is '2026-01-05', but must be "
        "left out unless simulated.replay names a file",
    ),
    (
        {"simulated": {"replay": 5}},
        "simulated.replay is 5, but must be a text in quotation marks, not empty",
    ),
    # Orders.
    (
        {"orders": {"answer_timeout_seconds": "soon"}},
        "orders.answer_timeout_seconds is 'soon', but must be a finite number",
    ),
    (
        {"orders": {"answer_timeout_seconds": 0}},
        "orders.answer_timeout_seconds is 0.0, but must be greater than zero",
    ),
    (
        {"orders": {"answer_timeout_seconds": float("inf")}},
        "orders.answer_timeout_seconds is inf, but must be a finite number",
    ),
]


@pytest.mark.parametrize(("changes", "said"), REFUSALS, ids=[said[:60] for _, said in REFUSALS])
def test_a_bad_setting_is_named_with_its_value_and_what_is_allowed(
    changes: dict[str, Any], said: str
) -> None:
    """The whole sentence, word for word."""
    assert refusal(changes) == said


@pytest.mark.parametrize("missing", ["adapter", "accounts"])
def test_a_missing_setting_is_named(missing: str) -> None:
    """There is no default adapter, and no trading for nobody."""
    given = document()
    del given[missing]
    with pytest.raises(InvalidConfiguration, match=f"^{missing} is None, but must be given$"):
        settings_from(given)


def test_a_misspelt_name_is_named_before_what_is_missing_because_of_it() -> None:
    """ "adaptor" for "adapter" is told as what it is."""
    with pytest.raises(InvalidConfiguration, match="adaptor is 'an unknown setting'"):
        settings_from({"adaptor": "tws", "accounts": [GEN]})


def test_the_value_of_an_unknown_setting_is_not_shown() -> None:
    """It may be a secret that somebody hoped to configure here."""
    said = refusal({"tws": {"password": "hunter2"}})
    assert "tws.password" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"BROKERPORT_TWS__PORT": "x"}, "tws.port is 'x', but must be a whole number"),
        ({"BROKERPORT_TWS": "4"}, "tws is '4', but must be a table of settings"),
        (
            {"BROKERPORT_ADAPTER": "x"},
            "adapter is 'x', but must be one of tws, client_portal, simulated",
        ),
        ({"BROKERPORT_ADAPTER__X": "1"}, "adapter is 'tws', but must be a table of settings"),
        (
            {"BROKERPORT_TWS__PROT": "1"},
            "tws.prot is 'an unknown setting', but must be one of: host",
        ),
        ({"BROKERPORT_PORT": "1"}, "port is 'an unknown setting', but must be one of: adapter"),
        (
            {"BROKERPORT_ACCOUNTS": "gen"},
            "BROKERPORT_ACCOUNTS is 'gen', but must be unset: accounts come from the file alone",
        ),
        (
            {"BROKERPORT_ACCOUNTS__0__NAME": "gen"},
            "BROKERPORT_ACCOUNTS__0__NAME is 'gen', but must be unset: accounts come from the file",
        ),
        (
            {"BROKERPORT_TWS__PORT__X": "1"},
            "BROKERPORT_TWS__PORT__X is '1', but must be named BROKERPORT_SETTING or "
            "BROKERPORT_SECTION__SETTING",
        ),
        ({"BROKERPORT_": "1"}, "BROKERPORT_ is '1', but must be named BROKERPORT_SETTING"),
        ({"BROKERPORT___PORT": "1"}, "BROKERPORT___PORT is '1', but must be named"),
    ],
)
def test_a_bad_variable_is_named(environment: dict[str, str], said: str) -> None:
    """A variable is refused as the setting it stands for, or by its own name if it is none."""
    assert refusal({}, environment).startswith(said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "a readable file (No such file or directory)"),
        (b"adapter = ", "valid TOML ("),
        (b'adapter = "\xff"', "a text in UTF-8 ("),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    """Missing, no TOML, no text: the file and the reason are in the error."""
    file = tmp_path / "brokerport.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidConfiguration) as refused:
        load_settings(file)
    assert str(refused.value).startswith(f"configuration file is {str(file)!r}, but must be {said}")


def test_settings_made_in_code_are_checked_too() -> None:
    """Accounts that do not fit together are refused however the settings come about."""
    settings = settings_from(document())
    with pytest.raises(InvalidConfiguration, match=r"accounts\[1\].name"):
        Settings("tws", (settings.accounts[0], settings.accounts[0]))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
@pytest.mark.parametrize(
    ("build", "path"),
    [
        (lambda value: OrderSettings(answer_timeout_seconds=value), "answer_timeout_seconds"),
        (lambda value: TwsSettings(request_timeout_seconds=value), "request_timeout_seconds"),
        (lambda value: SimulatedSettings(speed=value), "speed"),
    ],
)
def test_settings_built_in_python_are_finite_too(
    build: Callable[[float], object], path: str, value: float
) -> None:
    """A time-out that is not a number would never end, or end at once."""
    with pytest.raises(InvalidConfiguration, match=path):
        build(value)
