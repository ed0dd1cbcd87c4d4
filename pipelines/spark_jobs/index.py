"""Documents → the search index: a new index beside the one in service, checked, then put in its place.

It holds the newest documents of every market. It is filled from this process: one node takes documents
more slowly than one process sends them (3,000 with vectors: 18 s from Spark's two workers, 21 s from here,
1.3 s of that ours), and no Spark session has to be opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from opensearchpy import OpenSearch

from lodestay.clock import date_at
from lodestay.lake import RAW, SEARCH_DOCUMENTS, STAGED_LISTINGS, STAGED_NIGHTS
from lodestay.settings import Settings, get_settings
from pipelines.calendar_columns import NIGHT_COLUMNS, NIGHTS_BEFORE, calendars, price_terms
from pipelines.partitions import Partition, newest, read_rows, read_table
from pipelines.spark_jobs.job import Scope, running, start
from search.errors import IndexNotReady
from search.index import SURELY_REPLAYED, create_index, finish_loading, load_documents, put_in_service
from search.index_checks import Expected, Sample, check
from transactional.kit.reaching import connected

SAMPLES = 12
"""Listings that are looked up in the new index, by id, place and random stays, before it goes into service."""
BATCH = 500
SEED = 20_261_122
ASSET = "index/listings"


@dataclass(frozen=True)
class Built:
    """An index that was put in service."""

    name: str
    documents: int
    markets: dict[str, str]
    model: str
    samples: int


def build_index(client: OpenSearch, settings: Settings, scope: Scope, *, now: datetime) -> Built:
    """Fill a new index with the newest documents of every market, check it and put it in service.

    Raises
    ------
    IndexNotReady
        Nothing to index, vectors of two models, a market whose documents are too old to be caught up, or
        what :func:`search.index_checks.check` found. The index in service stays.
    """
    partitions = newest(SEARCH_DOCUMENTS, scope.lake, until=scope.day)
    if not partitions:
        raise IndexNotReady("The lake holds no documents.", hint="Run the pipeline up to documents/listings first.")
    model, dimension = _model(scope.lake, partitions)
    name = create_index(client, settings.index_alias, dimension=dimension, model=model, built_at=now)
    written = load_documents(client, name, _documents(scope.lake, partitions))
    finish_loading(client, name)
    expected = Expected(
        documents=written,
        samples=samples(scope.lake, partitions, np.random.default_rng(SEED)),
        missed=missed(settings.require_database_url(), scope.lake, partitions, now=now),
    )
    check(client, name, expected, rng=np.random.default_rng(SEED))
    put_in_service(client, settings.index_alias, name)
    return Built(name, written, {market: day for day, market in partitions}, model, len(expected.samples))


def missed(database_url: str, lake: str, partitions: Sequence[Partition], *, now: datetime) -> datetime | None:
    """When the newest change began that an export did not see and that nobody will write again; None for none.

    A build takes minutes and the world goes on: the relay writes again what began shortly before an index
    was made. The export's own snapshot says what it saw, so that a transaction which began before it and
    committed after is not taken for seen.
    """
    found = []
    with connected(database_url) as connection:
        for partition in partitions:
            (sees,) = read_table(RAW["markets"], lake, partition, columns=["export_sees"])["export_sees"].to_pylist()
            found += connection.execute(
                "SELECT max(occurred_at) FROM outbox WHERE market_key = %s AND occurred_at < %s"
                " AND NOT pg_visible_in_snapshot(xid, CAST(%s AS pg_snapshot))",
                [partition[1], now - SURELY_REPLAYED, sees],
            ).fetchall()
    return max((at for (at,) in found if at is not None), default=None)


def _model(lake: str, partitions: Sequence[Partition]) -> tuple[str, int]:
    """The one model whose vectors are in the documents, and their length."""
    tables = [read_table(SEARCH_DOCUMENTS, lake, partition, columns=["model", "dimension"]) for partition in partitions]
    found = pa.concat_tables(tables).group_by(["model", "dimension"]).aggregate([]).to_pylist()
    if len(found) != 1:
        names = ", ".join(sorted(f"{row['model']} ({row['dimension']})" for row in found)) or "none"
        raise IndexNotReady(
            f"The documents need vectors of one model, and have: {names}.",
            hint="Run the pipeline for every market after a change of LODESTAY_EMBEDDING_MODEL.",
        )
    return found[0]["model"], found[0]["dimension"]


def _documents(lake: str, partitions: Sequence[Partition]) -> Iterator[dict[str, object]]:
    for partition in partitions:
        documents = read_table(SEARCH_DOCUMENTS, lake, partition, columns=["document"])["document"]
        for chunk in documents.chunks:
            for text in chunk:
                yield orjson.loads(text.as_py())


def samples(lake: str, partitions: Sequence[Partition], rng: np.random.Generator) -> list[Sample]:
    """Listings drawn from every market, each as of the day with which its own document begins."""
    share = -(-SAMPLES // len(partitions))
    return [sample for partition in partitions for sample in _samples_of(lake, partition, share, rng)]


def _samples_of(lake: str, partition: Partition, count: int, rng: np.random.Generator) -> list[Sample]:
    _, market = partition
    (exported,) = read_table(RAW["markets"], lake, partition, columns=["exported_at", "timezone"]).to_pylist()
    today = date_at(exported["exported_at"], exported["timezone"])
    ids = read_table(SEARCH_DOCUMENTS, lake, partition, columns=["listing_id"])["listing_id"].to_numpy()
    chosen = pa.array(rng.choice(ids, size=min(count, len(ids)), replace=False), pa.int64())
    listings = read_rows(STAGED_LISTINGS, lake, partition, pc.field("listing_id").isin(chosen))
    wanted = pc.field("listing_id").isin(chosen) & (pc.field("night") >= pa.scalar(today - NIGHTS_BEFORE))
    nights = read_rows(STAGED_NIGHTS, lake, partition, wanted).select(NIGHT_COLUMNS)
    rows = [{**row, "market": market} for row in listings.to_pylist()]
    known = calendars(nights, rows)
    return [Sample(row, known.get(row["listing_id"]), price_terms(row), today) for row in rows]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    settings = get_settings()
    with (
        running("index", arguments) as job,
        OpenSearch(hosts=[settings.require_opensearch_url()], timeout=120) as client,
    ):
        built = build_index(client, settings, job.scope, now=datetime.now(UTC))
        facts = {"index": built.name, "model": built.model, "days": {"type": "json", "raw_value": built.markets}}
        job.materialized(ASSET, {"dagster/row_count": built.documents, **facts})
        job.checked(ASSET, {"documents": built.documents, "samples": built.samples})
        print(f"{ASSET}: {built.documents:,} documents in {built.name}")


if __name__ == "__main__":
    start("pipelines.spark_jobs.index")
