"""The same models on Athena: SQL turned into its dialect, table definitions from the contracts.

Nothing here talks to a cloud; what is written out can be run there with any client.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from lodestay.lake import mart
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


def athena_script(lake: str) -> str:
    """Every mart's table and every staging model's view, ready to run in order."""
    statements = []
    for model in load_models():
        if model.schema is Schema.MARTS:
            statements.append(athena_table(model, lake))
        else:
            statements.append(f"CREATE OR REPLACE VIEW {model.schema}.{model.name} AS\n{athena_select(model)}")
    return ";\n\n".join(statements) + ";\n"


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("'", "''")
