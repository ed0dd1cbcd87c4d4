"""The commands of the transactional core, on a real database."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from typer.testing import CliRunner

from lodestay.settings import get_settings
from transactional.cli import app
from transactional.migrations.run import alembic_config

NEWEST = ScriptDirectory.from_config(alembic_config("")).get_current_head()


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """A command line whose settings name the test's database."""
    monkeypatch.setenv("LODESTAY_DATABASE_URL", database_url)
    get_settings.cache_clear()
    yield CliRunner()
    get_settings.cache_clear()


def test_migrate_says_the_revision_and_may_run_again(run: CliRunner) -> None:
    """On a database that is new enough nothing happens; stdout is one JSON document."""
    for _ in range(2):
        result = run.invoke(app, ["migrate", "--json"], catch_exceptions=False)
        assert json.loads(result.stdout) == {"revision": NEWEST}
    assert NEWEST is not None
    assert NEWEST in run.invoke(app, ["migrate"], catch_exceptions=False).stdout


def test_rates_load_once(run: CliRunner) -> None:
    """The second run adds none and says the same day."""
    first, second = (json.loads(run.invoke(app, ["rates", "--json"], catch_exceptions=False).stdout) for _ in range(2))
    assert first["added"] > 5_000
    assert second == first | {"added": 0}
    assert "USD" in first["currencies"]
    assert first["day"] in run.invoke(app, ["rates"], catch_exceptions=False).stdout


def test_markets_of_an_empty_marketplace_are_an_empty_list(run: CliRunner) -> None:
    """Programs get a list whatever there is."""
    assert json.loads(run.invoke(app, ["markets", "--json"], catch_exceptions=False).stdout) == []
