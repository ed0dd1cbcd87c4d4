"""Single files of the lake, replaced whole: a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem, FileType
from pydantic import BaseModel


def exists(path: str) -> bool:
    """Whether a file is there; `path` is local or an address such as ``s3://…``."""
    filesystem, inside = FileSystem.from_uri(path)
    return bool(filesystem.get_file_info(inside).type is FileType.File)


def delete(path: str) -> None:
    """Remove a file, if it is there."""
    if exists(path):
        filesystem, inside = FileSystem.from_uri(path)
        filesystem.delete_file(inside)


def read_parquet(path: str) -> pa.Table:
    """Read one file, without columns from the names of its folders."""
    filesystem, inside = FileSystem.from_uri(path)
    return pq.read_table(inside, filesystem=filesystem, partitioning=None)


def write_parquet(table: pa.Table, path: str) -> None:
    """Write a table as the whole of a file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    _replace(path, sink.getvalue())


def write_lines(records: Iterable[BaseModel], path: str) -> None:
    """Write records as JSON lines, as the whole of a file."""
    _replace(path, "".join(f"{record.model_dump_json()}\n" for record in records).encode())


def _replace(path: str, content: bytes | pa.Buffer) -> None:
    filesystem, inside = FileSystem.from_uri(path)
    folder, _, name = inside.rpartition("/")
    filesystem.create_dir(folder, recursive=True)
    beside = f"{folder}/.{name}.{os.getpid()}"
    with filesystem.open_output_stream(beside) as file:
        file.write(content)
    filesystem.move(beside, inside)
