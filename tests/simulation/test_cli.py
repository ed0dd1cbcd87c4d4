"""The two commands as they are typed: a marketplace from nothing, and a month of guests in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lodestay.errors import ServiceUnavailable
from lodestay.settings import get_settings
from simulation.cli import app


@pytest.fixture
def _settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point the settings to the test's database and an empty lake."""
    monkeypatch.setenv("LODESTAY_DATABASE_URL", database_url)
    monkeypatch.setenv("LODESTAY_LAKE_URI", str(tmp_path / "lake"))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def _json(*words: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return list(json.loads(result.stdout))


@pytest.mark.usefixtures("_settings")
def test_generate_and_simulate_twice() -> None:
    """The first time everything is made and played; the second time both say that nothing was left to do."""
    made = _json("generate", "--listings", "60", "--seed", "2")
    assert sum(row["listings"] for row in made) == 60
    assert all(row["changed"] > 0 for row in made)
    played = _json("simulate", "--days", "2", "--searches", "80", "--seed", "2")
    assert sum(row["searches"] for row in played) == 80
    assert [row["days_played"] for row in played] == [2] * len(made)
    again = _json("generate", "--listings", "60", "--seed", "2")
    assert all(row["already_imported"] and row["changed"] == 0 for row in again)
    assert all(row["days_skipped"] == 2 for row in _json("simulate", "--days", "2", "--searches", "80", "--seed", "2"))


@pytest.mark.usefixtures("_settings")
def test_people_get_a_table() -> None:
    """Without ``--json`` a table names every city."""
    shown = CliRunner().invoke(app, ["generate", "--listings", "20"], catch_exceptions=False).stdout
    assert "paris" in shown
    assert "gothenburg" in shown


@pytest.mark.parametrize("words", [["generate", "--listings", "1"], ["simulate", "--days", "1"]], ids=lambda w: w[0])
def test_database_that_is_away_is_named(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that does not answer is said, with the way to start it, not shown as a driver's traceback."""
    monkeypatch.setenv("LODESTAY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("LODESTAY_LAKE_URI", str(tmp_path))
    get_settings.cache_clear()
    with pytest.raises(ServiceUnavailable, match="PostgreSQL does not answer") as failure:
        CliRunner().invoke(app, words, catch_exceptions=False)
    get_settings.cache_clear()
    assert "lodestay up" in str(failure.value.hint)
