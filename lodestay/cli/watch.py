"""Stay beside the local services, and say when one of them is lost or back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.markup import escape

from lodestay.cli.output import messages
from lodestay.local.state import ServiceState, State

PAUSE_SECONDS = 5.0
_LOST = {State.DIED, State.SILENT, State.OUTSIDE_SILENT}
_WELL = {State.RUNNING, State.OUTSIDE}


class Watch:
    """Turns looks at the services into news.

    A service that died is news at once, one that is silent at the second look in a row: it may only be busy.
    """

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._lost: set[str] = set()
        self._silent: set[str] = set()

    def look(self, states: Iterable[ServiceState]) -> None:
        """Compare with the look before, and tell what changed."""
        silent: set[str] = set()
        for state in states:
            if state.state in _WELL and state.name in self._lost:
                self._lost.remove(state.name)
                self._tell(f"[green]✓[/] {escape(state.title)} is back.")
            elif state.state in _LOST and state.name not in self._lost:
                if state.state is not State.DIED and state.name not in self._silent:
                    silent.add(state.name)
                    continue
                self._lost.add(state.name)
                self._tell(f"[red]✗[/] {escape(state.title)} is lost. {escape(state.hint or '')}")
        self._silent = silent


def stay_until_stopped(home: Path) -> None:
    """Wait for Ctrl-C or a polite kill, and meanwhile tell what becomes of the services."""
    from lodestay.local.supervisor import supervise  # noqa: PLC0415 - needs the extra `local`: a clear hint without it

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    supervisor = supervise(home, report=lambda _name, _text: None)
    watch = Watch(lambda text: messages.print(text, highlight=False))
    while not stop.wait(PAUSE_SECONDS):
        watch.look(supervisor.status())
