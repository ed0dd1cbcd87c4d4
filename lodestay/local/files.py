"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from lodestay.local.errors import FolderInUse

_PATIENCE_SECONDS = 10.0


def write_whole(path: Path, text: str) -> None:
    """Write a file that only its owner can read; a crash or a reader beside us never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, half = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(half).replace(path)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise


def remove_folder(folder: Path, *, patience: float = _PATIENCE_SECONDS) -> None:
    """Remove a folder with all that is in it, though its last writer may still be ending.

    Raises
    ------
    FolderInUse
        After `patience` seconds something still writes there.
    """
    deadline = time.monotonic() + patience
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError as busy:  # a file that appeared, or went, while we were at it
            if time.monotonic() > deadline:
                raise FolderInUse(
                    f"{folder} cannot be removed: {busy.strerror or busy}.",
                    hint="Perhaps a command or a notebook still writes there. Stop it and run the same again.",
                ) from busy
            time.sleep(0.1)
