"""The listings file: 74, 75, 79, 96 or 106 columns, one record a listing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from lodestay.money import BPS
from lodestay.pricing import MONTH_NIGHTS, WEEK_NIGHTS
from lodestay.snapshot import MOST_GUESTS, Reject
from lodestay.stay import MAX_NIGHTS
from lodestay.vocabulary.amenities import amenity_codes, is_noise
from lodestay.vocabulary.cancellation import cancellation_policy
from lodestay.vocabulary.property_types import property_type, room_type
from transactional.imports.inside_airbnb import values
from transactional.imports.inside_airbnb.files import csv_rows
from transactional.imports.inside_airbnb.rows import BadRow, Row, nameless

REQUIRED: Final = ("id", "host_id", "latitude", "longitude", "property_type", "room_type", "accommodates", "amenities")
HINT: Final = "Take the detailed listings.csv.gz, not the summary listings.csv, and download it again if it is broken."

_SCORES: Final = {
    "rating": "review_scores_rating",
    "rating_accuracy": "review_scores_accuracy",
    "rating_cleanliness": "review_scores_cleanliness",
    "rating_check_in": "review_scores_checkin",
    "rating_communication": "review_scores_communication",
    "rating_location": "review_scores_location",
    "rating_value": "review_scores_value",
}
_STARS: Final = 5
_CENT: Final = Decimal("0.01")

Record = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Listings:
    """What the listings file says, not yet masked.

    Attributes
    ----------
    rows
        A mapping a listing: the columns of ``lodestay.snapshot.LISTINGS`` but for the host's key, whose
        place the source's own number takes.
    hosts
        The columns of ``lodestay.snapshot.HOSTS`` by the source's number of the host.
    host_names
        Name of the host by listing: to be taken out of texts, never kept.
    unmapped_amenities
        Mentions that the vocabulary does not know, and how often.
    """

    rows: list[dict[str, Any]]
    hosts: dict[str, dict[str, Any]]
    host_names: dict[str, str]
    unmapped_amenities: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)


def read_records(path: Path) -> tuple[list[Record], list[Reject]]:
    """Read the records by column name with their lines; those with too few or too many fields are rejected."""
    header, rows = csv_rows(path, REQUIRED, hint=HINT)
    good: list[Record] = []
    bad: list[Reject] = []
    for line, record in rows:
        if len(record) == len(header):
            good.append((line, dict(zip(header, record, strict=True))))
        else:
            reason = "too few fields" if len(record) < len(header) else "too many fields"
            bad.append(Reject(path.name, line, None, reason, None))
    return good, bad


def read_listings(records: list[Record], *, file: str, currency: str) -> Listings:
    """Read every record; a listing is left out where what it cannot do without is missing or was seen before."""
    scale = _score_scale(records)
    found = Listings(rows=[], hosts={}, host_names={})
    for line, record in records:
        row = Row(record, file=file, line=line, rejects=found.rejects)
        try:
            listing = _listing(row, currency=currency, scale=scale, unmapped=found.unmapped_amenities)
            if listing["source_id"] in found.host_names:
                raise BadRow("id", "listing stands twice in the file", listing["source_id"])  # noqa: TRY301
        except BadRow as bad:
            found.rejects.append(Reject(file, line, bad.column, bad.reason, nameless(bad.raw)))
            continue
        found.rows.append(listing)
        found.host_names[listing["source_id"]] = row.raw("host_name")
        found.hosts.setdefault(listing["host_number"], _host(row))
    return found


def _listing(row: Row, *, currency: str, scale: dict[str, int], unmapped: Counter[str]) -> dict[str, Any]:
    bathrooms, shared = row.read("bathrooms_text", values.bathrooms) or (None, False)
    mentions = row.read("amenities", values.amenity_mentions) or ()
    codes = {mention: amenity_codes(mention) for mention in mentions}
    unmapped.update(mention for mention in mentions if not codes[mention] and not is_noise(mention))
    phrase = row.raw("property_type")
    return {
        "source_id": row.need("id", values.text),
        "host_number": row.need("host_id", values.text),
        "neighbourhood": values.text(row.raw("neighbourhood_cleansed")),
        "neighbourhood_group": values.text(row.raw("neighbourhood_group_cleansed")),
        "title": row.raw("name"),
        "description": _description(row),
        "house_rules": row.raw("house_rules"),
        "property_phrase": phrase,
        "property_type": property_type(phrase),
        "room_type": row.need("room_type", lambda raw: _room_type(raw, phrase)),
        "accommodates": row.need("accommodates", _guests),
        "bedrooms": row.read("bedrooms", values.count),
        "beds": row.read("beds", values.count),
        "bathrooms": bathrooms
        if bathrooms is not None
        else row.read("bathrooms", lambda raw: values.bathrooms(raw)[0]),
        "shared_bathroom": shared,
        "amenities": sorted({code for found in codes.values() for code in found}),
        "latitude": row.need("latitude", partial(_degrees, limit=90)),
        "longitude": row.need("longitude", partial(_degrees, limit=180)),
        "instant_book": row.read("instant_bookable", values.flag) or False,
        "cancellation_policy": cancellation_policy(row.raw("cancellation_policy")),
        **{name: row.read(column, partial(_stars, best=scale[column])) for name, column in _SCORES.items()},
        "review_count": row.read("number_of_reviews", values.count) or 0,
        "first_review_on": row.read("first_review", values.day),
        "last_review_on": row.read("last_review", values.day),
        **_rate_plan(row, currency),
    }


def _rate_plan(row: Row, currency: str) -> dict[str, Any]:
    nightly = partial(values.nightly_price, currency=currency)
    amount = partial(values.price, currency=currency)
    base = row.read("price", nightly)
    shortest = max(1, row.read("minimum_nights", values.count) or 1)
    longest = row.read("maximum_nights", values.count) or MAX_NIGHTS
    return {
        "base_price_minor": base,
        "weekend_price_minor": None,
        "cleaning_fee_minor": row.read("cleaning_fee", amount) or 0,
        # Sources without an extra guest's price let everybody in for the one price.
        "guests_included": max(1, row.read("guests_included", values.count) or _guests(row.raw("accommodates")) or 1),
        "extra_guest_fee_minor": row.read("extra_people", amount) or 0,
        "weekly_discount_bps": discount_bps(base, row.read("weekly_price", nightly), nights=WEEK_NIGHTS),
        "monthly_discount_bps": discount_bps(base, row.read("monthly_price", nightly), nights=MONTH_NIGHTS),
        "min_stay": shortest,
        "max_stay": max(shortest, min(longest, MAX_NIGHTS)),
        "advance_notice_days": 0,
    }


def discount_bps(base_minor: int | None, total_minor: int | None, *, nights: int) -> int:
    """Turn a price for that many nights into a discount off the nightly price; a dearer one is none."""
    if base_minor is None or total_minor is None:
        return 0
    return max(0, BPS - round(total_minor * BPS / (base_minor * nights)))


def _host(row: Row) -> dict[str, Any]:
    return {
        "host_since": row.read("host_since", values.day),
        "response_hours": row.read("host_response_time", values.response_hours),
        "response_rate_bps": row.read("host_response_rate", values.share_bps),
        "acceptance_rate_bps": row.read("host_acceptance_rate", values.share_bps),
        "is_superhost": row.read("host_is_superhost", values.flag) or False,
        "identity_verified": row.read("host_identity_verified", values.flag) or False,
        "languages": None,  # no column tells them, and what hosts write of themselves is no evidence
    }


def _description(row: Row) -> str:
    if given := values.text(row.raw("description")):
        return given
    return "\n".join(filter(None, (values.text(row.raw("summary")), values.text(row.raw("space")))))


def _room_type(raw: str, phrase: str) -> str:
    kind = room_type(raw, phrase)
    if kind is None:
        raise ValueError("unknown room type")
    return kind


def _guests(raw: str) -> int | None:
    number = values.count(raw)
    if number is not None and not 1 <= number <= MOST_GUESTS:
        raise ValueError(f"not between 1 and {MOST_GUESTS} guests")
    return number


def _degrees(raw: str, *, limit: int) -> float | None:
    number = values.decimal(raw)
    if number is not None and abs(number) > limit:
        raise ValueError("no such place on Earth")
    return number


def _stars(raw: str, *, best: int) -> Decimal | None:
    score = values.decimal(raw)
    if score is None:
        return None
    if not 0 < score <= best:
        raise ValueError("no such score")
    return Decimal(score * _STARS / best).quantize(_CENT)


def _score_scale(records: list[Record]) -> dict[str, int]:
    """Best score by column: until 2021 the rating goes to 100 and the rest to 10, since then all to 5."""
    old = any(_exceeds_stars(record.get(column, "")) for _, record in records for column in _SCORES.values())
    return {column: (100 if name == "rating" else 10) if old else _STARS for name, column in _SCORES.items()}


def _exceeds_stars(raw: str) -> bool:
    try:
        return (values.decimal(raw) or 0) > _STARS
    except ValueError:
        return False


def scraped_on(records: list[Record]) -> date | None:
    """The day on which most listings were seen, for files without a date in their name."""
    days = Counter(record.get("last_scraped", "") for _, record in records)
    for day, _ in days.most_common():
        try:
            if found := values.day(day):
                return found
        except ValueError:
            continue
    return None
