"""Mapped columns that stay in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search.columns.locked import keep_in_memory

KILOBYTES = 256


@pytest.fixture
def column(tmp_path: Path) -> NDArray[np.uint8]:
    """A mapped file, private to this process where it is written to."""
    file = tmp_path / "column.npy"
    np.save(file, np.ones(KILOBYTES << 10, np.uint8))
    return np.load(file, mmap_mode="c").view(np.ndarray)


def locked_kilobytes() -> int:
    """What of this process is locked."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmLck")]
    return int(line.split()[1])


def private_kilobytes(column: NDArray[np.uint8]) -> int:
    """What of a column is this process's own."""
    here, found = False, 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first, _, rest = line.partition("-")
        if rest and " " in rest and not first.endswith(":"):
            here = int(first, 16) <= column.ctypes.data < int(rest.split()[0], 16)
        elif here and line.startswith("Anonymous:"):
            found = int(line.split()[1])
    return found


def test_a_column_is_locked_as_it_is_shared(column: NDArray[np.uint8]) -> None:
    """All of it is held, none of it was copied, and what is written to it is still this process's own."""
    before = locked_kilobytes()
    try:
        keep_in_memory(column)
    except OSError as error:
        pytest.skip(f"this process may not lock memory: {error}")
    assert locked_kilobytes() - before >= KILOBYTES
    assert private_kilobytes(column) == 0
    column[0] = 7
    assert (column[0], int(column[1:].min())) == (7, 1)


def test_nothing_is_locked_of_nothing() -> None:
    """A marketplace without listings has columns of no bytes."""
    keep_in_memory(np.zeros(0))


def test_more_than_may_be_locked_is_an_error_that_says_so(
    column: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system refuses, whoever asked hears its reason."""

    class Refusing:
        """A C library whose calls fail."""

        def __init__(self, *_: object, **__: object) -> None:
            self.mlock2 = self.madvise = lambda *_: -1

    monkeypatch.setattr("search.columns.locked.ctypes.CDLL", Refusing)
    monkeypatch.setattr("search.columns.locked.ctypes.get_errno", lambda: 12)
    with pytest.raises(OSError, match="Cannot allocate memory"):
        keep_in_memory(column)
