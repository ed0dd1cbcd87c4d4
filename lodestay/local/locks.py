"""One at a time, across processes."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lodestay.local.errors import SupervisorBusy


@contextmanager
def locked(path: Path, *, patience: float) -> Iterator[None]:
    """Hold the lock of a file; the system releases it when the holder ends, however it ends.

    Raises
    ------
    SupervisorBusy
        Somebody else held it for more than `patience` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SupervisorBusy(
                        f"Another command has held {path} for {patience:.0f} seconds.",
                        hint="Wait until it is done (`lodestay up` or `down` in another terminal), then try again.",
                    ) from None
                time.sleep(0.1)
        yield
