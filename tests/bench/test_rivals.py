"""Other engines answer the benchmark's searches: rightly, but for Tantivy where a highest price bites."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path

import psycopg
import pytest
from opensearchpy import OpenSearch

from bench.engines.mix import searches
from bench.engines.rivals.contest import ENGINES, Right, Sample, judge, notes
from bench.engines.rivals.duck import DuckDb
from bench.engines.rivals.opensearch_nested import Nested
from bench.engines.rivals.opensearch_ranges import Ranges
from bench.engines.rivals.postgres import Postgres
from bench.engines.rivals.rival import Rival
from bench.engines.rivals.tantivy_index import Tantivy
from bench.engines.stock import Stock, draw_stock

ALL_RIGHT = Right(count=100, facets=100, histogram=100, best=100)


@pytest.fixture(scope="module")
def stock() -> Stock:
    """Some hundred listings."""
    return draw_stock(300, today=date(2026, 11, 27), seed=5)


@pytest.fixture(scope="module")
def sample(stock: Stock) -> Sample:
    """Searches of the world, which find something, and of places."""
    asked = [each.request for each in islice(searches(stock, seed=1), 9)]
    return Sample.of(stock, [replace(each, area=None) if number % 3 else each for number, each in enumerate(asked)])


@pytest.fixture
def client(opensearch_url: str) -> Iterator[OpenSearch]:
    """The session's node, without what engines leave on it."""
    with OpenSearch(hosts=[opensearch_url], timeout=60) as client:
        yield client
        client.indices.delete(index="rival-*")


def test_databases_answer_as_brute_force_does(stock: Stock, sample: Sample, database_url: str, tmp_path: Path) -> None:
    """PostgreSQL's and DuckDB's counts, facets, histograms and best are those of the rules, asked one by one."""
    with psycopg.connect(database_url, autocommit=True) as connection, closing(DuckDb(tmp_path / "rival")) as duck:
        engines: list[Rival] = [Postgres(connection), duck]
        for rival in engines:
            assert rival.load(stock).size > 0
            assert judge(rival, sample) == ALL_RIGHT, rival.name


@pytest.mark.opensearch
@pytest.mark.slow
def test_opensearch_answers_as_brute_force_does(stock: Stock, sample: Sample, client: OpenSearch) -> None:
    """Both ways to keep nights in OpenSearch come to the same counts, facets, histograms and best as the rules."""
    engines: list[Rival] = [Ranges(client), Nested(client)]
    for rival in engines:
        assert rival.load(stock).size > 0
        assert judge(rival, sample) == ALL_RIGHT, rival.name


def test_tantivy_is_right_but_for_prices(stock: Stock, sample: Sample, tmp_path: Path) -> None:
    """Where no highest price rules anything out, only the histogram is wrong; where one does, the rest is too."""
    rival = Tantivy(tmp_path)
    rival.load(stock)
    found = judge(rival, _with_highest(10**9, stock, sample))
    assert found == replace(ALL_RIGHT, histogram=found.histogram)
    assert found.histogram < 100
    assert judge(rival, _with_highest(30_000, stock, sample)).count < 100


def test_the_first_listings_are_a_marketplace(stock: Stock) -> None:
    """An engine that holds less is given whole listings and the same calendars."""
    part = stock.first(20)
    assert len(part) == len(part.amenities) == len(part.latitude) == 20
    assert part.pool is stock.pool
    assert part.centres is stock.centres


def test_every_engine_says_what_it_lacks() -> None:
    """The published notes name each engine with its tuning and what it cannot do."""
    for engine in ENGINES:
        assert engine.tuned in notes()
        assert all(lack in notes() for lack in engine.missing)


def _with_highest(minor: int, stock: Stock, sample: Sample) -> Sample:
    requests = [replace(each, filters=replace(each.filters, max_price_minor=minor)) for each in sample.requests]
    return Sample.of(stock, requests)
