"""Tables for people, JSON for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from lodestay.cli.output import print_json, print_rows, print_table, progress


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


def test_progress_in_a_pipe_says_each_thing_once_and_not_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """A log does not fill with the same line, and results stay alone on stdout."""
    with progress("Import", quiet=False) as report:
        for seconds in range(3):
            report(f"reading listings ({seconds} s)")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("Import: reading listings") == 1
