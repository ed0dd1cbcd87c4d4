"""The synthetic marketplace has the shape of a real one, and only the seed decides it."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import shapely

from lodestay.money import minor_digits
from lodestay.snapshot import HOSTS, LISTINGS, NEIGHBOURHOODS, NIGHTS, REVIEWS, SEASONS, Snapshot
from lodestay.vocabulary.amenities import AMENITIES
from lodestay.vocabulary.cancellation import CancellationPolicy
from lodestay.vocabulary.property_types import PropertyType, RoomType
from simulation.cities import CITIES
from simulation.prose import LANGUAGES, grammar
from simulation.supply import InvalidMarketplace, SyntheticMarket, generate_markets

AS_OF = date(2026, 11, 22)
TABLES = {
    "hosts": HOSTS,
    "listings": LISTINGS,
    "nights": NIGHTS,
    "seasons": SEASONS,
    "reviews": REVIEWS,
    "neighbourhoods": NEIGHBOURHOODS,
}


def _bytes(snapshot: Snapshot) -> bytes:
    sink = pa.BufferOutputStream()
    for name in TABLES:
        table = getattr(snapshot, name)
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue().to_pybytes()


def generate(listings: int, seed: int) -> list[Snapshot]:
    """The snapshots of a marketplace."""
    return [market.snapshot for market in generate_markets(listings=listings, seed=seed, as_of=AS_OF)]


def test_same_seed_gives_same_bytes_and_another_seed_does_not() -> None:
    """Nothing but the arguments decides: two runs agree to the byte, also in their fingerprints."""
    first, again = (generate(60, 3) for _ in range(2))
    other = generate(60, 4)
    assert [_bytes(s) for s in first] == [_bytes(s) for s in again]
    assert [s.fingerprint for s in first] == [s.fingerprint for s in again]
    assert _bytes(first[0]) != _bytes(other[0])
    assert first[0].fingerprint != other[0].fingerprint


@pytest.mark.parametrize(("listings", "markets"), [(1, 1), (3, 3), (40, 7)])
def test_small_marketplaces_are_whole(listings: int, markets: int) -> None:
    """Any number of listings can be asked for; a city without one is left out."""
    made = generate(listings, 0)
    assert len(made) == markets
    assert sum(s.listings.num_rows for s in made) == listings


def test_no_listings_are_refused() -> None:
    """An empty marketplace says what to do instead."""
    with pytest.raises(InvalidMarketplace, match="0 listings"):
        generate(0, 1)


@pytest.mark.parametrize("name", TABLES)
def test_tables_keep_the_schema_and_its_nulls(marketplace: list[SyntheticMarket], name: str) -> None:
    """Every table has the contract's columns, and no null where none may be."""
    for market in marketplace:
        table = getattr(market.snapshot, name)
        assert table.schema.equals(TABLES[name])
        table.validate(full=True)
        assert [f.name for f in table.schema if not f.nullable and table[f.name].null_count] == []


def test_rows_refer_to_each_other(lisbon: SyntheticMarket) -> None:
    """Listings have known hosts and neighbourhoods; nights, seasons and reviews have known listings."""
    s = lisbon.snapshot
    ids = s.listings["source_id"]
    assert len(pc.unique(ids)) == len(ids)
    assert pc.all(pc.is_in(s.listings["host_key"], s.hosts["host_key"])).as_py()
    assert pc.all(pc.is_in(s.listings["neighbourhood"], s.neighbourhoods["name"])).as_py()
    for table in (s.nights, s.seasons, s.reviews):
        assert table is not None
        assert pc.all(pc.is_in(table["source_id"], ids)).as_py()


def test_nights_cover_the_window_once(lisbon: SyntheticMarket) -> None:
    """Each listing knows each night from 90 days back to 365 ahead, exactly once."""
    nights = lisbon.snapshot.nights
    assert nights is not None
    assert pc.min_max(nights["night"]).as_py() == {"min": date(2026, 8, 24), "max": date(2027, 11, 22)}
    assert nights.num_rows == lisbon.snapshot.listings.num_rows * 456
    assert nights.group_by(["source_id", "night"]).aggregate([]).num_rows == nights.num_rows


def test_words_are_of_the_vocabulary(marketplace: list[SyntheticMarket]) -> None:
    """Amenities, property types, room types and policies are codes that the platform knows."""
    for market in marketplace:
        listings = market.snapshot.listings
        assert set(pc.unique(pc.list_flatten(listings["amenities"])).to_pylist()) <= set(AMENITIES)
        assert set(listings["property_type"].to_pylist()) <= set(PropertyType)
        assert set(listings["room_type"].to_pylist()) <= set(RoomType)
        assert set(listings["cancellation_policy"].to_pylist()) <= set(CancellationPolicy)


def test_ratings_are_the_mean_of_the_reviews(lisbon: SyntheticMarket) -> None:
    """Review counts, dates and overall ratings add up from the reviews themselves."""
    s = lisbon.snapshot
    assert s.reviews is not None
    sums = s.reviews.group_by("source_id").aggregate(
        [("rating", "mean"), ("rating", "count"), ("written_on", "min"), ("written_on", "max")]
    )
    by_id = {row["source_id"]: row for row in sums.to_pylist()}
    for row in s.listings.to_pylist():
        said = by_id.get(row["source_id"])
        assert row["review_count"] == (said["rating_count"] if said else 0)
        assert (row["rating"] is None) == (said is None)
        if said:
            assert float(row["rating"]) == pytest.approx(said["rating_mean"], abs=0.0051)
            assert (row["first_review_on"], row["last_review_on"]) == (said["written_on_min"], said["written_on_max"])


def test_neighbourhoods_are_valid_and_hold_their_listings(marketplace: list[SyntheticMarket]) -> None:
    """Boundaries are valid simple polygons that do not overlap, and each listing lies in its own."""
    for market in marketplace:
        s = market.snapshot
        shapes = {row["name"]: shapely.from_geojson(row["boundary"]) for row in s.neighbourhoods.to_pylist()}
        assert all(shape.is_valid and shape.geom_type == "Polygon" for shape in shapes.values())
        overlap = sum(shape.area for shape in shapes.values()) - shapely.union_all(list(shapes.values())).area
        assert abs(overlap) < 1e-4 * sum(shape.area for shape in shapes.values())  # corners are rounded
        for row in s.listings.to_pylist():
            assert shapes[row["neighbourhood"]].contains(shapely.Point(row["longitude"], row["latitude"]))


def test_sizes_and_portfolios_have_heavy_tails(marketplace: list[SyntheticMarket]) -> None:
    """The largest city is several times the median; a tenth of the hosts let more than a third of the homes."""
    sizes = sorted(m.snapshot.listings.num_rows for m in marketplace)
    assert sizes[-1] > 3 * sizes[len(sizes) // 2]
    homes = np.sort(np.concatenate([_counts(m.snapshot.listings["host_key"]) for m in marketplace]))[::-1]
    assert homes[: len(homes) // 10].sum() > homes.sum() / 3
    assert np.median(homes) == 1


def _counts(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.value_counts(column).field("counts"))


def test_prices_are_log_normal_and_follow_size_place_and_quality(marketplace: list[SyntheticMarket]) -> None:
    """Log prices are roughly symmetric, and each of the causes moves them the right way."""
    paris = marketplace[0]
    listings = paris.snapshot.listings
    log_price = np.log(listings["base_price_minor"].to_numpy())
    skew = ((log_price - log_price.mean()) ** 3).mean() / log_price.std() ** 3
    assert abs(skew) < 0.6
    plain = np.exp(log_price)
    assert plain.mean() > 1.08 * np.median(plain)
    assert np.corrcoef(log_price, np.log(listings["accommodates"].to_numpy()))[0, 1] > 0.4
    assert np.corrcoef(log_price, paris.latent["quality"].to_numpy())[0, 1] > 0.15
    entire = np.array(listings["room_type"].to_pylist()) == RoomType.ENTIRE_HOME
    assert np.median(plain[entire]) > 1.5 * np.median(plain[~entire])


def test_money_is_in_whole_units_of_the_currency(marketplace: list[SyntheticMarket]) -> None:
    """Yen have no decimals and come in hundreds; euros come without cents; nobody pays nothing."""
    currencies = {m.snapshot.market.currency for m in marketplace}
    assert {"EUR", "JPY", "ZAR", "SEK"} == currencies
    for market in marketplace:
        unit = 10 ** minor_digits(market.snapshot.market.currency)
        prices = market.snapshot.listings["base_price_minor"].to_numpy()
        assert prices.min() > 0
        assert (prices % (100 if market.snapshot.market.currency == "JPY" else unit) == 0).all()


def test_weekends_and_seasons_show(marketplace: list[SyntheticMarket]) -> None:
    """Weekend nights cost more where guests come for leisure, and less in a city of business travel."""
    uplift = {
        m.snapshot.market.market_key: np.mean(
            m.snapshot.listings["weekend_price_minor"].to_numpy() / m.snapshot.listings["base_price_minor"].to_numpy()
        )
        for m in marketplace
    }
    assert uplift["lisbon"] > 1.05
    assert uplift["gothenburg"] < 1.0


def test_high_season_is_in_the_right_half_of_the_year(marketplace: list[SyntheticMarket]) -> None:
    """Prices rise in July in Lisbon and in January in Cape Town."""
    for key, month in (("lisbon", 7), ("cape-town", 1)):
        seasons = next(m for m in marketplace if m.snapshot.market.market_key == key).snapshot.seasons.to_pylist()
        dearest = max(seasons, key=lambda row: row["price_bps"])
        high = {row["name"] for row in seasons if row["starts_on"] <= date(2027, month, 5) < row["ends_before"]}
        assert high == {dearest["name"]}


def test_nearer_nights_are_fuller(marketplace: list[SyntheticMarket]) -> None:
    """Half a year ahead more is free than next month, and hosts keep a few nights for themselves."""
    for market in marketplace:
        nights = market.snapshot.nights
        assert nights is not None
        free = np.asarray(nights["is_free"].combine_chunks().to_numpy(zero_copy_only=False)).reshape(-1, 456)
        assert free[:, 90:120].mean() < free[:, 300:].mean() - 0.1
        assert 0.8 < free[:, 300:].mean() < 0.97


def test_seasons_of_a_city_do_not_overlap() -> None:
    """A night is in one season at most, so that its price has one reading."""
    start, end = date(2026, 1, 1), date(2029, 1, 1)
    for city in CITIES:
        spans = sorted(span for season in city.seasons for span in season.spans(start, end))
        assert all(until <= following for (_, until), (following, _) in pairwise(spans))


def test_ten_languages_are_written(marketplace: list[SyntheticMarket]) -> None:
    """Hosts and guests write in ten languages, and every grammar knows every phrase another knows."""
    hosts = {code for m in marketplace for code in m.snapshot.listings["language"].to_pylist()}
    guests = {code for m in marketplace for code in m.snapshot.reviews["language"].to_pylist()}
    assert hosts == guests == set(LANGUAGES)
    for code in LANGUAGES:
        assert grammar(code)["amenities"].keys() == grammar("en")["amenities"].keys()
        assert grammar(code)["traits"].keys() == grammar("en")["traits"].keys()
        assert set(grammar(code)["amenities"]) <= set(AMENITIES)


def test_texts_are_varied_and_complete(marketplace: list[SyntheticMarket]) -> None:
    """Descriptions hardly repeat, titles seldom do, and no slot is left open."""
    listings = marketplace[0].snapshot.listings
    titles, descriptions = listings["title"].to_pylist(), listings["description"].to_pylist()
    assert len(set(descriptions)) > 0.98 * len(descriptions)
    assert len(set(titles)) > 0.7 * len(titles)
    assert not any("{" in text or "}" in text for text in titles + descriptions)


def test_truth_stays_out_of_the_snapshot(lisbon: SyntheticMarket) -> None:
    """What is latent is a row a listing beside the snapshot; reviews follow it, with noise."""
    assert lisbon.latent["source_id"].equals(lisbon.snapshot.listings["source_id"])
    assert not {"quality", "appeal", "fair_price_minor"} & set(lisbon.snapshot.listings.column_names)
    rating = np.array([np.nan if r is None else float(r) for r in lisbon.snapshot.listings["rating"].to_pylist()])
    known = ~np.isnan(rating)
    assert 0.3 < np.corrcoef(rating[known], lisbon.latent["quality"].to_numpy()[known])[0, 1] < 0.9
