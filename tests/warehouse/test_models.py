"""Every model is under contract, portable to Athena and documented to its last column."""

from __future__ import annotations

import re

import pytest
import sqlglot
from sqlglot import exp

from warehouse.dialects import ATHENA_TYPES, athena_script, athena_select, athena_table
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


def test_the_script_defines_views_before_nothing_else_needs_them() -> None:
    """Every model is in the script, in build order."""
    script = athena_script("s3://bucket/lake")
    places = [
        script.index(f"{m.schema}.{m.name} AS" if m.schema is Schema.STAGING else f"`{m.name}`") for m in load_models()
    ]
    assert places == sorted(places)
