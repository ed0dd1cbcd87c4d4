"""Tables for people, JSON for programs."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from lodestay.cli.output import PIPE_WIDTH, print_json, print_rows, print_table, progress, shortened, width_of


@dataclass(frozen=True)
class _Thing:
    day: date
    rate: Decimal
    folder: Path
    tags: frozenset[str]


def test_json_takes_what_the_platform_is_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    """Dates, decimals, paths and sets need no care by the command; a decimal keeps every digit."""
    print_json(_Thing(date(2026, 6, 1), Decimal("0.10"), Path("/a"), frozenset("ba")))
    assert json.loads(capsys.readouterr().out) == {
        "day": "2026-06-01",
        "rate": "0.10",
        "folder": "/a",
        "tags": ["a", "b"],
    }


def test_json_has_every_field_and_the_table_those_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get whole records, people the columns that matter; nothing known is a dash."""
    records: list[dict[str, object]] = [
        {"name": "loft", "price": 12_000, "secret": 1},
        {"name": "shed", "price": None, "secret": 2},
    ]
    print_rows(None, records, columns={"name": "listing", "price": "price"}, as_json=True)
    assert json.loads(capsys.readouterr().out) == records
    print_rows(None, records, columns={"name": "listing", "price": "price"}, as_json=False)
    table = capsys.readouterr().out
    assert "12,000" in table
    assert "-" in table.splitlines()[-2]
    assert "secret" not in table


def test_a_table_shows_words_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets are no markup: masked texts are full of them, and a guest's must not break the table."""
    print_table("of [host]", ["[a]"], [["ask [host] or [e-mail]"], ["a [/b] c"]])
    table = capsys.readouterr().out
    assert all(words in table for words in ("of [host]", "[a]", "ask [host] or [e-mail]", "a [/b] c"))


def test_a_table_in_a_pipe_breaks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A relation's name and a sentence are found by `grep`, however long; a terminal keeps its own width."""
    sentence = "words " * 60
    print_table(None, ["relation", "what it holds"], [["marts.occupancy_by_week", sentence.strip()]])
    row = capsys.readouterr().out.splitlines()[-2]
    assert "marts.occupancy_by_week" in row
    assert sentence.strip() in row
    assert width_of(io.StringIO(), {}) == PIPE_WIDTH
    assert width_of(io.StringIO(), {"COLUMNS": "80"}) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.123456, "0.1235"),
        (14_233.333, "14,233"),
        (4.70, "4.7"),
        (0.000012345, "0.00001234"),
        (0.0, "0"),
        (float("nan"), "nan"),
        (1e6, "1,000,000"),
        (-12.5, "-12.5"),
    ],
)
def test_a_table_shows_some_four_digits(capsys: pytest.CaptureFixture[str], value: float, shown: str) -> None:
    """Sixteen digits of an average tell nobody anything."""
    print_table(None, ["x"], [[value]])
    assert capsys.readouterr().out.split()[-1] == shown


def test_keys_and_dates_stay_in_one_piece_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where not everything fits, sentences are broken and names are not."""
    monkeypatch.setattr("lodestay.cli.output.console", Console(width=60))
    print_table(None, ["night", "relation", "holds"], [[date(2026, 12, 25), "marts.occupancy_by_week", "words " * 30]])
    table = capsys.readouterr().out
    assert "2026-12-25" in table
    assert "marts.occupancy_by_week" in table


def test_no_digit_is_lost_where_the_terminal_is_too_narrow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers that do not fit are broken, never cut: every digit is somewhere in its column."""
    monkeypatch.setattr("lodestay.cli.output.console", Console(width=40))
    print_table(None, [f"column_{n}" for n in range(8)], [[1_234_567 + n for n in range(8)]])
    digits = "".join(capsys.readouterr().out.split())
    assert sum(digits.count(digit) for digit in "234") >= 3 * 8


def test_progress_in_a_pipe_says_each_thing_once_and_not_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """A log does not fill with the same line, and results stay alone on stdout."""
    with progress("Import", quiet=False) as report:
        for seconds in range(3):
            report(f"reading listings ({seconds} s)")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("Import: reading listings") == 1


def test_progress_in_a_pipe_does_not_print_every_count(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that only count on come once in ten seconds; what is new comes at once."""
    now = 100.0
    monkeypatch.setattr("lodestay.cli.output.monotonic", lambda: now)
    with progress("Playing", quiet=False) as report:
        for day in range(1, 29):
            report(f"lisbon, 2026-05-{day:02}")
            now += 1.0
        report("writing")
    days = [line[-2:] for line in capsys.readouterr().err.splitlines()]
    assert days == ["01", "11", "21", "ng"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A loft by the sea", "A loft by the sea"),
        ("A loft by the sea, with a pool", "A loft by the sea…"),
        ("Donaudampfschifffahrtsgesellschaft", "Donaudampfschifffah…"),
        ("海の近くの静かな部屋です" * 3, "海の近くの静かな部屋です海の近くの静か…"),
    ],
)
def test_a_text_that_is_cut_says_so(text: str, shown: str) -> None:
    """Between words where there are any, with an ellipsis, and never wider than asked."""
    assert shortened(text, 20) == shown
    assert len(shown) <= 20
