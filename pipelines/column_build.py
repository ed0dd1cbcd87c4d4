"""Documents → columns in files: parts by several processes, put together in order of where their listings lie."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lodestay.lake import LakeFile
from search.columns.files import room_in
from search.columns.layout import arrays, rebuilt
from search.columns.merging import Part, Whole, Words, merged
from search.columns.sources import document_batches
from search.columns.store import CODES, Columns
from search.columns.table import empty_table

PART = 32_768
"""Documents that a process reads before it hands over columns of them, at least: some 40 MB of columns."""


@dataclass(frozen=True)
class Share:
    """What one process reads: row groups of files, and how many documents they hold."""

    groups: tuple[tuple[LakeFile, int], ...]
    documents: int


@dataclass(frozen=True)
class Draft:
    """Columns of a share in a file of raw bytes.

    Attributes
    ----------
    columns
        By path: where it begins, its type and its shape.
    """

    file: Path
    columns: dict[str, tuple[int, str, tuple[int, ...]]]
    words: Words


def write_columns(files: Collection[LakeFile], folder: Path, drafts: Path) -> Whole:
    """Write the columns of documents to the files of a folder.

    Parameters
    ----------
    drafts
        Folder for what is needed meanwhile: as much again.
    """
    shares = list(_shares(files)) or [Share((), 0)]
    places = [drafts / f"{number}" for number in range(len(shares))]
    workers = min(os.cpu_count() or 1, len(shares))
    if workers == 1:
        made = list(map(draft, shares, places))
    else:  # not forked: this process has threads of Arrow's
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            made = list(pool.map(draft, shares, places))
    return merged([opened(one) for one in made], room_in(folder))


def _shares(files: Collection[LakeFile]) -> Iterator[Share]:
    """Row groups in order, as many together as make a part."""
    groups: list[tuple[LakeFile, int]] = []
    documents = 0
    for file in files:
        metadata = pq.read_metadata(file.path, filesystem=file.filesystem)
        for number in range(metadata.num_row_groups):
            groups.append((file, number))
            documents += metadata.row_group(number).num_rows
            if documents >= PART:
                yield Share(tuple(groups), documents)
                groups, documents = [], 0
    if groups:
        yield Share(tuple(groups), documents)


def draft(share: Share, file: Path) -> Draft:
    """Read a share into columns, and leave them in a file."""
    columns = Columns.drafted(_batches(share.groups), listings=share.documents)
    return saved(Part(columns.table, columns.words), file)


def saved(part: Part, file: Path) -> Draft:
    """Leave columns in a file."""
    placed = {}
    with file.open("wb") as stream:
        for path, column in arrays(part.table).items():
            placed[path] = (stream.tell(), column.dtype.str, column.shape)
            column.tofile(stream)
    return Draft(file, placed, part.words)


def _batches(groups: Sequence[tuple[LakeFile, int]]) -> Iterator[list[dict[str, Any]]]:
    for file, number in groups:
        yield from document_batches(file, [number])


def opened(made: Draft) -> Part:
    """Map a draft: one file, since a thousand of them would be more than a process may hold open."""
    mapped = np.memmap(made.file, np.uint8, mode="r") if made.file.stat().st_size else np.zeros(0, np.uint8)

    def column(path: str) -> NDArray[Any]:
        start, kind, shape = made.columns[path]
        count = int(np.prod(shape))
        return np.frombuffer(mapped, kind, count, start).reshape(shape) if count else np.zeros(shape, kind)

    empty = empty_table(0, coded=len(CODES), values=1)
    return Part(rebuilt(empty, column), made.words)
