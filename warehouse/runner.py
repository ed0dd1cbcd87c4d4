"""Building the warehouse: every model in order, checked against its contract, then swapped in."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from lodestay.lake import mart
from warehouse.connection import SOURCES, confine, connect, has_files, literal
from warehouse.errors import BrokenContract, EmptyLake
from warehouse.models import Model, Schema, load_models


@dataclass(frozen=True)
class ModelResult:
    """A model as built.

    Attributes
    ----------
    failures
        Contract tests that rows break, with how many; empty in a finished build.
    """

    relation: str
    row_count: int
    failures: dict[str, int]


def open_warehouse(lake: str) -> duckdb.DuckDBPyConnection:
    """Open the warehouse for reading: sources, staging views and the marts as last built."""
    connection = connect(lake)
    for model in load_models():
        if model.schema is Schema.STAGING and _sources_exist(lake, model):
            connection.execute(f"CREATE VIEW {model.relation} AS {model.sql}")
        if model.schema is Schema.MARTS and has_files(lake, mart(model.name)):
            files = literal(f"{mart(model.name).path(lake)}/*.parquet")
            connection.execute(f"CREATE VIEW {model.relation} AS SELECT * FROM read_parquet({files})")
    confine(connection, lake)
    return connection


def build(lake: str) -> list[ModelResult]:
    """Build every model whose sources are in the lake; write the marts.

    A model that breaks its contract stops the build, and every mart on disk stays as it was.

    Raises
    ------
    EmptyLake
        No source has been written yet.
    BrokenContract
        With the tests that failed and how many rows break each.
    """
    models = [model for model in load_models() if _sources_exist(lake, model)]
    if not models:
        raise EmptyLake("The lake has no staged data.", hint="Run the pipeline first: `lodestay pipeline`.")
    with connect(lake) as connection:
        results = [_make(connection, model) for model in models]
        for model in models:
            if model.schema is Schema.MARTS:
                _write(connection, model, Path(mart(model.name).path(lake)))
    return results


def _make(connection: duckdb.DuckDBPyConnection, model: Model) -> ModelResult:
    """Build a model in memory, or raise :class:`BrokenContract`."""
    connection.execute(f"CREATE TABLE {model.relation} AS {model.sql}")
    result = _check(connection, model)
    if result.failures:
        failed = ", ".join(f"{name} ({count} rows)" for name, count in result.failures.items())
        raise BrokenContract(
            f"{model.relation} breaks its contract: {failed}.",
            hint=f"Look at the rows, then mend warehouse/{model.schema}/{model.name}.sql or its source.",
            relation=model.relation,
        )
    return result


def _sources_exist(lake: str, model: Model) -> bool:
    """Whether every source that the model reads, itself or through others, has files."""
    by_relation = {other.relation: other for other in load_models()}
    for relation in model.reads:
        schema, _, name = relation.partition(".")
        if schema == Schema.LAKE and not has_files(lake, SOURCES[name]):
            return False
        if relation in by_relation and not _sources_exist(lake, by_relation[relation]):
            return False
    return True


def _check(connection: duckdb.DuckDBPyConnection, model: Model) -> ModelResult:
    """Hold the rows of a built model against its contract."""
    contract = model.contract
    described = connection.execute(f"DESCRIBE {model.relation}").fetchall()
    actual = {name: kind for name, kind, *_ in described}
    promised = {column.name: column.type for column in contract.columns}
    failures = {f"column_{name}_is_{kind}": 1 for name, kind in promised.items() if actual.get(name) != kind}
    failures |= {f"column_{name}_is_in_the_contract": 1 for name in actual.keys() - promised.keys()}
    conditions = {
        f"{column.name}_is_not_null": f'"{column.name}" IS NOT NULL'
        for column in contract.columns
        if not column.nullable
    }
    conditions |= {test.name: test.sql for test in contract.tests}
    if not failures:
        counts = ", ".join(f"count(*) FILTER (NOT coalesce(({sql}), false))" for sql in conditions.values())
        broken = connection.execute(f"SELECT {counts} FROM {model.relation}").fetchone() or ()
        failures |= {name: count for name, count in zip(conditions, broken, strict=True) if count}
        grain = ", ".join(contract.grain)
        doubled = _count(connection, f"SELECT {grain} FROM {model.relation} GROUP BY {grain} HAVING count(*) > 1")
        failures |= {f"{'_'.join(contract.grain)}_is_unique": doubled} if doubled else {}
    return ModelResult(model.relation, _count(connection, f"SELECT 1 FROM {model.relation}"), failures)


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM ({sql})").fetchone()
    return int(row[0]) if row else 0


def _write(connection: duckdb.DuckDBPyConnection, model: Model, folder: Path) -> None:
    """Write a mart beside its old self and swap the two."""
    fresh, old = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    order = ", ".join(model.contract.grain)
    target = literal(str(fresh / "part-0.parquet"))
    connection.execute(
        f"COPY (SELECT * FROM {model.relation} ORDER BY {order}) TO {target} (FORMAT parquet, COMPRESSION zstd)"
    )
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
