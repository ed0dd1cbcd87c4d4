"""The demo's plan, and what it does with a city that has no nights to offer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lodestay.cli import demo as module
from lodestay.cli import showcase
from lodestay.cli.commands import CommandFailed
from lodestay.cli.demo import Plan, plan
from lodestay.settings import get_settings


def _plan(folder: Path | None, *, snapshot: datetime | None = None, searches: int = 1) -> Plan:
    return plan(data=folder, snapshot=snapshot, listings=100, searches=searches, seed=1)


def test_other_guests_are_played_on_the_same_supply(tmp_path: Path) -> None:
    """Another number of searches redoes the play and the pipeline, and nothing before them."""
    few, many = astuple(_plan(tmp_path, searches=1)), astuple(_plan(tmp_path, searches=2))
    assert [a == b for a, b in zip(few, many, strict=True)] == [True, True, True, False, False]


def test_another_snapshot_is_another_supply(tmp_path: Path) -> None:
    """A date picks one of several snapshots, and what was done with the newest does not count for it."""
    newest, older = _plan(tmp_path), _plan(tmp_path, snapshot=datetime(2023, 9, 23))  # noqa: DTZ001 - as Typer reads it
    assert older.supply.command[-2:] == ("--snapshot", "2023-09-23")
    assert older.supply.inputs != newest.supply.inputs
    assert older.rates == newest.rates


class Typist:
    """Notes the commands that the demo would run."""

    def __init__(self) -> None:
        self.typed: list[str] = []
        self.commands: list[tuple[str, ...]] = []

    def __call__(self, command: Sequence[str], *, title: str) -> None:
        """Note a command; each has a title."""
        assert title
        self.typed.append(command[0])
        self.commands.append(tuple(command))


@pytest.fixture
def typist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Typist]:
    """In place of the commands themselves, in a home of the test's own."""
    monkeypatch.setenv("LODESTAY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module, "show", lambda _market, **_how: {"results": 0, "listing_id": 1})
    get_settings.cache_clear()
    yield Typist()
    get_settings.cache_clear()


@pytest.mark.parametrize(("nights", "played"), [(365, True), (None, False), (0, False)])
def test_no_guests_are_played_where_no_night_can_be_booked(
    typist: Typist, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, nights: int | None, *, played: bool
) -> None:
    """A city without a calendar goes on to the pipeline and is shown; one with a calendar is played first."""
    answer: dict[str, Any] = {"market_key": "stockholm", "nights": nights}
    monkeypatch.setattr(module, "ask", lambda _command: answer)
    assert module._walk(_plan(tmp_path), typist)["market"] == "stockholm"
    assert ("simulate" in typist.typed) is played
    assert typist.typed[-2:] == ["pipeline", "up"]


def test_a_city_beside_others_renews_them_all(typist: Typist, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The index and the models are made over every market, so every market's newest state goes into them."""
    monkeypatch.setattr(module, "ask", lambda _command: {"market_key": "stockholm", "nights": 1})
    module._walk(_plan(tmp_path), typist)
    assert typist.commands[-2] == ("pipeline",)


def test_what_was_shown_stands_where_the_rest_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dagster that does not come up takes nothing from a demo whose search serves."""

    def fail(command: Sequence[str], *, title: str) -> None:
        raise CommandFailed(f"`lodestay {command[0]}` failed ({title}).")

    module._start_the_rest(fail)
    assert "`lodestay up` failed" in capsys.readouterr().err


def test_the_city_asked_for_is_the_city_shown(typist: Typist, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Going back to a city imported long ago shows that one, not the one imported last."""
    monkeypatch.setattr(module, "ask", lambda command: {"market_key": Path(command[2]).name, "nights": 1})
    for name in ("first", "second", "first"):
        (tmp_path / name).mkdir(exist_ok=True)
        assert module._walk(_plan(tmp_path / name), typist)["market"] == name
    assert typist.typed.count("migrate") == 1


@pytest.mark.parametrize(("bookable", "shown", "played"), [(80, "paris", True), (0, "stockholm", False)])
def test_the_market_shown_is_one_that_can_be_booked(
    typist: Typist, monkeypatch: pytest.MonkeyPatch, bookable: int, shown: str, *, played: bool
) -> None:
    """A larger city that was imported without a calendar is not shown in place of the synthetic marketplace."""
    markets = [
        {"market_key": "stockholm", "active_listings": 900, "bookable_listings": 0},
        {"market_key": "paris", "active_listings": 90, "bookable_listings": bookable},
    ]
    monkeypatch.setattr(module, "ask", lambda _command: markets)
    assert module._walk(_plan(None), typist)["market"] == shown
    assert ("simulate" in typist.typed) is played


def test_a_city_without_a_calendar_is_searched_without_dates(
    typist: Typist, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No table of nothing is shown: no search for nights, no marts; and why no ranker serves is told."""
    answer = {"results": [{"listing_id": 7}], "total_count": 1, "ranker": showcase.BASELINE, "degraded": []}
    monkeypatch.setattr(showcase, "ask", lambda _command: answer)
    monkeypatch.setattr(showcase, "wait_until_whole", lambda _search: None)
    assert showcase.show("stockholm", has_nights=False, run=typist) == {"results": 1, "listing_id": 7}
    assert typist.commands[0] == ("search", "--market", "stockholm")
    assert typist.typed == ["search", "suggest-price", "models"]
    assert "no calendar" in capsys.readouterr().err
    typist.typed.clear()
    showcase.show("paris", has_nights=True, run=typist)
    assert typist.typed == ["search", "suggest-price", "sql", "models"]
    assert "--check-in" in typist.commands[3]
