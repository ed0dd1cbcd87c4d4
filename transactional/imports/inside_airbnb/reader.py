"""A folder of Inside Airbnb becomes a snapshot: read, checked, masked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pyarrow as pa

from lodestay.ids import pseudonym
from lodestay.masking import mask_contacts
from lodestay.snapshot import HOSTS, LISTINGS, NEIGHBOURHOODS, REVIEWS, SEASONS, MarketFacts, Snapshot
from transactional.imports.errors import UnreadableSource
from transactional.imports.inside_airbnb import masking
from transactional.imports.inside_airbnb.calendar import CalendarRows, read_calendar
from transactional.imports.inside_airbnb.folder import SnapshotFiles
from transactional.imports.inside_airbnb.languages import languages
from transactional.imports.inside_airbnb.listings import HINT, Listings, read_listings, read_records, scraped_on
from transactional.imports.inside_airbnb.market import market_facts
from transactional.imports.inside_airbnb.neighbourhoods import Neighbourhoods, read_neighbourhoods
from transactional.imports.inside_airbnb.prices import fill_prices
from transactional.imports.inside_airbnb.reviews import Reviews, read_reviews

SOURCE: Final = "inside-airbnb"
READER: Final = "2"
"""Goes up when the same files would be read otherwise, so that they are read anew: part of the fingerprint."""
_TEXTS: Final = ("title", "description", "house_rules")

Progress = Callable[[str], None]
"""Told what is being done."""


@dataclass(frozen=True)
class Reading:
    """A snapshot, and what reading it was like.

    Attributes
    ----------
    rows
        Records of all the files.
    unmapped_amenities
        Words that the vocabulary does not know with how often they stand there, the most frequent first.
    repaired_boundaries
        Polygons that crossed themselves.
    """

    snapshot: Snapshot
    rows: int
    unmapped_amenities: tuple[tuple[str, int], ...]
    repaired_boundaries: int


def read_snapshot(
    files: SnapshotFiles,
    *,
    market: str,
    currency: str | None,
    masking_key: str,
    fingerprint: str,
    progress: Progress,
) -> Reading:
    """Read the files of one snapshot.

    Parameters
    ----------
    market
        Name of the market.
    currency
        ISO 4217 code; None takes that of the country.
    masking_key
        Key of the pseudonyms of hosts and reviewers.
    fingerprint
        Hash of the files and of how they are read.

    Raises
    ------
    UnreadableSource
        A file is damaged or of another kind, city or date.
    """
    progress("reading listings")
    records, bad_records = read_records(files.listings)
    day = files.snapshot_date or scraped_on(records)
    if day is None or not records:
        raise UnreadableSource(files.listings, "no listing with the day on which it was seen.", hint=HINT)
    facts = market_facts(market, records, currency=currency)
    listings = read_listings(records, file=files.listings.name, currency=facts.currency)
    ids = list(listings.host_names)
    neighbourhoods = read_neighbourhoods(
        files.boundaries,
        files.names,
        used=[(row["neighbourhood"], row["neighbourhood_group"]) for row in listings.rows if row["neighbourhood"]],
    )
    calendar: CalendarRows | None = None
    if files.calendar is not None:
        progress("reading the calendar")
        calendar = read_calendar(files.calendar, listing_ids=ids, currency=facts.currency)
        fill_prices(listings.rows, calendar.nights)
    reviews: Reviews | None = None
    if files.reviews is not None:
        progress("reading reviews")
        reviews = read_reviews(
            files.reviews,
            listing_ids=frozenset(ids),
            author_key=lambda number: pseudonym(masking_key, SOURCE, "reviewer", number),
        )
    progress("masking personal data")
    _mask(listings, reviews, facts, masking_key)
    progress("telling languages")
    _tell_languages(listings.rows, "description")
    if reviews is not None:
        _tell_languages(reviews.rows, "comment")
    rejects = (*bad_records, *listings.rejects, *neighbourhoods.rejects)
    for part in (calendar, reviews):
        rejects += tuple(part.rejects) if part else ()
    return Reading(
        snapshot=Snapshot(
            market=facts,
            source=SOURCE,
            snapshot_date=day,
            fingerprint=fingerprint,
            hosts=pa.Table.from_pylist(list(listings.hosts.values()), schema=HOSTS),
            listings=pa.Table.from_pylist(listings.rows, schema=LISTINGS),
            nights=calendar.nights if calendar else None,
            seasons=SEASONS.empty_table(),
            reviews=pa.Table.from_pylist(reviews.rows, schema=REVIEWS) if reviews else None,
            neighbourhoods=pa.Table.from_pylist(neighbourhoods.rows, schema=NEIGHBOURHOODS),
            rejects=rejects,
            missing=_missing(
                files=files,
                listings=listings,
                calendar=calendar,
                reviews=reviews,
                neighbourhoods=neighbourhoods,
                day=day,
            ),
        ),
        rows=len(records) + len(bad_records) + (calendar.rows if calendar else 0) + (reviews.total if reviews else 0),
        unmapped_amenities=tuple(listings.unmapped_amenities.most_common()),
        repaired_boundaries=neighbourhoods.repaired,
    )


def _mask(listings: Listings, reviews: Reviews | None, facts: MarketFacts, key: str) -> None:
    """Put pseudonyms for people and take their names and addresses out of the texts, in place."""
    writings: dict[str, list[str]] = defaultdict(list)
    for row in listings.rows:
        for column in _TEXTS:
            row[column] = mask_contacts(masking.plain(row[column]))
            writings[row["host_number"]].append(row[column])
    names = masking.Names(
        ("\n".join(texts) for texts in writings.values()),
        ordinary=(*facts.name.lower().split(), *facts.market_key.split("-")),
    )
    for row in listings.rows:
        row["host_key"] = pseudonym(key, SOURCE, "host", row["host_number"])
        for column in _TEXTS:
            row[column] = names.hide(
                row[column], listings.host_names[row["source_id"]], masking.HOST, prose=column != "title"
            )
        row["title"] = row["title"].replace("\n", " ") or row["property_phrase"] or "Place to stay"
    for number, facts_of_host in listings.hosts.items():
        facts_of_host["host_key"] = pseudonym(key, SOURCE, "host", number)
    for review in reviews.rows if reviews else ():
        said = mask_contacts(masking.plain(review["comment"]))
        said = names.hide(said, listings.host_names[review["source_id"]], masking.HOST, prose=True)
        review["comment"] = names.hide(said, review["author_name"], masking.GUEST, prose=True)


def _tell_languages(rows: list[dict[str, Any]], column: str) -> None:
    for row, language in zip(rows, languages([row[column] for row in rows]), strict=True):
        row["language"] = language


def _missing(
    *,
    files: SnapshotFiles,
    listings: Listings,
    calendar: CalendarRows | None,
    reviews: Reviews | None,
    neighbourhoods: Neighbourhoods,
    day: date,
) -> tuple[str, ...]:
    priceless = sum(row["base_price_minor"] is None for row in listings.rows)
    undescribed = sum(not row["description"] for row in listings.rows)
    facts = (
        (calendar is None, f"no calendar of {day}: nothing can be booked before one is imported"),
        (reviews is None, f"no reviews of {day}: only the number and the scores in the listings are known"),
        (reviews is not None and not reviews.has_texts, "the reviews are dates only: no texts, no authors"),
        (files.boundaries is None, "no boundaries of neighbourhoods: their names alone are known"),
        (not neighbourhoods.rows, "no neighbourhoods at all"),
        (priceless > 0, f"no price for {priceless:,} of {len(listings.rows):,} listings: these cannot be booked"),
        (undescribed > 0, f"no description for {undescribed:,} of {len(listings.rows):,} listings"),
        (not any(row["amenities"] for row in listings.rows), "no amenities"),
    )
    return (*(sentence for holds, sentence in facts if holds), *files.left_out)
