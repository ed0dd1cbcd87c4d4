"""Which event files there are, and which days of which markets they make it worth staging again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pyarrow.fs import FileSelector, FileSystem, FileType

from lodestay.lake import RAW_EVENTS
from pipelines.partitions import Partition

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
    filesystem, root = FileSystem.from_uri(RAW_EVENTS.path(lake))
    found = []
    for info in filesystem.get_file_info(FileSelector(root, recursive=True, allow_not_found=True)):
        if info.type is not FileType.File or not info.path.endswith(SUFFIX):
            continue
        steps = info.path.removeprefix(f"{root}/").split("/")[:-1]
        partition = tuple(step.partition("=")[2] for step in steps)
        if len(partition) == len(RAW_EVENTS.partitions) and all(partition):
            found.append(EventFile(info.path, partition, info.mtime))
    return sorted(found, key=lambda file: (file.partition, file.path))


def outdated(
    files: Iterable[EventFile], staged: dict[Partition, datetime], *, day: date, attribution: int
) -> set[Partition]:
    """Days and markets whose events came after they were staged, and those that these can still change.

    The last days up to `day` are always among them where they have events: while a job reads a file,
    a writer may append to it.

    Parameters
    ----------
    attribution
        Days that a click may come after its search.
    """
    changed = set()
    for file in files:
        there = date.fromisoformat(file.partition[0])
        recent = day - timedelta(days=attribution) <= there <= day
        if recent or file.partition not in staged or file.changed_at >= staged[file.partition]:
            changed.add(file.partition)
    earlier = {
        ((date.fromisoformat(there) - timedelta(days=back)).isoformat(), market)
        for there, market in changed
        for back in range(1, attribution + 1)
    }
    return changed | (earlier & {file.partition for file in files})
