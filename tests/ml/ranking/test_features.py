"""What the ranker sees of candidates, and what training reads back from the log."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from lodestay.lake import LISTING_FEATURES
from ml.listing_features import SCHEMA, numbers_of
from ml.ranking.columns import ListingColumns
from ml.ranking.examples import EXAMPLES, ranking_examples
from ml.ranking.features import FEATURES, SearchContext, ranking_features


def listings(count: int) -> pa.Table:
    """Feature rows of listings 1 to `count`, every number the listing's id, text null."""
    ids = np.arange(1, count + 1)
    columns = {
        field.name: ids.astype(float) if pa.types.is_floating(field.type) else pa.nulls(count, field.type)
        for field in SCHEMA
    }
    return pa.table(columns | {"listing_id": ids}).cast(SCHEMA)


def context(total: list[float], **changes: float) -> SearchContext:
    """A search for three nights and two guests whose candidates cost `total`."""
    column = np.array(total, dtype=float)
    scalars = {"nights": 3.0, "lead_days": 9.0, "guests": 2.0} | changes
    return SearchContext(
        **scalars,
        total_minor=column,
        distance_km=column / 100,
        text_score=column,
        vector_score=np.full(len(total), np.nan),
    )


TOTALS = st.lists(st.one_of(st.just(float("nan")), st.integers(1, 1000).map(float)), min_size=1, max_size=12)


@given(total=TOTALS, seed=st.integers(0, 50))
def test_the_order_of_candidates_does_not_matter(total: list[float], seed: int) -> None:
    """Permuting the candidates permutes the rows and changes no value: ranks are among the same set."""
    order = np.random.default_rng(seed).permutation(len(total))
    matrix = ranking_features(numbers_of(listings(len(total))), context(total))
    shuffled = ranking_features(
        numbers_of(listings(len(total)).take(order)), context([total[index] for index in order])
    )
    np.testing.assert_array_equal(shuffled, matrix[order])


def test_ranks_and_ratios_by_hand() -> None:
    """Three candidates, one of unknown price: ranks are shares of the others, ratios are to the median."""
    matrix = ranking_features(numbers_of(listings(3)), context([100.0, np.nan, 300.0]))
    values = {name: matrix[:, index].tolist() for index, name in enumerate(FEATURES)}
    np.testing.assert_equal(values["price_rank"], [0.0, np.nan, 1.0])
    np.testing.assert_equal(values["total_to_median"], [0.5, np.nan, 1.5])
    np.testing.assert_equal(values["text_to_best"], [1 / 3, np.nan, 1.0])
    np.testing.assert_equal(values["vector_rank"], [np.nan] * 3)
    np.testing.assert_equal(values["night_to_comparables"][0], 100 / 3)
    assert values["spare_guests"] == [-1.0, 0.0, 1.0]


def test_a_search_without_dates_prices_a_night() -> None:
    """No dates: the total stands for one night, and what depends on the stay is not known."""
    matrix = ranking_features(numbers_of(listings(1)), context([100.0], nights=float("nan"), lead_days=float("nan")))
    values = dict(zip(FEATURES, matrix[0].tolist(), strict=True))
    assert values["night_to_comparables"] == 100.0
    assert np.isnan(values["min_stay_slack"])


def test_columns_know_the_newest_day_of_every_market(tmp_path: Path) -> None:
    """Two markets with different newest days; an unknown listing has its id and nulls; an empty lake is empty."""
    lake = str(tmp_path)
    assert len(ListingColumns.read(lake)) == 0
    assert ListingColumns.read(lake).take([5])["rating"].null_count == 1
    old, new = listings(3), listings(3).set_column(SCHEMA.get_field_index("rating"), "rating", pa.array([9.0] * 3))
    other = listings(5).slice(3)
    for market, day, table in (
        ("a", date(2026, 1, 1), old),
        ("a", date(2026, 1, 2), new),
        ("b", date(2026, 1, 1), other),
    ):
        folder = Path(LISTING_FEATURES.partition(lake, day=day, market=market))
        folder.mkdir(parents=True)
        pq.write_table(table, folder / "part-0.parquet")
    columns = ListingColumns.read(lake)
    assert len(columns) == 5
    taken = columns.take([4, 99, 1, 1])
    assert taken["listing_id"].to_pylist() == [4, 99, 1, 1]
    assert taken["rating"].to_pylist() == [4.0, None, 9.0, 9.0]
    assert taken.schema == SCHEMA
    np.testing.assert_array_equal(columns.numbers([4, 99, 1, 1]), numbers_of(taken))


def test_what_was_logged_is_what_is_learned() -> None:
    """A search with logged features keeps exactly those; one without has them computed as serving would."""
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows = [
        {"search_id": "b", "listing_id": 1, "position": 1, "total_minor": 100, "features": [], "clicked": True},
        {"search_id": "b", "listing_id": 3, "position": 2, "total_minor": 300, "features": None, "clicked": False},
        {"search_id": "a", "listing_id": 2, "position": 2, "total_minor": 7, "features": [], "clicked": False},
        {
            "search_id": "a",
            "listing_id": 9,
            "position": 1,
            "total_minor": 5,
            "features": [("rating", 4.5), ("unknown", 1.0)],
            "clicked": True,
        },
    ]
    schema = pa.schema(
        [
            ("search_id", pa.string()),
            ("listing_id", pa.int64()),
            ("position", pa.int32()),
            ("total_minor", pa.int64()),
            ("features", pa.map_(pa.string(), pa.float64())),
            ("clicked", pa.bool_()),
            ("booked", pa.bool_()),
            ("exploration", pa.bool_()),
            ("occurred_at", pa.timestamp("us", "UTC")),
        ]
    )
    common = {"booked": False, "exploration": False, "occurred_at": moment}
    impressions = pa.Table.from_pylist([row | common for row in rows], schema=schema)
    impressions = impressions.set_column(6, "booked", pa.array([True, False, False, False]))
    searches = pa.table(
        {
            "search_id": ["b", "a"],
            "check_in": [date(2026, 3, 10)] * 2,
            "check_out": [date(2026, 3, 13)] * 2,
            "guests": pa.array([2, 2], pa.int32()),
            "latitude": [1.0, 1.0],
            "longitude": [1.0, 1.0],
        }
    )
    table = ranking_examples(impressions, searches, listings(3), market="here")
    assert table.schema == EXAMPLES
    found = table.to_pylist()
    assert [(row["search_id"], row["position"], row["label"]) for row in found] == [
        ("a", 1, 1),
        ("a", 2, 0),
        ("b", 1, 2),
        ("b", 2, 0),
    ]
    assert found[0]["rating"] == 4.5
    assert found[0]["price_rank"] is None
    assert found[2]["lead_days"] == 9.0
    assert found[2]["nights"] == 3.0
    assert (found[2]["price_rank"], found[3]["price_rank"]) == (0.0, 1.0)
    assert found[3]["rating"] == 3.0
