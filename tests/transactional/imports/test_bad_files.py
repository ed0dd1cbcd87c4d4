"""A bad file stops the import, is named, and leaves the marketplace as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.transactional.imports.small_city import SCHEMAS, City, listing, nights, review
from transactional.imports.errors import UnreadableSource
from transactional.imports.summary import ImportSummary

FIRST = date(2024, 6, 29)


def newer(city: City) -> None:
    """More listings, and a calendar and reviews of the first."""
    city.listings(*(listing(n) for n in range(1, 30)))
    city.calendar(*nights(1, FIRST, "..x" * 40))
    city.reviews(*(review(n, 1) for n in range(40)))


def cut_off(path: Path) -> None:
    """Leave the first half of a file."""
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])


DAMAGE: dict[str, tuple[str, Callable[[City], object], str]] = {
    "no listings file": ("", lambda c: (c.folder / "listings.csv.gz").unlink(), "no listings.csv.gz"),
    "cut listings": ("listings.csv.gz", lambda c: cut_off(c.folder / "listings.csv.gz"), "cut off"),
    "cut calendar": ("calendar.csv.gz", lambda c: cut_off(c.folder / "calendar.csv.gz"), "cut off"),
    "cut reviews": ("reviews.csv.gz", lambda c: cut_off(c.folder / "reviews.csv.gz"), "cut off"),
    "not gzip": (
        "calendar.csv.gz",
        lambda c: (c.folder / "calendar.csv.gz").write_text("listing_id,date", encoding="utf-8"),
        "not a gzip file",
    ),
    "a web page": (
        "listings.csv.gz",
        lambda c: c.write_text("listings.csv.gz", "<html>404</html>"),
        "not the CSV file",
    ),
    "an empty file": ("listings.csv.gz", lambda c: c.write_text("listings.csv.gz", ""), "not the CSV file"),
    "the summary": (
        "listings.csv.gz",
        lambda c: c.write_text(
            "listings.csv.gz", "id,name,host_id,latitude,longitude,room_type,price\n1,a,2,3,4,5,6\n"
        ),
        "lacks the columns property_type, accommodates, amenities",
    ),
    "no dates": ("calendar.csv.gz", lambda c: c.write_text("calendar.csv.gz", "listing_id,available\n1,t\n"), "lacks"),
    "no listings": (
        "listings.csv.gz",
        lambda c: c.listings(),
        "no listing with the day on which it was seen",
    ),
    "bytes": (
        "reviews.csv",
        lambda c: ((c.folder / "reviews.csv.gz").unlink(), (c.folder / "reviews.csv").write_bytes(b"\xff\xfe\x00\x81")),
        "not text in UTF-8",
    ),
    "another city's reviews": (
        "reviews.csv.gz",
        lambda c: c.write_text("reviews.csv.gz", "listing_id,date\n77,2024-01-01\n78,2024-01-01\n"),
        "of another city or date: 2 of 2 reviews",
    ),
    "another city's calendar": (
        "calendar.csv.gz",
        lambda c: c.write_text("calendar.csv.gz", "listing_id,date,available\n77,2024-01-01,t\n78,2024-01-01,t\n"),
        "of another city or date: 2 of its 2 listings",
    ),
    "another city's neighbourhoods": (
        "neighbourhoods.geojson",
        lambda c: c.neighbourhoods("Gamla stan", "Kungsholmen"),
        "of another city",
    ),
    "a field without an end": (
        "listings.csv.gz",
        lambda c: c.write_text("listings.csv.gz", f'{",".join(SCHEMAS[75])}\n9,"' + "x" * (17 << 20)),
        "not a CSV file from line",
    ),
    "a quoted header": (
        "calendar.csv.gz",
        lambda c: c.write_text("calendar.csv.gz", 'listing""_id,date,available\n1,2024-01-01,t\n'),
        "not a CSV file",
    ),
    "a calendar of nothing but its header": (
        "calendar.csv.gz",
        lambda c: c.write_text("calendar.csv.gz", "listing_id,date,available\n"),
        "none of its 0 rows can be read as a night",
    ),
    "a calendar at the end of time": (
        "calendar.csv.gz",
        lambda c: c.write_text("calendar.csv.gz", "listing_id,date,available\n1,9999-12-31,t\n"),
        "none of its 1 rows can be read as a night",
    ),
    "a day that is none": (
        "reviews_2024-13-45.csv.gz",
        lambda c: c.write_text("reviews_2024-13-45.csv.gz", "listing_id,date\n"),
        "2024-13-45 in its name is not a date",
    ),
    "features that are no list": (
        "neighbourhoods.geojson",
        lambda c: c.write_text("neighbourhoods.geojson", '{"features": 5}'),
        "not GeoJSON with a list",
    ),
    "a bottomless GeoJSON": (
        "neighbourhoods.geojson",
        lambda c: c.write_text("neighbourhoods.geojson", "[" * 200_000),
        "not GeoJSON",
    ),
    "no GeoJSON": (
        "neighbourhoods.geojson",
        lambda c: c.write_text("neighbourhoods.geojson", "[1, 2]"),
        "not GeoJSON",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_bad_file_stops_the_import_and_changes_nothing(
    city: City, run_import: Callable[[], ImportSummary], dump: Callable[[], str], damage: str
) -> None:
    """Over a city that is there: the file, what is wrong and how to mend it are said; every row is as before."""
    name, spoil, problem = DAMAGE[damage]
    city.listings(listing(1))
    run_import()
    before = dump()
    newer(city)
    spoil(city)
    with pytest.raises(UnreadableSource, match=problem) as stopped:
        run_import()
    assert stopped.value.detail.startswith(str(city.folder / name))
    assert stopped.value.hint
    assert dump() == before


def test_the_same_files_undamaged_change_the_marketplace(
    city: City, run_import: Callable[[], ImportSummary], dump: Callable[[], str]
) -> None:
    """The negative control of the test above."""
    city.listings(listing(1))
    run_import()
    before = dump()
    newer(city)
    run_import()
    assert dump() != before
