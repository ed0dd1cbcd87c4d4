"""Reviews: who wrote when, how many stars, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa

from lodestay.snapshot import REVIEWS
from simulation.cities import City
from simulation.draws import Ints, Texts, happens, pick_text
from simulation.homes import Homes
from simulation.prose import review_comments
from simulation.rates import Rates

TRAVELLERS: Final = {
    "en": 0.40,
    "de": 0.11,
    "fr": 0.11,
    "es": 0.09,
    "it": 0.07,
    "zh": 0.06,
    "nl": 0.05,
    "ja": 0.04,
    "pt": 0.04,
    "sv": 0.03,
}
"""Languages of guests from abroad; a third of the guests speak the city's own."""
_HOME_SHARE = 0.33
_MOST_REVIEWS = 400


@dataclass(frozen=True)
class Reviews:
    """The reviews of a city.

    Attributes
    ----------
    listing
        (r,) row of the listing, ascending.
    day
        (r,) proleptic ordinal of the date.
    stars
        (r,) 1 to 5.
    language
        (r,) of the author.
    """

    listing: Ints
    day: Ints
    stars: Ints
    language: Texts


def guest_languages(rng: np.random.Generator, city: City, count: int) -> Texts:
    """Draw the languages of guests of a city."""
    own = next(iter(city.languages))
    return np.where(happens(rng, _HOME_SHARE, count), own, pick_text(rng, TRAVELLERS, count))


def draw_reviews(rng: np.random.Generator, city: City, homes: Homes, rates: Rates, *, as_of: date) -> Reviews:
    """Draw reviews: homes that are old, good and cheap for what they are have many, one in eight has none."""
    count = len(homes.quality)
    age = np.where(happens(rng, 0.1, count), 40.0, 3200 * rng.beta(1.2, 2.0, count) + 60)
    bargain = np.log(rates.fair_minor / np.maximum(rates.base_minor, 1))
    monthly = 0.34 * np.exp(0.3 * homes.quality + 0.8 * bargain + 0.8 * rng.standard_normal(count))
    expected = np.minimum(monthly * age / 30.4, _MOST_REVIEWS) * ~happens(rng, 0.08, count)
    written = rng.poisson(expected)
    listing = np.repeat(np.arange(count), written)
    total = len(listing)
    back = 1 + np.floor(age[listing] * rng.random(total) ** 1.3).astype(np.int64)
    day = as_of.toordinal() - back
    order = np.lexsort((day, listing))
    met = 4.82 + 0.32 * homes.quality[listing] + 0.35 * bargain[listing] + 0.62 * rng.standard_normal(total)
    stars = np.clip(np.round(met), 1, 5).astype(np.int64)
    return Reviews(listing, day[order], stars, guest_languages(rng, city, total))


def review_table(rng: np.random.Generator, reviews: Reviews, *, ids: pa.Array, seed: int) -> pa.Table:
    """Make the rows, each with a comment in its author's language."""
    total = len(reviews.listing)
    authors = rng.integers(0, 2**63, size=(total, 2))
    columns = [
        ids.take(reviews.listing),
        [f"s{seed}-{n}" for n in range(total)],
        [f"{high:016x}{low:016x}" for high, low in authors.tolist()],
        pa.array((reviews.day - date(1970, 1, 1).toordinal()).astype("datetime64[D]")),
        reviews.stars.astype(np.int32),
        review_comments(rng, stars=reviews.stars, language=reviews.language),
        reviews.language.tolist(),
    ]
    return pa.table(columns, schema=REVIEWS)


@dataclass(frozen=True)
class Ratings:
    """What a listing's reviews add up to.

    Attributes
    ----------
    count
        (n,) reviews.
    overall
        (n,) hundredths of stars, the exact mean rounded half up; 0 without reviews.
    aspects
        (n, 6) hundredths of stars, in the order of the snapshot's columns.
    first, last
        (n,) ordinals of dates; 0 without reviews.
    """

    count: Ints
    overall: Ints
    aspects: Ints
    first: Ints
    last: Ints


def add_up(rng: np.random.Generator, reviews: Reviews, homes: Homes) -> Ratings:
    """Add the reviews up by listing."""
    listings = len(homes.quality)
    count = np.bincount(reviews.listing, minlength=listings)
    stars = np.bincount(reviews.listing, weights=reviews.stars, minlength=listings).astype(np.int64)
    some = np.maximum(count, 1)
    overall = (200 * stars + some) // (2 * some)
    tilt = 18 * rng.standard_normal((listings, 6)) + np.array([4, 0, 9, 10, 0, -12])
    tilt[:, 4] -= 6 * (homes.centre_km - homes.centre_km.mean())
    aspects = np.clip(overall[:, None] + np.round(tilt).astype(np.int64), 100, 500)
    first, last = np.zeros((2, listings), dtype=np.int64)
    ends = np.cumsum(count)
    reviewed = count > 0
    first[reviewed] = reviews.day[(ends - count)[reviewed]]
    last[reviewed] = reviews.day[ends[reviewed] - 1]
    return Ratings(count, overall, aspects, first, last)
