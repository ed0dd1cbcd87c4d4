"""Bytes and rows of a file, and what is wrong with it where it cannot be read."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from transactional.imports.errors import UnreadableSource

_FETCH_AGAIN = "Download the file again."
csv.field_size_limit(16 * 1024 * 1024)


def read_bytes(path: Path) -> bytes:
    """Contents of a file, unpacked where its name ends in .gz."""
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (EOFError, zlib.error) as broken:
        raise UnreadableSource(path, "the compressed file is cut off or damaged.", hint=_FETCH_AGAIN) from broken
    except gzip.BadGzipFile as broken:
        raise UnreadableSource(path, "not a gzip file, whatever its name says.", hint=_FETCH_AGAIN) from broken
    except OSError as broken:
        raise UnreadableSource(path, f"cannot be opened ({broken.strerror}).", hint="Check the path.") from broken


def read_text(path: Path) -> str:
    """Contents of a UTF-8 file, with or without a byte order mark."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        raise UnreadableSource(path, "not text in UTF-8.", hint=_FETCH_AGAIN) from broken


def require_columns(path: Path, header: Sequence[str], required: Sequence[str], *, hint: str) -> None:
    """Stop where the header lacks a column that nothing can be done without."""
    lacking = [name for name in required if name not in header]
    if len(lacking) == len(required):
        raise UnreadableSource(path, f"not the CSV file that its name says: no column {lacking[0]!r}.", hint=hint)
    if lacking:
        raise UnreadableSource(path, f"lacks the columns {', '.join(lacking)}.", hint=hint)


def csv_rows(path: Path, required: Sequence[str], *, hint: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Read a CSV file.

    Returns
    -------
    header
        Names of the columns.
    rows
        Each record with the number of the line on which it begins.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""))
    header = next(reader, [])
    require_columns(path, header, required, hint=hint)

    def rows() -> Iterator[tuple[int, list[str]]]:
        line = reader.line_num + 1
        try:
            for record in reader:
                if record:
                    yield line, record
                line = reader.line_num + 1
        except csv.Error as broken:
            raise UnreadableSource(path, f"not a CSV file from line {line} on ({broken}).", hint=hint) from broken

    return header, rows()
