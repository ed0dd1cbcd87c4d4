"""The event log: JSON lines under the lake's raw events, one file a process, day and market.

A line is written by one `write` call to a file opened for appending, so that a crash loses the line in
hand at most, never one before it, and two writers never mix. Files are named for their process: nobody
else appends to them. What is written is on disk for good soon after its file is full or closed: a thread of the log's
own waits for the disk (`fsync`), so that no guest does.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, date
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, Self

import structlog
from pydantic import TypeAdapter

from lodestay.ids import new_id
from lodestay.lake import RAW_EVENTS, local_folder
from search.errors import EventLogUnavailable
from search.events import Event

MAX_BYTES: Final = 64 * 1024 * 1024
"""Size at which a file is closed and the next one begun."""
MAX_OPEN: Final = 256
"""Files kept open, one a day and market; the one used longest ago is closed for a new one."""
MAX_CLOSING: Final = 64
"""Files that may wait to be on disk for good; who brings one more waits for the first of them."""
_ASKER: Final = "The event log"
_HINT: Final = "Look whether the lake's disk is full or cannot be written to."
_EVENT: Final[TypeAdapter[Event]] = TypeAdapter(Event)

log = structlog.get_logger(__name__)


class EventLog:
    """Appends events, from any thread.

    Parameters
    ----------
    lake
        Address of the lake's root: a local folder.
    writer
        Who writes, in the file's name: ``api``, ``simulation``.
    max_bytes
        Of a file.

    Raises
    ------
    SetupIncomplete
        The lake is no local folder.
    """

    def __init__(self, lake: str, *, writer: str, max_bytes: int = MAX_BYTES) -> None:
        local_folder(lake, asker=_ASKER)
        self._lake = lake
        self._writer = f"{writer}-{os.getpid()}"
        self._max_bytes = max_bytes
        self._open: dict[Path, int] = {}
        self._closer = ThreadPoolExecutor(1, thread_name_prefix="event-log")
        self._closing: deque[Future[None]] = deque()
        self._lock = Lock()

    def append(self, events: Iterable[Event]) -> None:
        """Write events, each under the day (UTC) and the market in which it happened.

        Raises
        ------
        EventLogUnavailable
            The disk does not take them; those before the one at fault are written.
        """
        for event in events:
            folder = partition(self._lake, day=event.occurred_at.astimezone(UTC).date(), market=event.market)
            try:
                with self._lock:
                    self._write(folder, _EVENT.dump_json(event) + b"\n")
            except OSError as error:
                raise EventLogUnavailable(f"{folder}: {error.strerror or error}.", hint=_HINT) from error

    def close(self) -> None:
        """Bring everything to disk; the log may be written to again."""
        with self._lock:
            for folder in list(self._open):
                self._close(folder)
            wait(self._closing)
            self._reap()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, folder: Path, line: bytes) -> None:
        file = self._file(folder)
        written = os.write(file, line)
        if written < len(line) or os.fstat(file).st_size >= self._max_bytes:
            self._close(folder)
        if written < len(line):  # the torn line is the last of its file
            raise OSError("an event was written in part")

    def _file(self, folder: Path) -> int:
        file = self._open.pop(folder, None)
        if file is None:
            if len(self._open) >= MAX_OPEN:
                self._close(next(iter(self._open)))
            folder.mkdir(parents=True, exist_ok=True)
            # A new name each time: a file that was closed is never written to again.
            path = folder / f"{self._writer}-{new_id()}.jsonl"
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._open[folder] = file  # the newest last
        return file

    def _close(self, folder: Path) -> None:
        self._closing.append(self._closer.submit(_finish, self._open.pop(folder)))
        if len(self._closing) > MAX_CLOSING:
            wait([self._closing[0]])
        self._reap()

    def _reap(self) -> None:
        """Let go of the files that are on disk, and tell of those that may not be: who writes now is not to blame."""
        while self._closing and self._closing[0].done():
            error = self._closing.popleft().exception()
            if error is not None:
                log.error("events may be lost", reason=str(error))


def _finish(file: int) -> None:
    try:
        os.fsync(file)
    finally:
        os.close(file)


def partition(lake: str, *, day: date, market: str) -> Path:
    """Folder of one day and market."""
    return Path(RAW_EVENTS.partition(str(local_folder(lake, asker=_ASKER)), day=day, market=market))


def read_events(lake: str, *, day: date, market: str) -> Iterator[Event]:
    """Read the events of one day and market, file by file; a last line that was torn by a crash is passed over."""
    for file in sorted(partition(lake, day=day, market=market).glob("*.jsonl")):
        with file.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    yield _EVENT.validate_json(line)
