"""Columns as files that processes map: a folder a build, a file a column, and a manifest that says what belongs to it.

A process that maps them shares them with every other one of the machine, and has for itself only the pages that it
changes. What has no whole manifest, another format, or a file that is not the one written is refused.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from lodestay.lake import SEARCH_COLUMNS
from search.columns.layout import AXES, arrays, empty_ordered, goes_with, rebuilt
from search.columns.merging import Room, Whole, Words
from search.columns.store import BITS, CODES
from search.columns.table import FEES, PART, RATES, RULES
from search.errors import BuildRefused
from search.ring import RING

MANIFEST: Final = "manifest.json"
_MEANING: Final = 1
"""Raised where the same bytes come to mean something else; what is there and in which type shows by itself."""
_CHUNK: Final = 1 << 22
_THREADS: Final = 4
_BUILD: Final = "build="


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileFacts(_Strict):
    """A column's file: its type and shape, its bytes and their CRC-32."""

    kind: str
    shape: tuple[int, ...]
    size: int
    checksum: int


class Manifest(_Strict):
    """What a build is.

    Attributes
    ----------
    format
        Of :func:`format_of`.
    source
        Sixteen digits of the documents that it was made of.
    exports
        When the export of each market's documents began to look; None where that is not known.
    odd_used, codes, bits
        As in :class:`search.columns.merging.Whole`.
    files
        By the path of the column.
    """

    format: str
    source: str
    exports: dict[str, datetime | None]
    listings: int
    odd_used: int
    codes: dict[str, list[str | float]]
    bits: dict[str, list[str | float]]
    files: dict[str, FileFacts]


@dataclass(frozen=True)
class Build:
    """A build whose files are mapped."""

    name: str
    whole: Whole
    exports: dict[str, datetime | None]


def format_of() -> str:
    """What this version writes and reads: changes with every column, type and row of one."""
    empty = arrays(empty_ordered(0, coded=len(CODES), values=1))
    columns = [(path, column.dtype.str, AXES[path].value) for path, column in empty.items()]
    said = repr((_MEANING, RING, PART, CODES, BITS, RULES, FEES, RATES, columns))
    return f"{_MEANING}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def room_in(folder: Path) -> Room:
    """Make room for columns in files of a folder."""

    def room(path: str, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
        file = _file(folder, path)
        if 0 in shape:  # nothing can be mapped there
            np.save(file, np.zeros(shape, kind))
            return np.zeros(shape, kind)
        made: NDArray[Any] = np.lib.format.open_memmap(file, mode="w+", dtype=np.dtype(kind), shape=shape)
        return made

    return room


def seal(folder: Path, whole: Whole, *, source: str, exports: Mapping[str, datetime | None]) -> None:
    """Write the manifest of columns that were written to the files of a folder: from now on it is a build."""
    columns = arrays(whole.columns)
    for column in columns.values():
        if isinstance(column, np.memmap):
            column.flush()
    manifest = Manifest(
        format=format_of(),
        source=source,
        exports=dict(exports),
        listings=len(whole.columns.keys),
        odd_used=whole.odd_used,
        codes=whole.words.values,
        bits=whole.words.bits,
        files={
            path: FileFacts(
                kind=column.dtype.str,
                shape=column.shape,
                size=_file(folder, path).stat().st_size,
                checksum=_checksum(_file(folder, path)),
            )
            for path, column in columns.items()
        },
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(), encoding="utf-8")
    for path in columns:  # who writes to a file that is mapped changes answers, and who cuts it short ends processes
        _file(folder, path).chmod(0o444)


def builds(lake: str) -> list[Path]:
    """Folders of a lake's builds, the newest first; of a lake that is no folder here none."""
    root = Path(SEARCH_COLUMNS.path(lake))
    if "://" in lake or not root.is_dir():
        return []
    found = (folder for folder in root.iterdir() if folder.name.startswith(_BUILD))
    return sorted((folder for folder in found if (folder / MANIFEST).is_file()), reverse=True)


def build_folder(lake: str, *, made_at: datetime) -> Path:
    """Folder of a build; later ones have greater names."""
    return Path(SEARCH_COLUMNS.path(lake)) / f"{_BUILD}{made_at:%Y%m%dT%H%M%S.%f}"


def files_of(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Name, size and time of each file of a build: changes when one is written, and reads none of them."""
    try:
        found = [(file.name, file.stat()) for file in folder.iterdir()]
    except OSError:  # going away meanwhile
        return frozenset()
    return frozenset((name, status.st_size, status.st_mtime_ns) for name, status in found)


def open_build(folder: Path) -> Build:
    """Map a build.

    Raises
    ------
    BuildRefused
        It is not whole, or another version's.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        _refuse_other_format(folder, manifest)
        with ThreadPoolExecutor(_THREADS) as pool:
            for problem in pool.map(lambda item: _broken(folder, *item), manifest.files.items()):
                if problem:
                    raise _refused(folder, problem)
        words = Words(manifest.codes, manifest.bits)
        empty = empty_ordered(0, coded=len(CODES), values=words.first_bits[-1])
        mapped = {path: _mapped(folder, path, column, manifest) for path, column in arrays(empty).items()}
    except OSError as error:  # its own words hold the whole path
        raise _refused(folder, f"{Path(error.filename or folder).name}: {error.strerror or error}") from error
    except (ValidationError, ValueError) as error:
        raise _refused(folder, str(error).partition("\n")[0]) from error
    whole = Whole(rebuilt(empty, mapped.__getitem__), words, manifest.odd_used)
    return Build(folder.name, whole, manifest.exports)


def _refuse_other_format(folder: Path, manifest: Manifest) -> None:
    if manifest.format != format_of():
        raise _refused(folder, f"its format is {manifest.format}, and this version reads {format_of()}")
    if manifest.files.keys() != AXES.keys() or (*manifest.codes, *manifest.bits) != (*CODES, *BITS):
        raise _refused(folder, "its manifest does not name every column")


def _broken(folder: Path, path: str, facts: FileFacts) -> str | None:
    """Say what is wrong with a file's bytes."""
    file = _file(folder, path)
    if not file.is_file():
        return f"{file.name} is missing"
    if (size := file.stat().st_size) != facts.size:
        return f"{file.name} has {size:,} bytes instead of {facts.size:,}"
    return None if _checksum(file) == facts.checksum else f"{file.name} is not what was written: its checksum differs"


def _mapped(folder: Path, path: str, empty: NDArray[Any], manifest: Manifest) -> NDArray[Any]:
    """Map a column that is as this version holds it; what is written to it stays in this process."""
    file = _file(folder, path)
    shape = manifest.files[path].shape
    column: NDArray[Any] = np.load(file, mmap_mode=None if 0 in shape else "c", allow_pickle=False)
    if column.dtype != empty.dtype or not goes_with(path, column.shape, empty.shape, listings=manifest.listings):
        raise _refused(folder, f"{file.name} holds {column.dtype} {column.shape}, which is not that column")
    return column.view(np.ndarray)  # compiled code takes plain arrays


def _refused(folder: Path, problem: str) -> BuildRefused:
    """Name the build alone: whoever asks how the service is may read it, and where the lake lies is not theirs."""
    return BuildRefused(
        f"The columns in {folder.name} are not taken into service: {problem}.",
        hint="Materialise `columns/listings` again; till then an older build answers, or columns made of documents.",
    )


def _file(folder: Path, path: str) -> Path:
    return folder / f"{path}.npy"


def _checksum(file: Path) -> int:
    found = 0
    for chunk in _chunks(file):
        found = zlib.crc32(chunk, found)
    return found


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
