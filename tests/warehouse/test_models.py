"""Every model is under contract, portable to Athena and documented to its last column."""

from __future__ import annotations

import re

import pytest
import sqlglot
from sqlglot import exp

from lodestay.staged import COLUMNS
from warehouse.connection import SOURCES
from warehouse.dialects import ATHENA_TYPES, athena_script, athena_select, athena_source, athena_table
from warehouse.models import ROOT, Model, Schema, load_models

ATHENA_FUNCTIONS = {
    "COUNT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "COALESCE",
    "NULLIF",
    "DATE_TRUNC",
    "APPROX_PERCENTILE",
    "CAST",
    "CASE",
    "CARDINALITY",
}
"""What the models may call: all in Athena engine version 3."""


def models() -> list[object]:
    """Every model as a test parameter."""
    return [pytest.param(model, id=model.relation) for model in load_models()]


def test_models_build_after_what_they_read() -> None:
    """The order of the build is the order of the arrows."""
    seen: set[str] = set()
    for model in load_models():
        assert {r for r in model.reads if not r.startswith("lake.")} <= seen
        seen.add(model.relation)


def test_no_contract_is_without_its_model() -> None:
    """A contract file that no SQL file matches is a leftover."""
    assert {p.stem for p in (ROOT / "contracts").glob("*.yml")} == {m.name for m in load_models()}


@pytest.mark.parametrize("model", models())
def test_athena_knows_every_function(model: Model) -> None:
    """The translated SQL parses as Athena's and calls only functions that it has."""
    sql = athena_select(model)
    tree = sqlglot.parse_one(sql, dialect="athena")
    called = {name.upper() for name in re.findall(r"\b([A-Za-z_]+)\(", sql)} - {"IN", "AND", "OR", "AS", "EXISTS"}
    assert called <= ATHENA_FUNCTIONS
    assert isinstance(tree, exp.Select)


@pytest.mark.parametrize("model", models())
def test_contracts_use_types_that_both_engines_have(model: Model) -> None:
    """Each promised type has a name in Hive's catalogue, each column a sentence."""
    for column in model.contract.columns:
        assert column.type in ATHENA_TYPES
        assert column.description.endswith(".")


def test_a_mart_becomes_an_external_table_over_its_folder() -> None:
    """The definition names the lake's folder and every column of the contract."""
    (model,) = (m for m in load_models() if m.relation == "marts.lead_time")
    ddl = athena_table(model, "s3://bucket/lake")
    assert "LOCATION 's3://bucket/lake/marts/lead_time/'" in ddl
    assert all(f"`{column.name}`" in ddl for column in model.contract.columns)
    assert model.schema is Schema.MARTS


@pytest.fixture
def statements() -> list[exp.Expression]:
    """Statements of the whole script, each as Athena's dialect reads it."""
    parsed = sqlglot.parse(athena_script("s3://bucket/lake"), dialect="athena")
    return [statement for statement in parsed if statement is not None]


def test_what_a_statement_of_the_script_reads_was_defined_before_it(statements: list[exp.Expression]) -> None:
    """Databases before their tables, sources before the views on them, views before views."""
    defined: set[str] = set()
    for statement in statements:
        if isinstance(statement, exp.Command):
            continue
        (target, *_) = statement.find_all(exp.Table)
        reads = {f"{table.db}.{table.name}" for table in statement.find_all(exp.Table) if table.db} - {
            f"{target.db}.{target.name}"
        }
        assert reads | ({target.db} if target.db else set()) <= defined
        defined.add(f"{target.db}.{target.name}" if target.db else target.name)
    assert {model.relation for model in load_models()} | {f"lake.{name}" for name in SOURCES} <= defined


def test_every_statement_of_the_script_is_understood(statements: list[exp.Expression]) -> None:
    """The parser knows each but Hive's MSCK REPAIR, which stands once for each source."""
    unknown = [statement.sql(dialect="athena") for statement in statements if isinstance(statement, exp.Command)]
    assert unknown == [f"MSCK REPAIR TABLE `lake`.`{name}`" for name in SOURCES]


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_has_every_column_of_its_files_and_its_partitions(name: str) -> None:
    """What the jobs write can be asked for, by day and market."""
    ddl = athena_source(name, "s3://bucket/lake")
    assert f"LOCATION 's3://bucket/lake/staged/{name}/'" in ddl
    assert "PARTITIONED BY (`day` date, `market` string)" in ddl
    assert all(f"  `{column}` " in ddl for column in COLUMNS[SOURCES[name]].names)


def test_nested_columns_have_hives_types() -> None:
    """Lists and maps are spelled out."""
    assert "`amenities` array<string>" in athena_source("listings", "s3://b")
    assert "`features` map<string,double>" in athena_source("impressions", "s3://b")


@pytest.mark.parametrize("model", models())
def test_models_read_columns_that_the_sources_have(model: Model) -> None:
    """A column that a model takes from the lake is one of the staged dataset's, or a partition."""
    for select in sqlglot.parse_one(model.sql, dialect="duckdb").find_all(exp.Select):
        sources = {t.alias_or_name: t.name for t in select.find_all(exp.Table) if t.db == Schema.LAKE}
        for column in select.find_all(exp.Column):
            if column.table in sources:
                dataset = SOURCES[sources[column.table]]
                assert column.name in {*COLUMNS[dataset].names, *dataset.partitions}
