"""The same models on Athena: SQL turned into its dialect, table definitions from schemas and contracts.

Nothing here talks to a cloud; what is written out can be run there with any client.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from lodestay.lake import mart
from lodestay.staged import COLUMNS
from warehouse.connection import SOURCES
from warehouse.models import Model, Schema, load_models

ATHENA_TYPES = {
    "BIGINT": "bigint",
    "INTEGER": "int",
    "DOUBLE": "double",
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}
"""DuckDB's types that contracts may use, and Hive's names of them."""

_HIVE_TYPES = {
    pa.int64(): "bigint",
    pa.int32(): "int",
    pa.float64(): "double",
    pa.string(): "string",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamp",
}
_PARTITION_TYPES = {"day": "date", "market": "string"}


def athena_select(model: Model) -> str:
    """The model's SELECT in Athena's dialect.

    Athena has no exact continuous percentile; its approximate one takes its place.

    Raises
    ------
    sqlglot.errors.UnsupportedError
        The SQL uses something that Athena does not have.
    """
    tree = sqlglot.parse_one(model.sql, dialect="duckdb").transform(_approximate_percentile)
    return tree.sql(dialect="athena", pretty=True, unsupported_level=ErrorLevel.RAISE)


def _approximate_percentile(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.PercentileCont):
        return exp.ApproxQuantile(this=node.this, quantile=node.expression)
    return node


def athena_table(model: Model, lake: str) -> str:
    """``CREATE EXTERNAL TABLE`` over the mart's files."""
    columns = ",\n".join(
        f"  `{column.name}` {ATHENA_TYPES[column.type]} COMMENT '{_escape(column.description)}'"
        for column in model.contract.columns
    )
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{model.schema}`.`{model.name}` (\n{columns}\n)\n"
        f"COMMENT '{_escape(model.contract.description)}'\n"
        f"STORED AS PARQUET\nLOCATION '{mart(model.name).path(lake)}/'"
    )


def athena_source(name: str, lake: str) -> str:
    """``CREATE EXTERNAL TABLE`` over the files of a staged dataset, by day and market."""
    dataset = SOURCES[name]
    columns = ",\n".join(f"  `{field.name}` {hive_type(field.type)}" for field in COLUMNS[dataset])
    partitions = ", ".join(f"`{partition}` {_PARTITION_TYPES[partition]}" for partition in dataset.partitions)
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{Schema.LAKE}`.`{name}` (\n{columns}\n)\n"
        f"PARTITIONED BY ({partitions})\nSTORED AS PARQUET\nLOCATION '{dataset.path(lake)}/'"
    )


def hive_type(kind: pa.DataType) -> str:
    """Hive's name of a type that a staged dataset has."""
    if pa.types.is_list(kind):
        return f"array<{hive_type(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{hive_type(kind.key_type)},{hive_type(kind.item_type)}>"
    return _HIVE_TYPES[kind]


def athena_script(lake: str) -> str:
    """Databases, sources, staging views and marts, ready to run in order."""
    return ";\n\n".join(_statements(lake)) + ";\n"


def _statements(lake: str) -> Iterator[str]:
    for schema in Schema:
        yield f"CREATE DATABASE IF NOT EXISTS {schema}"
    for name in SOURCES:
        yield athena_source(name, lake)
        # No partition projection: it would have to know the markets.
        yield f"MSCK REPAIR TABLE `{Schema.LAKE}`.`{name}`"
    for model in load_models():
        if model.schema is Schema.MARTS:
            yield athena_table(model, lake)
        else:
            yield f"CREATE OR REPLACE VIEW {model.relation} AS\n{athena_select(model)}"


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("'", "''")
