"""Fault plans: what may stand in one, how errors name what is wrong, and whom a fault strikes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import fields

from brokerport.domain.errors import InvalidConfiguration
from brokerport.simulator.faults.chances import FaultChances
from brokerport.simulator.faults.fault import Direction, Fault, Player
from brokerport.simulator.faults.network import Delay, Drop, Refuse
from brokerport.simulator.faults.plan import KINDS, FaultPlan, load_fault_plan, settings_of
from brokerport.simulator.faults.vendor import ExecutionCorrection
from tests.support.fault_tables import brought_up_to_date
from tests.support.repository import ROOT

FORWARD, BACK = Direction.CLIENT_TO_SERVER, Direction.SERVER_TO_CLIENT


def plan(*faults: dict[str, Any], seed: int = 1) -> FaultPlan:
    """Write a plan."""
    return FaultPlan.from_mapping({"seed": seed, "faults": list(faults)})


def strikes(of: FaultPlan, connection: int, count: int, direction: Direction = FORWARD) -> set[int]:
    """Return the occasions of a connection on which the plan's first fault strikes."""
    chances = FaultChances(of, lambda: 0.0).connection(connection)
    kind = type(of.faults[0])
    name = of.keyed_faults[0].name
    return {
        n
        for n in range(1, count + 1)
        if name in [one.fault.name for one in chances.struck(kind, direction, b"bytes")]
    }


def test_a_plan_is_read_from_toml_and_written_as_what_it_was_read_from(tmp_path: Path) -> None:
    """Every type of value comes through; what was written gives an equal plan."""
    path = tmp_path / "plan.toml"
    path.write_text(
        'seed = 9\nframing = "tws"\n[[faults]]\nkind = "delay"\nchance = 0.25\nconnection = 2\n'
        'direction = "server_to_client"\nlatency_ms_max = 50\nname = "slow"\n'
        '[[faults]]\nkind = "tws.correction"\nprice_offset = -0.05\nis_taken_back = false\n'
    )
    read = load_fault_plan(path)
    delay, correction = read.faults
    assert delay == Delay(name="slow", chance=0.25, connection=2, direction=BACK, latency_ms_max=50)
    assert correction == ExecutionCorrection(price_offset=Decimal("-0.05"), is_taken_back=False)
    assert FaultPlan.from_mapping(read.as_mapping()) == read


def test_the_example_plan_is_one() -> None:
    """It has faults for every player."""
    example = load_fault_plan(ROOT / "examples" / "faults.toml")
    assert {fault.PLAYER for fault in example.faults} == set(Player)


def test_the_page_shows_every_kind_and_condition() -> None:
    """The tables of docs/faults.md are what the code has; brought_up_to_date rewrites them."""
    page = ROOT / "docs" / "faults.md"
    text = page.read_text(encoding="utf-8")
    assert brought_up_to_date(text) == text
    assert [kind for kind in KINDS if f"| `{kind}` |" not in text] == []


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ({"kind": "delay"}, "faults[0].latency_ms_max is None, but must be given"),
        ({"kind": "dely"}, "faults[0].kind is 'dely', but must be one of delay, drop"),
        ({}, "faults[0].kind is None"),
        ("drop", "faults[0] is 'drop', but must be a table"),
        ({"kind": "drop", "chance": 1.5}, "faults[0].chance is 1.5, but must be from 0 to 1"),
        ({"kind": "drop", "chance": "often"}, "faults[0].chance is 'often', but must be a number"),
        ({"kind": "drop", "chance": float("nan")}, "faults[0].chance is nan"),
        ({"kind": "drop", "chance": True}, "faults[0].chance is True, but must be a number"),
        ({"kind": "drop", "nth": 0}, "faults[0].nth is 0, but must be from 1"),
        ({"kind": "drop", "nth": 1.5}, "faults[0].nth is 1.5, but must be a whole number"),
        ({"kind": "drop", "often": 1}, "faults[0].often is 1, but must be one of name, chance"),
        ({"kind": "drop", "containing": ""}, "faults[0].containing is ''"),
        ({"kind": "drop", "containing": 7}, "faults[0].containing is 7, but must be a text"),
        ({"kind": "drop", "direction": "up"}, "faults[0].direction is 'up', but must be one of"),
        (
            {"kind": "lost_response", "direction": "server_to_client"},
            "faults[0].direction is 'server_to_client', but must be left out or client_to_server",
        ),
        (
            {"kind": "refuse", "direction": "client_to_server"},
            "faults[0].direction is 'client_to_server', but must be left out: this kind has no",
        ),
        ({"kind": "refuse", "nth": 2}, "faults[0].nth is 2, but must be left out"),
        ({"kind": "refuse", "containing": "x"}, "faults[0].containing is 'x', but must be left"),
        (
            {"kind": "drop", "from_seconds": 9, "until_seconds": 3},
            "faults[0].until_seconds is 3, but must be at least from_seconds, which is 9",
        ),
        (
            {"kind": "delay", "latency_ms_min": 9, "latency_ms_max": 3},
            "faults[0].latency_ms_max is 3, but must be at least latency_ms_min, which is 9",
        ),
        ({"kind": "tws.outage", "outage_ms_max": 1, "code": 1300}, "one of 1100, 2110"),
        ({"kind": "tws.false_status", "status": "Filled"}, "one of Inactive, Cancelled"),
        ({"kind": "tws.correction", "price_offset": 0}, "faults[0].price_offset is 0"),
        ({"kind": "tws.correction", "price_offset": "x"}, "a finite decimal number"),
        ({"kind": "tws.correction", "is_taken_back": 1}, "must be true or false"),
    ],
)
def test_what_is_not_allowed_is_named(fault: Any, complaint: str) -> None:
    """The field with its place in the plan, the value that came, and what is allowed."""
    with pytest.raises(InvalidConfiguration) as refused:
        plan(fault)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"seed": "x"}, "seed is 'x', but must be a whole number"),
        ({"framing": "http"}, "framing is 'http', but must be one of none, tws"),
        ({"fault": []}, "fault is 'given', but must be one of seed, framing, faults"),
        ({"faults": {"kind": "drop"}}, "but must be tables headed [[faults]]"),
    ],
)
def test_what_is_wrong_with_the_plan_itself_is_named(
    document: dict[str, Any], complaint: str
) -> None:
    """Unknown names, and values of a wrong kind."""
    with pytest.raises(InvalidConfiguration) as refused:
        FaultPlan.from_mapping(document)
    assert complaint in str(refused.value)


def test_a_file_that_is_no_plan_is_named(tmp_path: Path) -> None:
    """It is missing, it is not TOML, it is not text."""
    (tmp_path / "a.toml").write_text("seed = [")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    for name, cause in (("c", "No such file"), ("a", "valid TOML"), ("b", "valid TOML")):
        with pytest.raises(InvalidConfiguration, match=cause):
            load_fault_plan(tmp_path / f"{name}.toml")


def test_every_kind_can_be_written_and_read_back() -> None:
    """With all of its settings given, and with defaults alone where it has them."""
    for name, kind in KINDS.items():
        values: dict[str, Any] = {
            item.name: 7 if item.default.__class__.__name__ == "_Nothing" else item.default
            for item in settings_of(kind)
        }
        fault = kind(**values)
        entry = plan({"kind": name, **values}).as_mapping()["faults"][0]
        assert FaultPlan.from_mapping({"faults": [entry]}).faults == (fault,)
        assert kind.OCCASION, f"{name} does not say what its occasions are"
        assert {item.name for item in fields(Fault)} <= {item.name for item in fields(kind)}


def test_a_chance_is_kept_and_is_the_same_each_time() -> None:
    """About three of ten occasions; the same ones for a seed, others for another or a neighbour."""
    of = plan({"kind": "drop", "chance": 0.3})
    first = strikes(of, 1, 2000)
    assert 520 < len(first) < 680
    assert first == strikes(of, 1, 2000)
    others = [
        strikes(of, 2, 2000),
        strikes(of, 1, 2000, BACK),
        strikes(plan({"kind": "drop", "chance": 0.3}, seed=2), 1, 2000),
    ]
    assert all(first != other for other in others)
    assert strikes(plan({"kind": "drop", "chance": 0}), 1, 500) == set()
    assert len(strikes(plan({"kind": "drop"}), 1, 500)) == 500


def test_faults_do_not_disturb_each_other() -> None:
    """A fault's luck does not change with what stands around it; a name keeps it in any place."""
    drop, delay = {"kind": "drop", "chance": 0.3}, {"kind": "delay", "latency_ms_max": 1}
    named = drop | {"name": "the one"}
    assert strikes(plan(drop), 1, 500) == strikes(plan(drop, delay), 1, 500)
    assert strikes(plan(named), 1, 500) == strikes(plan(named, drop), 1, 500)
    assert strikes(plan(drop), 1, 500) != strikes(plan(named), 1, 500)


def test_conditions_are_held_against_each_occasion() -> None:
    """The nth of one connection, between two moments, so many times, with these bytes."""
    assert strikes(plan({"kind": "drop", "nth": 3}), 4, 10) == {3}
    assert strikes(plan({"kind": "drop", "connection": 2}), 1, 10) == set()
    assert strikes(plan({"kind": "drop", "connection": 2, "nth": 1}), 2, 10) == {1}
    assert strikes(plan({"kind": "drop", "direction": "server_to_client"}), 1, 10) == set()
    assert strikes(plan({"kind": "drop", "containing": "byte"}), 1, 3) == {1, 2, 3}
    assert strikes(plan({"kind": "drop", "containing": "bits"}), 1, 3) == set()
    moments = [100.0]
    of = plan({"kind": "drop", "from_seconds": 2, "until_seconds": 4, "times_max": 3})
    chances = FaultChances(of, lambda: moments[-1])
    one, other = chances.connection(1), chances.connection(2)
    struck = []
    for now in (101.9, 102.0, 103.9, 104.0, 103.0, 103.0):
        moments.append(now)
        struck.append((bool(one.struck(Drop, FORWARD)), bool(other.struck(Drop, FORWARD))))
    assert struck == [(False, False), (True, True), (True, False), *[(False, False)] * 3]


def test_only_what_matches_is_counted_as_an_occasion() -> None:
    """The second chunk that holds the text, wherever it comes."""
    chances = FaultChances(plan({"kind": "drop", "containing": "order", "nth": 2}), lambda: 0.0)
    connection = chances.connection(1)
    contents = (b"tick", b"order 1", b"tick", b"tick", b"order 2", b"order 3")
    struck = [bool(connection.struck(Drop, FORWARD, content)) for content in contents]
    assert struck == [False, False, False, False, True, False]


def test_a_player_takes_its_own_faults_and_their_luck_stays() -> None:
    """Whoever plays the rest; a connection's beginning is struck like anything else."""
    whole = plan({"kind": "tws.lost_status"}, {"kind": "refuse", "chance": 0.5})
    network = whole.played_by(Player.NETWORK)
    assert [type(fault) for fault in network.faults] == [Refuse]

    def refused(of: FaultPlan) -> list[bool]:
        chances = FaultChances(of, lambda: 0.0)
        return [bool(chances.connection(n).struck(Refuse)) for n in range(1, 200)]

    assert refused(whole) == refused(network)
    assert 60 < sum(refused(whole)) < 140
