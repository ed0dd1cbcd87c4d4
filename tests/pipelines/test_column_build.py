"""Columns written by the pipeline: the same as of all documents at once, put in their place whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lodestay.errors import SetupIncomplete
from lodestay.lake import RAW, SEARCH_COLUMNS, SEARCH_DOCUMENTS, Dataset
from pipelines import column_build
from pipelines.partitions import FILE
from pipelines.spark_jobs import columns
from pipelines.spark_jobs.job import Scope
from search.columns.files import builds, open_build
from search.columns.layout import arrays
from search.columns.store import ColumnStore
from search.errors import IndexNotReady
from tests.search.marketplace import TODAY, documents_of, random_supply

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    """Documents of a random marketplace of three cities."""
    return documents_of(random_supply(np.random.default_rng(4), listings=120), np.random.default_rng(1))


@pytest.fixture
def filled(lake: str, documents: list[dict[str, Any]]) -> Scope:
    """A lake with the documents, in row groups of seventeen, and what each market's export says."""
    markets = sorted({document["market"] for document in documents})
    for market in markets:
        own = [orjson.dumps(document).decode() for document in documents if document["market"] == market]
        _put(RAW["markets"], lake, TODAY, market, pa.table({"exported_at": [NOW]}))
        _put(SEARCH_DOCUMENTS, lake, TODAY, market, pa.table({"document": own}))
    return Scope(TODAY, tuple(markets), lake)


def _put(dataset: Dataset, lake: str, day: date, market: str, table: pa.Table) -> None:
    folder = Path(dataset.partition(lake, day=day, market=market))
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / FILE, row_group_size=17)


def _by_market(documents: Sequence[dict[str, Any]], markets: Sequence[str]) -> list[dict[str, Any]]:
    return [document for market in markets for document in documents if document["market"] == market]


def _assert_is_of(folder: Path, documents: Sequence[dict[str, Any]]) -> None:
    store, plain = ColumnStore(open_build(folder).whole), ColumnStore(lambda: documents)
    assert store.words == plain.words
    mine, theirs = arrays(store.whole.columns), arrays(plain.whole.columns)
    for path, column in mine.items():
        assert np.array_equal(column, theirs[path], equal_nan=column.dtype.kind == "f"), path


def test_a_build_is_of_the_newest_documents(filled: Scope, documents: list[dict[str, Any]]) -> None:
    """It holds every market's newest documents until the day, and when they were exported; nothing else is left."""
    market = filled.markets[-1]
    for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=1)):
        _put(SEARCH_DOCUMENTS, filled.lake, day, market, pa.table({"document": ["{}"]}))
    built = columns.build_columns(filled, now=NOW)
    assert built.listings == len(documents)
    _assert_is_of(built.folder, _by_market(documents, [market, *filled.markets[:-1]]))
    assert open_build(built.folder).exports == dict.fromkeys(filled.markets, NOW)
    assert not any((Path(filled.lake) / "_incoming").iterdir())


@pytest.mark.slow
def test_several_processes_make_the_same(
    filled: Scope, documents: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts that are read by processes side by side come together as one process would have written them."""
    monkeypatch.setattr(column_build.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(column_build, "PART", 40)
    built = columns.build_columns(filled, now=NOW)
    _assert_is_of(built.folder, _by_market(documents, filled.markets))


def test_the_newest_two_stay(filled: Scope) -> None:
    """Older builds go, and what a broken write has left; who has mapped one goes on reading it."""
    first = columns.build_columns(filled, now=NOW)
    held = ColumnStore(open_build(first.folder).whole)
    unfinished = Path(SEARCH_COLUMNS.path(filled.lake)) / "build=20260101T000000.000000"
    unfinished.mkdir()
    later = [columns.build_columns(filled, now=NOW + timedelta(days=n)).folder for n in (1, 2)]
    assert builds(filled.lake) == later[::-1]
    assert sorted(Path(SEARCH_COLUMNS.path(filled.lake)).iterdir()) == later
    assert len(held) == first.listings
    assert held.table.nights.free.any()


def test_documents_replaced_meanwhile_are_no_build(filled: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the old documents and half of the new ones never go into service."""
    write = columns.write_columns

    def replaced(*arguments: Any) -> Any:
        made = write(*arguments)
        _put(SEARCH_DOCUMENTS, filled.lake, TODAY, filled.markets[0], pa.table({"document": ["{}"]}))
        return made

    monkeypatch.setattr(columns, "write_columns", replaced)
    with pytest.raises(IndexNotReady, match="replaced while"):
        columns.build_columns(filled, now=NOW)
    assert builds(filled.lake) == []
    assert not any((Path(filled.lake) / "_incoming").iterdir())


def test_nothing_to_build_of(lake: str) -> None:
    """Without documents, or with a lake that is no folder, the step says what to do."""
    with pytest.raises(IndexNotReady, match="no documents"):
        columns.build_columns(Scope(TODAY, ("oslo",), lake), now=NOW)


def test_a_lake_elsewhere(filled: Scope) -> None:
    """Files that processes map lie in a folder; a lake at an address is refused with a hint."""
    with pytest.raises(SetupIncomplete, match="local folder"):
        columns.build_columns(Scope(TODAY, filled.markets, f"file://{filled.lake}"), now=NOW)
