"""The commands, as a person runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from lodestay.settings import get_settings
from tests.transactional.imports.small_city import City, listing
from transactional.imports.cli import app
from transactional.imports.errors import UnknownRun


@pytest.fixture
def runner(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """Commands on the test's own database."""
    monkeypatch.setenv("LODESTAY_DATABASE_URL", database_url)
    get_settings.cache_clear()
    yield CliRunner()
    get_settings.cache_clear()


def test_imports_and_lists_what_was_left_out(runner: CliRunner, city: City) -> None:
    """JSON for programs, a table for people, the rejects by the number of the run."""
    city.listings(listing(1), listing(2, accommodates=99))
    arguments = ["import", "inside-airbnb", str(city.folder), "--market", "Small Town", "--currency", "SEK"]
    done = runner.invoke(app, [*arguments, "--json"], catch_exceptions=False)
    summary = json.loads(done.stdout)
    assert (summary["market_key"], summary["listings"], summary["changes"]["created"]) == ("small-town", 1, 1)
    again = runner.invoke(app, arguments, catch_exceptions=False)
    assert "imported before: nothing to do" in again.stdout
    left_out = ["import", "rejects", summary["run_id"]]
    assert json.loads(runner.invoke(app, [*left_out, "--json"], catch_exceptions=False).stdout) == [
        {
            "file": "listings.csv.gz",
            "line": 3,
            "column_name": "accommodates",
            "reason": "not between 1 and 50 guests",
            "value": "99",
        }
    ]
    assert "accommodates" in runner.invoke(app, left_out, catch_exceptions=False).stdout


@pytest.mark.parametrize("run", ["not a number", "01a20564-54ff-77bc-aae9-3dbb188d2690"])
def test_an_unknown_run_is_said_to_be_unknown(runner: CliRunner, run: str) -> None:
    """Whether it could be a run's number or not."""
    assert isinstance(runner.invoke(app, ["import", "rejects", run]).exception, UnknownRun)
