"""What people may ask, and what they are told when it cannot be answered."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.warehouse.conftest import TinyLake
from warehouse.errors import DamagedFile, EmptyLake, InvalidQuery, NoSuchRelation
from warehouse.query import relations, run_query
from warehouse.runner import build, open_warehouse


def test_rows_come_with_their_columns_and_are_cut_at_the_limit(tiny_lake: TinyLake) -> None:
    """A result longer than the limit says so."""
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        result = run_query(warehouse, "SELECT night, price_minor FROM staging.stg_nights ORDER BY 1", limit=2)
        assert result.columns == ("night", "price_minor")
        assert len(result.rows) == 2
        assert result.is_cut
        assert "marts.bookings" in relations(warehouse)


@pytest.mark.parametrize(
    "sql",
    ["SELEC 1", "SELECT nowhere(1)", "SELECT * FROM read_csv('/etc/passwd')", "SET enable_external_access = true"],
)
def test_a_query_that_cannot_run_is_a_named_error(tiny_lake: TinyLake, sql: str) -> None:
    """Bad SQL, unknown functions, files outside the lake and changed settings are all refused with one line."""
    with open_warehouse(tiny_lake.address) as warehouse, pytest.raises(InvalidQuery) as caught:
        run_query(warehouse, sql, limit=10)
    assert "\n" not in caught.value.detail


def test_nothing_that_is_asked_changes_the_lake(tiny_lake: TinyLake) -> None:
    """Whatever would write, alone or behind a SELECT, is refused; DuckDB itself would have written it."""
    build(tiny_lake.address)
    mart = Path(tiny_lake.address, "marts", "bookings", "part-0.parquet")
    published = mart.read_bytes()
    write = f"COPY (SELECT 42 AS booking_id) TO '{mart}' (FORMAT parquet)"
    with open_warehouse(tiny_lake.address) as warehouse:
        for sql in (write, f"SELECT 1; {write}", f"EXPLAIN ANALYZE {write}", "DROP VIEW marts.bookings", "", ";"):
            with pytest.raises(InvalidQuery, match="only reads"):
                run_query(warehouse, sql, limit=10)
        assert mart.read_bytes() == published
        assert run_query(warehouse, "SUMMARIZE marts.bookings;", limit=1).rows
        warehouse.execute(write)  # the negative control
    assert mart.read_bytes() != published


def test_without_the_confinement_a_file_outside_the_lake_is_read(tmp_path: Path) -> None:
    """The negative control of the test above: plain DuckDB reads the file."""
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", encoding="utf-8")
    assert duckdb.connect().execute(f"SELECT * FROM read_csv('{secret}')").fetchall() == [(1,)]


def test_a_damaged_file_is_named_with_its_cure(tiny_lake: TinyLake) -> None:
    """Half a Parquet file stops every question, and says which file it is and how to have it written again."""
    file = next(iter(sorted(Path(tiny_lake.address, "staged", "listings").rglob("*.parquet"))))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DamagedFile, match=file.name) as caught:
        open_warehouse(tiny_lake.address)
    assert "lodestay pipeline" in (caught.value.hint or "")


def test_a_mart_that_is_not_built_yet_is_told_apart_from_a_wrong_name(tmp_path: Path) -> None:
    """The message lists the relations there are."""
    with open_warehouse(str(tmp_path)) as warehouse, pytest.raises(EmptyLake, match="bookings"):
        run_query(warehouse, "SELECT * FROM marts.bookings", limit=10)


@pytest.mark.parametrize(
    ("relation", "near"),
    [
        ("marts.bookngs", ["marts.bookings"]),
        ("lake.listing", ["lake.listings"]),
        ('marts."bookngs"', ["marts.bookings"]),
        ("occupancy_by_weeks", ["marts.occupancy_by_week"]),
        ("mart.bookings", ["marts.bookings"]),
        ("marts.zzz", []),
        ("nowhere", []),
    ],
)
def test_a_mistyped_relation_is_told_with_those_like_it(tiny_lake: TinyLake, relation: str, near: list[str]) -> None:
    """In a full lake a slip is a slip, with what was meant, and not an empty lake."""
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse, pytest.raises(NoSuchRelation) as caught:
        run_query(warehouse, f"SELECT * FROM {relation}", limit=10)
    assert caught.value.detail == f"There is no relation {relation.replace(chr(34), '')}."
    assert set(near) <= set(caught.value.extensions["near"])
    assert bool(near) is bool(caught.value.extensions["near"])
    assert "`lodestay tables`" in str(caught.value.hint)
