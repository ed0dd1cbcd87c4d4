"""Staged + features → training sets: impressions for the ranker, nights for the price models.

A ranking example has the features that were logged with the search. Where none were, its calendar,
bookings and number of reviews are those of the start of the search's week, so that a booking which followed
from the search is not among the features that predict it; what PostgreSQL keeps no history of (stars, a
host's rates, terms and prices) is as of the day of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StringType, StructField, StructType

from lodestay.lake import (
    PRICING_EXAMPLES,
    RANKING_EXAMPLES,
    STAGED_BOOKINGS,
    STAGED_IMPRESSIONS,
    STAGED_LISTINGS,
    STAGED_NIGHTS,
    STAGED_REVIEWS,
    STAGED_SEARCHES,
)
from ml.listing_features import SCHEMA
from ml.pricing.examples import EXAMPLES as PRICING_SCHEMA
from ml.pricing.examples import pricing_examples
from ml.ranking.examples import EXAMPLES as RANKING_SCHEMA
from ml.ranking.examples import ranking_examples
from pipelines.partitions import outdated, read
from pipelines.spark_jobs.job import Scope, running, start
from pipelines.spark_jobs.listing_features import features
from pipelines.writing import Written, write

NIGHTS_PER_LISTING = 60
"""Nights of a listing's next 365 that the price models see: neighbours say nearly the same."""
SEED = 20_261_122
ASKED = ("search_id", "check_in", "check_out", "guests", "latitude", "longitude")
"""Columns of a search that features are computed from."""


def week_of(day: date) -> date:
    """Monday of a day's week: the day as of which its searches see the listings."""
    return day - timedelta(days=day.weekday())


def ranking_set(impressions: DataFrame, searches: DataFrame, known: DataFrame) -> DataFrame:
    """Examples of impressions: `day`, `market` and `ml.ranking.examples.EXAMPLES`.

    Parameters
    ----------
    known
        Listings as of each week's Monday, of :func:`pipelines.spark_jobs.listing_features.features`.
    """
    asked = searches.select("day", "market", *ASKED)
    # `seen` is not learned from: only some clients tell what came into view, and among their searches alone the
    # position term would mean something else than among the others. The stay of a flexible result is in its logged
    # features; what they were computed of where none was logged is the search's.
    rows = impressions.drop("seen", "check_in", "check_out").join(asked, ["day", "market", "search_id"])
    weeks = rows.withColumn("as_of", F.date_trunc("week", "day").cast("date")).groupBy("market", "as_of")
    schema = StructType([StructField("day", StringType()), *from_arrow_schema(RANKING_SCHEMA).fields])
    return weeks.cogroup(known.groupBy("market", "as_of")).applyInArrow(_ranking_examples, schema)


def pricing_set(nights: DataFrame, listings: DataFrame, *, as_of: date) -> DataFrame:
    """Examples of the nights of active listings: `market` and `ml.pricing.examples.EXAMPLES`."""
    active = listings.where("is_active").select("listing_id")
    columns = ("market", "listing_id", "night", "price_minor", "is_free", "min_stay", "max_stay")
    rows = nights.select(*columns).join(active, "listing_id", "left_semi")
    schema = StructType([StructField("market", StringType()), *from_arrow_schema(PRICING_SCHEMA).fields])
    return rows.groupBy("market").applyInArrow(_pricing_examples(as_of), schema)


def _ranking_examples(key: tuple[pa.Scalar, ...], rows: pa.Table, known: pa.Table) -> pa.Table:
    listings = known.select(SCHEMA.names)
    tables = []
    for day in pc.unique(rows["day"]):
        shown = rows.filter(pc.equal(rows["day"], day))
        searches = shown.select(ASKED).group_by(ASKED).aggregate([])
        made = ranking_examples(shown.drop_columns(ASKED[1:]), searches, listings, market=key[0].as_py())
        tables.append(made.add_column(0, "day", pa.array([day.as_py().isoformat()] * made.num_rows, pa.string())))
    empty = RANKING_SCHEMA.insert(0, pa.field("day", pa.string())).empty_table()
    return pa.concat_tables(tables) if tables else empty


def _pricing_examples(as_of: date) -> Callable[[tuple[pa.Scalar, ...], pa.Table], pa.Table]:
    def sample(key: tuple[pa.Scalar, ...], nights: pa.Table) -> pa.Table:
        made = pricing_examples(nights, as_of=as_of, nights_per_listing=NIGHTS_PER_LISTING, seed=SEED)
        return made.add_column(0, "market", pa.array([key[0].as_py()] * made.num_rows, pa.string()))

    return sample


def make_training_sets(spark: SparkSession, scope: Scope) -> list[Written]:
    """Write the ranking examples of every day staged anew, and the pricing examples of the scope's day."""
    staged = (STAGED_LISTINGS, STAGED_NIGHTS, STAGED_REVIEWS, STAGED_BOOKINGS)
    listings, nights, reviews, bookings = (
        read(spark, dataset, scope.lake, scope.partitions).drop("day") for dataset in staged
    )
    late = {
        partition
        for partition in outdated(RANKING_EXAMPLES, STAGED_IMPRESSIONS, scope.lake)
        if partition[1] in scope.markets and partition[0] <= scope.day.isoformat()
    }
    days = sorted(late | set(scope.partitions))
    weeks = sorted({week_of(date.fromisoformat(day)) for day, _ in days})
    pricing = pricing_set(nights, listings, as_of=scope.day).withColumn("day", F.lit(scope.day.isoformat()))
    known = features(listings, nights, reviews, bookings, as_of=weeks)
    impressions, searches = (
        read(spark, dataset, scope.lake, days) for dataset in (STAGED_IMPRESSIONS, STAGED_SEARCHES)
    )
    ranking = ranking_set(impressions, searches, known)
    return [
        write(pricing, PRICING_EXAMPLES, scope.lake, scope.partitions, order=("listing_id", "night")),
        write(ranking, RANKING_EXAMPLES, scope.lake, days, order=("search_id", "position")),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    with running("training_sets", arguments) as job:
        job.report(*make_training_sets(job.spark, job.scope))


if __name__ == "__main__":
    start("pipelines.spark_jobs.training_sets")
