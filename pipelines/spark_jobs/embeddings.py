"""Staged → features/listing_vectors: a vector for each listing's text, made again only where the text changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from lodestay.lake import LISTING_VECTORS, STAGED_LISTINGS
from lodestay.settings import get_settings
from ml.embeddings.gateway import Embedder, make_embedder
from ml.embeddings.text import listing_texts, text_hash
from pipelines.partitions import exists, read
from pipelines.spark_jobs.job import Scope, running, start
from pipelines.writing import Written, spilled, write

TEXT_COLUMNS = ("title", "neighbourhood", "property_type", "room_type", "description")
VECTORS = "listing_id bigint, market string, text_hash string, model string, dimension int, vector array<float>"
TEXTS_A_TASK = 400
"""Texts worth a task of their own: a model's load is shared by all tasks of a worker."""
MAX_TASKS = 64

Batches = Iterator[pa.RecordBatch]


@lru_cache(maxsize=1)
def embedder(name: str) -> Embedder:
    """Load the model that `name` stands for, once a process."""
    return make_embedder(name)


def texts(listings: DataFrame) -> DataFrame:
    """Words of each listing and their hash: listing_id, market, text, text_hash."""
    return listings.select("listing_id", "market", *TEXT_COLUMNS).mapInArrow(
        _texts, "listing_id bigint, market string, text string, text_hash string"
    )


def outdated(wanted: DataFrame, kept: DataFrame) -> DataFrame:
    """Texts for which no vector is kept."""
    return wanted.join(kept.select("listing_id", "text_hash"), ["listing_id", "text_hash"], "left_anti")


def still_right(kept: DataFrame, wanted: DataFrame) -> DataFrame:
    """Kept vectors whose listing is still there with the same text."""
    return kept.join(wanted.select("listing_id", "text_hash"), ["listing_id", "text_hash"], "left_semi")


def embedded(wanted: DataFrame, name: str) -> DataFrame:
    """Vectors of texts by the model that `name` stands for: :data:`VECTORS`."""
    return wanted.mapInArrow(_embed(name), VECTORS)


def _texts(batches: Batches) -> Batches:
    for batch in batches:
        words = listing_texts(pa.Table.from_batches([batch]))
        yield pa.record_batch(
            {
                "listing_id": batch.column("listing_id"),
                "market": batch.column("market"),
                "text": pa.array(words, pa.string()),
                "text_hash": pa.array([text_hash(text) for text in words], pa.string()),
            }
        )


def _embed(name: str) -> Callable[[Batches], Batches]:
    def embed(batches: Batches) -> Batches:
        for batch in batches:
            if batch.num_rows:
                yield _vectors(batch, embedder(name))

    return embed


def _vectors(batch: pa.RecordBatch, model: Embedder) -> pa.RecordBatch:
    vectors = model.embed_documents(batch.column("text").to_pylist())
    flat = pa.array(vectors.reshape(-1), pa.float32())
    offsets = pa.array(range(0, len(flat) + 1, model.dimension), pa.int32())
    return pa.record_batch(
        {
            "listing_id": batch.column("listing_id"),
            "market": batch.column("market"),
            "text_hash": batch.column("text_hash"),
            "model": pa.array([model.model] * batch.num_rows, pa.string()),
            "dimension": pa.array([model.dimension] * batch.num_rows, pa.int32()),
            "vector": pa.ListArray.from_arrays(offsets, flat),
        }
    )


def make_vectors(spark: SparkSession, scope: Scope, name: str) -> tuple[Written, int]:
    """Write the vectors of the scope's markets; say how many were made rather than kept."""
    model = embedder(name)
    partitions = [(model.model, market) for market in scope.markets]
    there = [partition for partition in partitions if exists(LISTING_VECTORS, scope.lake, partition)]
    kept = read(spark, LISTING_VECTORS, scope.lake, there) if there else spark.createDataFrame([], VECTORS)
    with spilled(texts(read(spark, STAGED_LISTINGS, scope.lake, scope.partitions)), scope.lake) as wanted:
        missing = outdated(wanted, kept)
        made = missing.count()
        vectors = still_right(kept, wanted)
        if made:
            tasks = min(MAX_TASKS, -(-made // TEXTS_A_TASK))
            vectors = vectors.unionByName(embedded(missing.repartition(tasks), name))
        return write(vectors, LISTING_VECTORS, scope.lake, partitions, order=("listing_id",)), made


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    with running("embeddings", arguments) as job:
        name = get_settings().embedding_model
        written, made = make_vectors(job.spark, job.scope, name)
        job.report(written, model=embedder(name).model, dimension=embedder(name).dimension, made=made)


if __name__ == "__main__":
    start("pipelines.spark_jobs.embeddings")
