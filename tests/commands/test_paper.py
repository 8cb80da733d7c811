"""``brokerport paper``: one week on every adapter, repeated by its seed, reconciled for real."""

from __future__ import annotations

import asyncio
import io
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from brokerport.cli import command_line
from brokerport.cli.paper import run
from brokerport.cli.paper.books import ClientBooks
from brokerport.config import SimulatedSettings
from brokerport.domain.ledger import Ledger
from brokerport.domain.money import usd
from brokerport.domain.reconciliation import (
    AccountBook,
    CashMismatch,
    Discrepancy,
    PositionMismatch,
)

REAL_PRICES = Path(__file__).parents[3] / "shared" / "data" / "daily_ohlcv.csv"


def live(
    adapter: str = "simulated", seed: int = 3, **settings: object
) -> tuple[str, tuple[Discrepancy, ...]]:
    """Live a week and return what was shown and what did not agree."""
    shown = io.StringIO()
    simulated = SimulatedSettings(
        seed=seed,
        speed=0,
        opening_cash=Decimal(200_000),
        **settings,  # type: ignore[arg-type]
    )
    options = run.PaperOptions(adapter, simulated)
    found = asyncio.run(run.run_week(options, Console(file=shown, width=140)))
    return shown.getvalue(), found


@pytest.mark.parametrize("adapter", ["tws", "client_portal"])
def test_the_week_over_the_wire_is_the_week_in_process(adapter: str) -> None:
    """Every adapter shows the same orders, fills, positions and cash, to the last character."""
    in_process, found = live("simulated")
    over_the_wire, found_over_the_wire = live(adapter)
    assert found == found_over_the_wire == ()
    assert in_process.splitlines()[1:] == over_the_wire.splitlines()[1:]


def test_a_seed_repeats_its_week_and_another_does_not() -> None:
    """The same seed gives the same week; another seed another one."""
    assert live(seed=5) == live(seed=5)
    assert live(seed=5)[0] != live(seed=6)[0]


@pytest.mark.parametrize("seed", range(10, 20))
def test_the_books_agree_for_many_seeds(seed: int) -> None:
    """Whatever the market does, the client's books and the exchange's agree to the cent."""
    _shown, found = live(seed=seed)
    assert found == (), f"seed {seed}"


def test_the_wheel_turns() -> None:
    """Puts are sold, one is assigned on Friday, and calls are written on the shares on Monday."""
    shown, _found = live()
    lines = shown.splitlines()
    assert any("order" in line and "sell" in line and " put limit" in line for line in lines)
    assert any("expiry" in line and "put: assigned" in line for line in lines)
    monday = [line for line in lines if line.startswith("Mon 01-12")]
    assert any("sell" in line and " call limit" in line and "filled" in line for line in monday)
    assert lines[-1].strip() == "the books agree to the cent"


def test_a_cent_of_difference_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that believes in one cent too much is told, account by account."""
    honest = ClientBooks.book

    def one_cent_more(books: ClientBooks, account: str) -> AccountBook:
        book = honest(books, account)
        return AccountBook(account, book.cash + usd("0.01"), book.quantities, book.executions)

    monkeypatch.setattr(ClientBooks, "book", one_cent_more)
    shown, found = live()
    assert [type(item) for item in found] == [CashMismatch] * 3
    assert "the books differ in 3 places" in shown


def test_a_settlement_the_client_missed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that never books assignments disagrees in cash and positions, and exits with 1."""
    monkeypatch.setattr(Ledger, "enter_option_settlement", lambda *_arguments: None)
    result = CliRunner().invoke(command_line(), ["paper", "--adapter", "simulated", "--seed", "3"])
    assert result.exit_code == 1
    assert "the books differ" in result.output
    _shown, found = live()
    assert {CashMismatch, PositionMismatch} <= {type(item) for item in found}


@pytest.mark.skipif(not REAL_PRICES.exists(), reason="the real prices are not beside this clone")
@pytest.mark.parametrize("first_day", ["2015-08-17", "2016-06-13"])
def test_a_week_on_real_prices(first_day: str) -> None:
    """A replayed week of real prices, the crash of 2015-08-24 among them, reconciles."""
    result = CliRunner().invoke(
        command_line(),
        ["paper", "--adapter", "simulated", "--replay", str(REAL_PRICES), "--from", first_day],
    )
    assert result.exit_code == 0, result.output
    assert "the books agree to the cent" in result.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["--adapter", "fix"],
            "--adapter is 'fix', but must be one of tws, client_portal, simulated",
        ),
        (["--from", "2015-08-17"], "--from is '2015-08-17', but must be used with --replay"),
        (["--cash", "nan"], "--cash is 'nan'"),
        (["--cash", "-1"], "simulated.opening_cash is -1"),
        (["--replay", "missing.csv"], "replay.path is 'missing.csv', but must be a readable file"),
    ],
)
def test_bad_options_are_refused(arguments: list[str], complaint: str) -> None:
    """A bad option ends with exit code 2 and a line naming it, its value and what is allowed."""
    result = CliRunner().invoke(command_line(), ["paper", *arguments])
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert "Traceback" not in result.output


def bars(rows: list[str]) -> str:
    return "\n".join(["symbol,date,open,high,low,close,volume", *rows])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("symbol,date,open,high,low,close\n", ["volume"]),
        (bars(["AAPL,2015-02-17,127.49,128.88,126.92,127.83,many"]), ["line 2", "volume", "many"]),
        (bars(["AAPL,2015-02-17,127.49,120.00,126.92,127.83,100"]), ["line 2", "high"]),
        (bars(["AAPL,17.2.2015,127.49,128.88,126.92,127.83,100"]), ["line 2", "date"]),
        (bars([]), ["at least one row"]),
    ],
    ids=["missing column", "bad number", "high below low", "bad date", "no rows"],
)
def test_a_bad_replay_file_is_refused(tmp_path: Path, text: str, words: list[str]) -> None:
    """A replay file with a missing column or a bad row is refused by place, value and rule."""
    path = tmp_path / "bars.csv"
    path.write_text(text)
    result = CliRunner().invoke(command_line(), ["paper", "--replay", str(path)])
    assert result.exit_code == 2
    for word in words:
        assert word in result.stderr


@pytest.mark.skipif(not REAL_PRICES.exists(), reason="the real prices are not beside this clone")
def test_a_replay_that_would_run_out_of_prices_is_refused() -> None:
    """A week that the file cannot cover is refused before it begins."""
    result = CliRunner().invoke(
        command_line(), ["paper", "--replay", str(REAL_PRICES), "--from", "2018-10-12"]
    )
    assert result.exit_code == 2
    assert "--from is '2018-10-12', but must be early enough" in result.stderr
