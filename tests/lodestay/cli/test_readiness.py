"""Waiting for a search that is answered whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lodestay.cli import readiness
from lodestay.cli.commands import CommandFailed
from lodestay.cli.readiness import PATIENCE_SECONDS, wait_until_whole

SEARCH = ("search", "--market", "lisbon")


class Api:
    """Answers a search with one outcome after the other, the last for good; asking takes its time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *outcomes: list[str] | None) -> None:
        self.outcomes = outcomes
        self.asked: list[tuple[str, ...]] = []
        self.now = 0.0
        monkeypatch.setattr(readiness, "attempt", self.attempt)
        monkeypatch.setattr(readiness, "monotonic", lambda: self.now)
        monkeypatch.setattr(readiness, "sleep", self.sleep)

    def attempt(self, command: Sequence[str]) -> tuple[Any, str]:
        """Take a second, and answer or fail."""
        self.now += 1.0
        degraded = self.outcomes[min(len(self.asked), len(self.outcomes) - 1)]
        self.asked.append(tuple(command))
        return (None, "Service unavailable\n") if degraded is None else ({"degraded": degraded}, "")

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def test_a_search_that_is_late_at_first_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No answer, then a poorer one, then a whole one: only that ends the wait, and the failures are not shouted."""
    api = Api(monkeypatch, None, None, ["ranking model not loaded"], [])
    wait_until_whole(SEARCH)
    assert len(api.asked) == 4
    assert "Service unavailable" not in capsys.readouterr().err


def test_the_wait_hears_of_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks for the map, since without that an answer of the index does not say that columns are missing."""
    api = Api(monkeypatch, [])
    wait_until_whole(SEARCH)
    assert api.asked == [(*SEARCH, "--map-zoom", "0")]


def test_what_never_comes_is_said_and_done_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A part that stays away does not keep the demo from being shown."""
    api = Api(monkeypatch, ["columns not loaded"])
    wait_until_whole(SEARCH)
    assert PATIENCE_SECONDS < api.now < PATIENCE_SECONDS + 10
    assert "still answers without: columns not loaded" in " ".join(capsys.readouterr().err.split())


def test_a_search_that_is_never_answered_is_a_clear_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what was asked, what the API said last and where to look."""
    Api(monkeypatch, None)
    with pytest.raises(CommandFailed, match="`lodestay search --market lisbon` was not answered") as failure:
        wait_until_whole(SEARCH)
    assert failure.value.hint is not None
    assert "lodestay logs api" in failure.value.hint
    assert "Service unavailable" in capsys.readouterr().err
