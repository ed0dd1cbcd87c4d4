"""Staged + features → documents: what the search index holds of each listing, and the landmarks that hosts name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import orjson
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from lodestay.clock import date_at
from lodestay.lake import (
    LANDMARKS,
    LISTING_FEATURES,
    LISTING_VECTORS,
    RAW,
    SEARCH_DOCUMENTS,
    STAGED_LISTINGS,
    STAGED_NIGHTS,
    STAGED_REVIEWS,
)
from lodestay.settings import get_settings
from ml.embeddings.gateway import Embedder
from pipelines.calendar_columns import NIGHT_COLUMNS, NIGHTS_BEFORE, calendars, price_terms
from pipelines.partitions import read
from pipelines.spark_jobs.embeddings import embedder
from pipelines.spark_jobs.job import Scope, running, start
from pipelines.spark_jobs.listing_features import bucket
from pipelines.writing import Written, write
from search import landmarks
from search.document import REVIEW_CHARACTERS, REVIEWS, build_document, popularity
from search.request import Point

DOCUMENTS = "listing_id bigint, market string, document string"
MENTIONS = "market string, host_id string, latitude double, longitude double, name string"
LANDMARK_ROWS = "market string, name string, latitude double, longitude double, spread_km double, hosts bigint"
_MENTIONS = pa.schema(
    {
        "market": pa.string(),
        "host_id": pa.string(),
        "latitude": pa.float64(),
        "longitude": pa.float64(),
        "name": pa.string(),
    }
)
_PLACE = ("latitude", "longitude")
_ONE_DAY = timedelta(days=1)
DEMAND = ("bookings_90",)
"""Columns of `ml.listing_features.SCHEMA` that popularity is made of, beside the listing's own."""


def documents(
    listings: DataFrame,
    nights: DataFrame,
    features: DataFrame,
    vectors: DataFrame,
    reviews: DataFrame,
    *,
    day: date,
) -> DataFrame:
    """Document of every listing that has a rate plan: :data:`DOCUMENTS`.

    Parameters
    ----------
    listings
        With `exported_at`: a document's first night is the date at the listing then, as the relay has it.
    vectors
        Of one model; a listing without one is found by its words only.
    day
        Of the partition; no listing's date is more than one before it.
    """
    rows = (
        listings.where(F.col("currency").isNotNull())
        .join(features.select("listing_id", *DEMAND), "listing_id", "left")
        .join(vectors.select("listing_id", "vector"), "listing_id", "left")
        .join(newest_reviews(reviews), "listing_id", "left")
    )
    ahead = nights.where(F.col("night") >= F.lit(day - _ONE_DAY - NIGHTS_BEFORE)).select("market", *NIGHT_COLUMNS)
    groups = (rows.groupBy("market", bucket()), ahead.groupBy("market", bucket()))
    return groups[0].cogroup(groups[1]).applyInArrow(_documents, DOCUMENTS)


def newest_reviews(reviews: DataFrame) -> DataFrame:
    """Words of each listing's newest reviews, as many and as much of each as is searched: listing_id, reviews."""
    age = Window.partitionBy("listing_id").orderBy(F.desc("written_on"), F.desc("review_id"))
    comment = F.substring("comment", 1, REVIEW_CHARACTERS).alias("comment")
    return (
        reviews.where(F.col("comment") != "")
        .withColumn("age", F.row_number().over(age))
        .where(F.col("age") <= REVIEWS)
        .groupBy("listing_id")
        .agg(F.array_sort(F.collect_list(F.struct("age", comment, "language"))).alias("reviews"))
    )


def _documents(listings: pa.Table, nights: pa.Table) -> pa.Table:
    rows = listings.drop_columns("vector").to_pylist()
    vectors = _vectors(listings)
    known = calendars(nights, rows)
    return pa.table(
        {
            "listing_id": listings["listing_id"],
            "market": listings["market"],
            "document": pa.array(
                [
                    orjson.dumps(
                        build_document(
                            row,
                            calendar=known.get(row["listing_id"]),
                            terms=price_terms(row),
                            vector=vector,
                            popularity=popularity(row["rating"], row["review_count"], bookings_90=row["bookings_90"]),
                            today=date_at(row["exported_at"], row["timezone"]),
                            reviews=row["reviews"] or (),
                        )
                    ).decode()
                    for row, vector in zip(rows, vectors, strict=True)
                ],
                pa.string(),
            ),
        }
    )


def _vectors(listings: pa.Table) -> list[np.ndarray[tuple[int], np.dtype[np.float32]] | None]:
    scalars = listings["vector"]
    return [None if vector.values is None else vector.values.to_numpy() for vector in scalars]


def named_landmarks(listings: DataFrame) -> DataFrame:
    """Landmarks of each market: market, and the columns of :data:`search.landmarks.SCHEMA`."""
    active = listings.where(F.col("is_active"))
    mentions = active.select("market", "host_id", *_PLACE, "title", "description").mapInArrow(_mentions, MENTIONS)
    homes = active.select("market", *_PLACE)
    return mentions.groupBy("market").cogroup(homes.groupBy("market")).applyInArrow(_landmarks, LANDMARK_ROWS)


def _mentions(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = [
            {**{name: row[name] for name in ("market", "host_id", *_PLACE)}, "name": name}
            for row in batch.to_pylist()
            for name in sorted(landmarks.named_in(f"{row['title']}\n{row['description']}"))
        ]
        yield pa.RecordBatch.from_pylist(rows, schema=_MENTIONS)


def _landmarks(mentions: pa.Table, homes: pa.Table) -> pa.Table:
    said = sorted(mentions.to_pylist(), key=lambda row: (row["name"], row["host_id"], row["latitude"]))
    found = landmarks.find_landmarks(
        [landmarks.Mention(row["name"], row["host_id"], Point(row["latitude"], row["longitude"])) for row in said],
        [Point(row["latitude"], row["longitude"]) for row in homes.to_pylist()],
    )
    market = homes["market"][0].as_py() if len(homes) else None
    rows = [
        {
            "market": market,
            "name": landmark.name,
            "latitude": landmark.location.latitude,
            "longitude": landmark.location.longitude,
            "spread_km": landmark.spread_km,
            "hosts": landmark.hosts,
        }
        for landmark in found
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([pa.field("market", pa.string()), *landmarks.SCHEMA]))


def make_documents(spark: SparkSession, scope: Scope, model: Embedder) -> Written:
    """Write the documents of the scope's markets, with the vectors of a model and its name beside each."""
    listings, nights, features, reviews = (
        read(spark, dataset, scope.lake, scope.partitions).drop("day")
        for dataset in (STAGED_LISTINGS, STAGED_NIGHTS, LISTING_FEATURES, STAGED_REVIEWS)
    )
    vectors = read(spark, LISTING_VECTORS, scope.lake, [(model.model, market) for market in scope.markets])
    exported = read(spark, RAW["markets"], scope.lake, scope.partitions).select("market", "exported_at")
    dated = listings.join(F.broadcast(exported), "market")
    made = documents(dated, nights, features.drop("market"), vectors, reviews, day=scope.day)
    named = made.withColumns(
        {
            "day": F.lit(scope.day.isoformat()),
            "model": F.lit(model.model),
            "dimension": F.lit(model.dimension),
        }
    )
    return write(named, SEARCH_DOCUMENTS, scope.lake, scope.partitions, order=("listing_id",))


def make_landmarks(spark: SparkSession, scope: Scope) -> Written:
    """Write the landmarks of the scope's markets; a market without any has an empty file."""
    listings = read(spark, STAGED_LISTINGS, scope.lake, scope.partitions).drop("day")
    dated = named_landmarks(listings).withColumn("day", F.lit(scope.day.isoformat()))
    return write(dated, LANDMARKS, scope.lake, scope.partitions, order=("hosts", "name"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    with running("documents", arguments) as job:
        model = embedder(get_settings().embedding_model)
        made = make_documents(job.spark, job.scope, model)
        job.report(made, make_landmarks(job.spark, job.scope), model=model.model, dimension=model.dimension)


if __name__ == "__main__":
    start("pipelines.spark_jobs.documents")
