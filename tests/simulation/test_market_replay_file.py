"""Reading a replay file: what is taken, and how each mistake is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from brokerport.domain.errors import BadInput
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.market.replay_file import DailyBar, read_replay_file
from tests.simulation.replay_files import HEADER, write

CALENDAR = TradingCalendar()
GOOD = "AAPL,2015-08-24,94.87,108.80,92.00,103.12,162206300"


def test_a_row_is_read_to_the_cent(tmp_path: Path) -> None:
    """Prices become whole cents, half a cent up; rows are put in order of days."""
    rows = ["ABC,2015-08-25,10,10.005,9.9949,10.00,7", GOOD, "ABC,2015-08-24,1,2,1,2,0"]
    found = read_replay_file(write(tmp_path / "bars.csv", rows), CALENDAR)
    assert found == {
        "AAPL": (DailyBar(date(2015, 8, 24), 9487, 10880, 9200, 10312, 162206300),),
        "ABC": (
            DailyBar(date(2015, 8, 24), 100, 200, 100, 200, 0),
            DailyBar(date(2015, 8, 25), 1000, 1001, 999, 1000, 7),
        ),
    }


def test_columns_may_stand_in_any_order_with_others_between(tmp_path: Path) -> None:
    """Capitals, blanks, a byte order mark and empty lines do no harm."""
    path = tmp_path / "bars.csv"
    path.write_text(
        "Volume, Date ,Symbol,Close,Adj Close,Low,High,Open\n\n 5 ,2015-08-24,ABC,2,9,1,3,2.5\n",
        encoding="utf-8-sig",
    )
    (bar,) = read_replay_file(path, CALENDAR)["ABC"]
    assert bar == DailyBar(date(2015, 8, 24), 250, 300, 100, 200, 5)


@pytest.mark.parametrize(
    ("row", "place", "value", "allowed"),
    [
        ("aapl,2015-08-24,1,2,1,2,0", "line 3 column symbol", "aapl", "capital letters"),
        ("ABC,24/08/2015,1,2,1,2,0", "line 3 column date", "24/08/2015", "2015-08-24"),
        ("ABC,20150824,1,2,1,2,0", "line 3 column date", "20150824", "2015-08-24"),
        ("ABC,2015-02-30,1,2,1,2,0", "line 3 column date", "2015-02-30", "2015-08-24"),
        ("ABC,2015-08-23,1,2,1,2,0", "line 3 column date", "2015-08-23", "exchange was open"),
        ("ABC,1999-08-23,1,2,1,2,0", "line 3 column date", "1999-08-23", "from 2005-01-03"),
        ("ABC,2015-08-24,x,2,1,2,0", "line 3 column open", "x", "a price"),
        ("ABC,2015-08-24,,2,1,2,0", "line 3 column open", "", "a price"),
        ("ABC,2015-08-24,NaN,2,1,2,0", "line 3 column open", "NaN", "a price"),
        ("ABC,2015-08-24,-1,2,1,2,0", "line 3 column open", "-1", "a price"),
        ("ABC,2015-08-24,1,2,0.001,2,0", "line 3 column low", "0.001", "0.01 or more"),
        ("ABC,2015-08-24,1,1,2,1,0", "line 3 column high", "1", "at least the low, 2"),
        ("ABC,2015-08-24,3,2,1,2,0", "line 3 column open", "3", "between the low 1 and"),
        ("ABC,2015-08-24,1,2,1,0.5,0", "line 3 column close", "0.5", "between the low 1 and"),
        ("ABC,2015-08-24,1,2,1,2,-5", "line 3 column volume", "-5", "0 or more"),
        ("ABC,2015-08-24,1,2,1,2,1.5", "line 3 column volume", "1.5", "whole number"),
        ("ABC,2015-08-24,1,2,1,2,many", "line 3 column volume", "many", "whole number"),
        ("ABC,2015-08-24,1,2,1,2", "line 3", "ABC,2015-08-24,1,2,1,2", "7 columns"),
        (GOOD, "line 3 column date", "2015-08-24", "no other row of AAPL"),
    ],
)
def test_a_mistake_is_named_by_its_place(
    tmp_path: Path, row: str, place: str, value: str, allowed: str
) -> None:
    """File, line, column, value and what is allowed are all in the error."""
    with pytest.raises(BadInput) as caught:
        read_replay_file(write(tmp_path / "bars.csv", [GOOD, row]), CALENDAR)
    assert caught.value.field == f"bars.csv {place}"
    assert caught.value.value == value
    assert allowed in caught.value.allowed


@pytest.mark.parametrize("column", HEADER.split(","))
def test_a_missing_or_doubled_column_is_named(tmp_path: Path, column: str) -> None:
    """Each of the seven is needed, once."""
    without = ",".join(name for name in HEADER.split(",") if name != column)
    for header in (without, f"{HEADER},{column}"):
        with pytest.raises(BadInput, match=f"line 1 .*one column '{column}'"):
            read_replay_file(write(tmp_path / "bars.csv", [GOOD], header), CALENDAR)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """No file, a folder, no text, nothing in it, or an open quotation mark."""
    with pytest.raises(BadInput, match=r"nothing\.csv.*No such file"):
        read_replay_file(tmp_path / "nothing.csv", CALENDAR)
    with pytest.raises(BadInput, match="readable file"):
        read_replay_file(tmp_path, CALENDAR)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="UTF-8"):
        read_replay_file(binary, CALENDAR)
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(BadInput, match="line 1"):
        read_replay_file(empty, CALENDAR)
    with pytest.raises(BadInput, match="at least one row"):
        read_replay_file(write(tmp_path / "header.csv", []), CALENDAR)
    with pytest.raises(BadInput, match="CSV"):
        read_replay_file(write(tmp_path / "quote.csv", [GOOD + ',"']), CALENDAR)
