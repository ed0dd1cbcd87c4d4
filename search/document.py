"""The index contract: the document of a listing and the mapping that holds it.

The job that builds the index and the relay that updates it make their fields here (and in
:mod:`search.availability` and :mod:`search.stay_price`, whose fields are joined in); the mapping is strict, so
a field of another name is refused, and tests run every query on an index of this mapping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from math import log1p
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lodestay.calendar import StayCalendar
from lodestay.pricing import PriceTerms
from lodestay.vocabulary.amenities import AMENITIES
from search import availability, stay_price
from search.facets import derived_fields
from search.stay_price import price_fields, rate_fields, usual_nightly
from search.words import analysis, by_language, by_their_language, labels, synonyms_version, written

__all__ = [
    "build_document",
    "calendar_fields",
    "document_id",
    "index_body",
    "nightly_price_minor",
    "popularity",
    "rate_fields",
    "rating_fields",
]

COPIED: Final = (
    "listing_id",
    "market",
    "is_active",
    "title",
    "description",
    "language",
    "room_type",
    "property_type",
    "neighbourhood",
    "cancellation_policy",
    "instant_book",
    "accommodates",
    "bedrooms",
    "beds",
    "review_count",
)
"""Columns of a staged listing that enter the document under their own name."""

_USUAL_RATING: Final = 4.6
_USUAL_WEIGHT: Final = 10

REVIEWS: Final = 5
"""Reviews of a listing, its newest, whose words are searched."""
REVIEW_CHARACTERS: Final = 400
"""Characters of a review that are."""

_FLAG: Final = {"type": "boolean"}
_COUNT: Final = {"type": "integer"}
_KEYWORD: Final = {"type": "keyword"}


def index_body(dimension: int, *, model: str) -> dict[str, Any]:
    """Settings and mapping of a new index.

    Parameters
    ----------
    dimension, model
        Length of the embeddings and name of the model they come from; one index never mixes two.
    """
    method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}  # the default engine needs native code
    properties: dict[str, Any] = {
        "listing_id": {"type": "long"},
        "market": _KEYWORD,
        "is_active": _FLAG,
        "location": {"type": "geo_point"},
        "title": written(),
        "description": written(),
        "labels": labels(),
        "words": {"properties": {"title": by_language(), "text": by_language()}},
        "language": _KEYWORD,
        "room_type": _KEYWORD,
        "property_type": _KEYWORD,
        "amenities": _KEYWORD,
        "categories": _KEYWORD,
        "accessibility": _KEYWORD,
        "allows": _KEYWORD,
        "host_languages": _KEYWORD,
        "neighbourhood": _KEYWORD,
        "cancellation_policy": _KEYWORD,
        "instant_book": _FLAG,
        "superhost": _FLAG,
        "accommodates": _COUNT,
        "bedrooms": _COUNT,
        "beds": _COUNT,
        "bathrooms": {"type": "float"},  # halves: exact
        "rating": {"type": "scaled_float", "scaling_factor": 100},
        "review_count": _COUNT,
        "popularity": {"type": "double"},
        "vector": {"type": "knn_vector", "dimension": dimension, "method": method},
        **availability.MAPPING,
        **stay_price.MAPPING,
    }
    return {
        "settings": {
            "index": {
                "number_of_shards": 1,  # exact facets; a cluster sets more
                "number_of_replicas": 0,
                "refresh_interval": "500ms",
                "knn": True,
                "mapping.total_fields.limit": 1000,
            },
            "analysis": analysis(),
        },
        "mappings": {
            "dynamic": "strict",
            "_meta": {"model": model, "dimension": dimension, "synonyms": synonyms_version()},
            "properties": properties,
        },
    }


def document_id(listing_id: int) -> str:
    """Id of a listing's document."""
    return str(listing_id)


def build_document(
    listing: Mapping[str, Any],
    *,
    calendar: StayCalendar | None,
    terms: PriceTerms,
    vector: NDArray[np.float32] | None,
    popularity: float,
    today: date,
    reviews: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Build a listing's document.

    Parameters
    ----------
    listing
        A row of the staged listings (`lodestay.lake.STAGED_LISTINGS`): :data:`COPIED`, and `latitude`,
        `longitude`, `amenities`, `host_languages`, `house_rules`, `bathrooms`, `rating`, `is_superhost`,
        `base_price_minor`.
    calendar
        None for a listing whose nights are not known: it is found without dates only.
    vector
        (dimension,) embedding, or None where there is no text to embed.
    popularity
        Orders results where nothing else does; higher is better (:func:`popularity`, until a model knows more).
    today
        Date at the listing: nights before it are left out.
    reviews
        Rows with `comment` and `language`, the newest first, of which :data:`REVIEWS` are read; what names a person
        is masked already, as in the lake.
    """
    return {
        **{name: listing[name] for name in COPIED},
        "location": {"lat": listing["latitude"], "lon": listing["longitude"]},
        "amenities": list(listing["amenities"]),
        **derived_fields(listing["property_type"], listing["amenities"]),
        "host_languages": list(listing["host_languages"] or ()),
        "labels": _labels(listing),
        "words": _words(listing, reviews),
        "bathrooms": _number(listing["bathrooms"]),
        "rating": _number(listing["rating"]),
        "superhost": listing["is_superhost"],
        "popularity": popularity,
        "vector": None if vector is None or not np.any(vector) else [float(x) for x in vector],
        **calendar_fields(calendar, today=today),
        "nightly_price_minor": nightly_price_minor(listing["base_price_minor"], calendar, today=today),
        **rate_fields(terms),
    }


def calendar_fields(calendar: StayCalendar | None, *, today: date) -> dict[str, Any]:
    """Build the part of a document that follows from its calendar: what an update of it replaces."""
    return {**availability.availability_fields(calendar, today=today), **price_fields(calendar, today=today)}


def rating_fields(rating: Decimal | float | None, review_count: int) -> dict[str, Any]:
    """Build the part of a document that a new review changes."""
    return {"rating": _number(rating), "review_count": review_count}


def nightly_price_minor(base_price_minor: int | None, calendar: StayCalendar | None, *, today: date) -> int | None:
    """Say what a night usually costs: by the calendar, else by the rate plan's base price."""
    usual = usual_nightly(calendar, today=today)
    return base_price_minor if usual is None else usual


def popularity(rating: Decimal | float | None, review_count: int, *, bookings_90: float | None = None) -> float:
    """Guess how well a listing does before a model has spoken: its rating, pulled to the usual by a few reviews.

    A listing counts as if it came with ten reviews of 4.6, and ten times the reviews are worth 0.23 stars.

    Parameters
    ----------
    bookings_90
        Of the last 90 days, which tell more than anything: the first is worth 0.69 stars. None where they are not
        known, as where PostgreSQL answers.
    """
    stars = (_number(rating) or _USUAL_RATING) * review_count + _USUAL_RATING * _USUAL_WEIGHT
    return stars / (review_count + _USUAL_WEIGHT) + 0.1 * log1p(review_count) + log1p(bookings_90 or 0.0)


def _labels(listing: Mapping[str, Any]) -> list[str]:
    """Say in words what it is, where, and what it has: codes by their labels, the neighbourhood by its name."""
    kinds = [listing[name].replace("_", " ") for name in ("property_type", "room_type")]
    where = [] if listing["neighbourhood"] is None else [listing["neighbourhood"]]
    return [*kinds, *where, *(AMENITIES[code].label for code in listing["amenities"] if code in AMENITIES)]


def _words(listing: Mapping[str, Any], reviews: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Put the texts into the fields of their languages: the title apart, and all that is said below it."""
    language = listing["language"]
    own = [(listing[name], language) for name in ("description", "house_rules")]
    said = [(review["comment"][:REVIEW_CHARACTERS], review["language"]) for review in reviews[:REVIEWS]]
    return {"title": by_their_language([(listing["title"], language)]), "text": by_their_language([*own, *said])}


def _number(value: Decimal | float | None) -> float | None:
    return None if value is None else float(value)
