"""Whoever sits beside the demo hears of a lost service once, with what to do, and of its return."""

from __future__ import annotations

from dataclasses import replace

from lodestay.cli.watch import Watch
from lodestay.local.state import ServiceState, State

RELAY = ServiceState(
    name="relay", title="Relay", state=State.RUNNING, address=None, pid=1, log=None, hint="lodestay up relay"
)
INDEX = replace(RELAY, name="opensearch", title="OpenSearch")


def _hear(*looks: list[ServiceState]) -> list[str]:
    said: list[str] = []
    watch = Watch(said.append)
    for look in looks:
        watch.look(look)
    return said


def test_a_dead_service_is_told_once_with_its_hint_and_again_when_it_is_back() -> None:
    """Three looks at a dead process are one piece of news."""
    dead = replace(RELAY, state=State.DIED)
    said = _hear([RELAY, INDEX], [dead, INDEX], [dead, INDEX], [dead, INDEX], [RELAY, INDEX])
    assert len(said) == 2
    assert "Relay is lost. lodestay up relay" in said[0]
    assert "Relay is back" in said[1]


def test_a_service_that_is_only_busy_is_no_news() -> None:
    """One unanswered look is forgiven, two in a row are not, and two with an answer between them are."""
    silent = replace(INDEX, state=State.SILENT)
    assert _hear([silent], [INDEX], [silent], [INDEX]) == []
    assert len(_hear([silent], [silent], [silent])) == 1


def test_a_service_stopped_on_purpose_is_no_news() -> None:
    """`lodestay down` in another window is not a loss."""
    assert _hear([RELAY], [replace(RELAY, state=State.STOPPED)]) == []
