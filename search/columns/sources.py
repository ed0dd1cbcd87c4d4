"""The documents that columns are made of, as the lake keeps them: JSON, read as far as columns need it.

Most of a document is its vector, which no column holds, and its running sums, which compiled code reads from the text
(:mod:`search.columns.encoding`). They are cut out before the rest is parsed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from lodestay.lake import RAW, LakeFile, partition_files, read_files
from search.columns.store import BATCH

_SUMS, _SUMS_END, _VECTOR, _VECTOR_END = b'"price_sum":{', b"}", b'"vector":[', b"]"
"""How the two begin in JSON without blanks. A quote within a text has a backslash before it, so they are names of
fields wherever they stand, and neither holds what ends it."""
_NULL: Final = b"null"


def document_batches(file: LakeFile, row_groups: Sequence[int] | None = None) -> Iterator[list[dict[str, Any]]]:
    """Documents of a file, or of some of its row groups, a batch at a time; their running sums are JSON."""
    with pq.ParquetFile(file.filesystem.open_input_file(file.path)) as parquet:
        for group in range(parquet.num_row_groups) if row_groups is None else row_groups:
            # One at a time: Arrow reads ahead, and would come to hold the file.
            for batch in parquet.iter_batches(BATCH, row_groups=[group], columns=["document"]):
                yield [read_document(text) for text in batch.column(0).cast(pa.binary()).to_pylist()]


def documents(files: Collection[LakeFile]) -> Iterator[dict[str, Any]]:
    """Documents of some files, one after the other."""
    for file in files:
        for batch in document_batches(file):
            yield from batch


def read_document(text: bytes) -> dict[str, Any]:
    """Read a document without its vector; the running sums are JSON, or null where they are not told."""
    rest, _ = _cut(text, _VECTOR, _VECTOR_END)
    rest, sums = _cut(rest, _SUMS, _SUMS_END)
    document: dict[str, Any] = orjson.loads(rest)
    return document if sums is None else document | {"price_sum": sums}


def _cut(text: bytes, begin: bytes, end: bytes) -> tuple[bytes, bytes | None]:
    """Put null in the place of a field's value, and hand that over; None where there is no such field."""
    found = text.find(begin)
    if found < 0:
        return text, None
    first = found + len(begin) - 1
    last = text.index(end, first) + 1
    return b"".join((text[:first], _NULL, text[last:])), text[first:last]


def exports_of(lake: str, files: Collection[LakeFile]) -> dict[str, datetime | None]:
    """When the export of each market's documents began to look; None where that is not known.

    It is not where the market was exported again after its documents were made.
    """
    exports = {_partition(file): file for file in partition_files(RAW["markets"], lake)}
    found: dict[str, datetime | None] = {}
    for file in files:
        export = exports.get(_partition(file))
        known = export is not None and export.modified_at <= file.modified_at
        moments = read_files([export])["exported_at"].to_pylist() if export is not None and known else []
        found[file.partition["market"]] = min(moments, default=None)
    return found


def version_of(files: Collection[LakeFile]) -> str:
    """Sixteen digits that change when a file of documents comes, goes or is replaced."""
    said = repr([(file.path, file.modified_at) for file in files])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _partition(file: LakeFile) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(file.partition.items()))
