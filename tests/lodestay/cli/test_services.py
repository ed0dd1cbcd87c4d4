"""The commands of the local services, on a real database."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lodestay.cli.services import app
from lodestay.local.process import ProcessId
from lodestay.settings import get_settings

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of this test's own that the commands see."""
    monkeypatch.setenv("LODESTAY_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    yield tmp_path / "home"
    CliRunner().invoke(app, ["clean", "--yes"])
    get_settings.cache_clear()


@pytest.fixture
def run(home: Path) -> Run:
    """Runs a command and checks that it succeeded."""
    del home

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        return result

    return run


def test_the_life_of_a_service(run: Run, home: Path) -> None:
    """Up, killed, seen dead, up again, its log read, down, cleaned: every command as JSON."""
    started = json.loads(run("up", "postgres", "--json").stdout)["services"][0]
    assert started["state"] == "running"
    assert ":***@" in started["address"]

    os.kill(started["pid"], signal.SIGKILL)
    while ProcessId.of(started["pid"]) is not None:
        time.sleep(0.01)
    postgres, *others = json.loads(run("status", "--json").stdout)["services"]
    assert postgres["state"] == "died"
    assert "lodestay up postgres" in postgres["hint"]
    assert {other["state"] for other in others} == {"stopped"}

    assert json.loads(run("up", "postgres", "--json").stdout)["services"][0]["pid"] != started["pid"]
    assert json.loads(run("logs", "postgres", "--json", "-n", "5").stdout)["lines"]
    assert json.loads(run("down", "--json").stdout)["services"][0]["state"] == "stopped"
    assert str(home) in json.loads(run("clean", "--yes", "--json").stdout)["removed"]
    assert not home.exists()


def test_clean_asks_and_takes_no_for_an_answer(home: Path) -> None:
    """Nothing is removed unless somebody says so."""
    home.mkdir()
    result = CliRunner().invoke(app, ["clean"], input="n\n")
    assert result.exit_code == 1
    assert home.exists()


def test_status_is_a_table_for_people(run: Run) -> None:
    """Every service has its line."""
    text = run("status").output
    assert all(
        name in text
        for name in ("postgres", "opensearch", "mlflow", "spark", "dagster", "processor", "relay", "worker", "api")
    )


def test_doctor_names_every_prerequisite(run: Run) -> None:
    """What is needed, what was found, and whether that is enough."""
    findings = json.loads(run("doctor", "--json").stdout)
    assert [finding["name"] for finding in findings] == ["Python", "JDK", "Maven", "Disk", "Memory"]


def test_stopping_what_was_never_started_writes_nothing(run: Run, home: Path) -> None:
    """`down` in a fresh checkout, or with the wrong home, leaves no trace."""
    assert {state["state"] for state in json.loads(run("down", "--json").stdout)["services"]} == {"stopped"}
    assert not home.exists()
