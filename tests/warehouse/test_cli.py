"""The analysts' commands, as they are typed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from lodestay.settings import get_settings
from tests.warehouse.conftest import TinyLake
from warehouse.cli import app
from warehouse.connection import SOURCE_GRAINS, SOURCES
from warehouse.query import relations
from warehouse.runner import build, open_warehouse


@pytest.fixture(autouse=True)
def lake(tiny_lake: TinyLake, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point the settings to a built tiny lake."""
    monkeypatch.setenv("LODESTAY_LAKE_URI", tiny_lake.address)
    get_settings.cache_clear()
    build(tiny_lake.address)
    yield
    get_settings.cache_clear()


def test_a_query_prints_json_for_programs() -> None:
    """Rows come as objects, dates as text."""
    result = CliRunner().invoke(
        app, ["sql", "SELECT night, is_free FROM staging.stg_nights ORDER BY night LIMIT 1", "--json"]
    )
    assert json.loads(result.stdout) == [{"night": "2026-03-02", "is_free": True}]


def test_a_query_prints_a_table_for_people() -> None:
    """The columns' names head the table."""
    assert "nights_sold" in CliRunner().invoke(app, ["sql", "SELECT nights_sold FROM marts.occupancy_by_week"]).stdout


def test_a_shell_goes_on_after_a_mistake() -> None:
    """The statement after a wrong one is answered."""
    result = CliRunner().invoke(app, ["sql", "--json"], input="SELEC 1;\nSELECT 42 AS answer;\n")
    assert json.loads(result.stdout) == [{"answer": 42}]
    assert "SELEC" in result.stderr


def test_tables_lists_every_relation_with_its_columns() -> None:
    """Owner, grain and columns are there for programs."""
    listed = json.loads(CliRunner().invoke(app, ["tables", "--json"]).stdout)
    assert {"relation", "owner", "grain", "columns", "description"} <= listed[0].keys()


def test_tables_lists_what_the_models_select_from_too() -> None:
    """Whatever can be queried is listed, `lake.*` as well, and the columns it names are there."""
    listed = {each["relation"]: each for each in json.loads(CliRunner().invoke(app, ["tables", "--json"]).stdout)}
    with open_warehouse(get_settings().lake) as warehouse:
        assert set(relations(warehouse)) <= listed.keys()
        for source in SOURCES:
            of_source = {each["name"]: each["type"] for each in listed[f"lake.{source}"]["columns"]}
            assert set(SOURCE_GRAINS[source]) <= of_source.keys()
            if f"lake.{source}" in relations(warehouse):
                described = warehouse.execute(f"DESCRIBE lake.{source}").fetchall()
                assert of_source == {name: kind for name, kind, *_ in described}


def test_the_athena_script_names_the_lake() -> None:
    """Table definitions point to the lake that the settings name."""
    assert f"{get_settings().lake}/marts/bookings/" in CliRunner().invoke(app, ["athena"]).stdout
