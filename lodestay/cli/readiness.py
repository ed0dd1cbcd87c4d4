"""Waits until a search is answered with all that it can have."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from time import monotonic, sleep
from typing import Final

from lodestay.cli.commands import CommandFailed, attempt, typed
from lodestay.cli.output import messages, progress

PATIENCE_SECONDS: Final = 180.0
PAUSE_SECONDS: Final = 1.0
_TELLS_OF_COLUMNS: Final = ("--map-zoom", "0")
"""A search that counts the map says whether the columns are there; any other is answered without them unsaid."""


def wait_until_whole(search: Sequence[str]) -> None:
    """Ask a search again and again until nothing is missing from its answer.

    A process that has just started still loads its models and columns, and on a busy machine its first searches are
    late: that it is alive says nothing of it. Where something stays away the search is shown without it.

    Raises
    ------
    CommandFailed
        There was no answer in :data:`PATIENCE_SECONDS`.
    """
    asked, began = (*search, *_TELLS_OF_COLUMNS), monotonic()
    with progress("Waiting for the search", quiet=False) as tell:
        while True:
            answer, said = attempt(asked)
            missing = None if answer is None else answer["degraded"]
            waited = monotonic() - began
            if missing == [] or waited > PATIENCE_SECONDS:
                break
            tell(f"{'no answer yet' if missing is None else '; '.join(missing)} ({waited:.0f} s)")
            sleep(PAUSE_SECONDS)
    if missing is None:
        sys.stderr.write(said)
        raise CommandFailed(
            f"The API runs, and `{typed(search)}` was not answered in {waited:.0f} s.",
            hint="See `lodestay logs api`; then type the same again: it goes on from here.",
        )
    if missing:
        messages.print(f"[yellow]After {waited:.0f} s the search still answers without:[/] {'; '.join(missing)}")
