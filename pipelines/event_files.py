"""Which event files there are, and which days of which markets they make it worth staging again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pyarrow.fs import FileSelector, FileType

from lodestay.lake import RAW_EVENTS
from pipelines.partitions import Partition, filesystem_of, values_of

SUFFIX = ".jsonl"


@dataclass(frozen=True)
class EventFile:
    """One file of events.

    Attributes
    ----------
    partition
        Its day and market.
    changed_at
        When it was last written to.
    """

    path: str
    partition: Partition
    changed_at: datetime


def event_files(lake: str) -> list[EventFile]:
    """Every event file of the lake, by partition."""
    filesystem, root = filesystem_of(RAW_EVENTS.path(lake))
    found = []
    for info in filesystem.get_file_info(FileSelector(root, recursive=True, allow_not_found=True)):
        if info.type is not FileType.File or not info.path.endswith(SUFFIX):
            continue
        partition = values_of(info.path, root)
        if len(partition) == len(RAW_EVENTS.partitions) and all(partition):
            found.append(EventFile(info.path, partition, info.mtime))
    return sorted(found, key=lambda file: (file.partition, file.path))


def unstaged(files: Iterable[EventFile], staged: dict[Partition, datetime]) -> list[EventFile]:
    """Files that were never staged, or written to since."""
    return [file for file in files if file.partition not in staged or file.changed_at >= staged[file.partition]]


def outdated(
    files: Sequence[EventFile], staged: dict[Partition, datetime], *, day: date, attribution: int
) -> set[Partition]:
    """Days and markets whose events came after they were staged, and those that these can still change.

    A day is staged again in every market at once: what became of a search may be noted under the market
    of the listing. The last days up to `day` are always among them where they have events: while a job
    reads a file, a writer may append to it.

    Parameters
    ----------
    attribution
        Days that a click may come after its search.
    """
    changed = {date.fromisoformat(file.partition[0]) for file in unstaged(files, staged)}
    changed |= {day - timedelta(days=back) for back in range(attribution + 1)}
    days = {one - timedelta(days=back) for one in changed for back in range(attribution + 1)}
    return {file.partition for file in files if date.fromisoformat(file.partition[0]) in days}
