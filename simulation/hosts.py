"""Hosts: most have one home, a few have dozens, and some are better hosts than others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from lodestay.ids import pseudonym
from lodestay.snapshot import HOSTS
from simulation.cities import City
from simulation.draws import Floats, Ints, Texts, happens, pick_text

_LARGEST_PORTFOLIO = 80
_BUSINESS = 5
"""Homes from which a host does it for a living."""
_SUPERHOST_FROM = 0.55
"""Latent quality from which a host may carry the badge."""

_SPEAK_ENGLISH = 0.65
"""Share of hosts that speak English beside the language they write in."""


@dataclass(frozen=True)
class Hosts:
    """The hosts of a city.

    Attributes
    ----------
    table
        Rows of :data:`lodestay.snapshot.HOSTS`.
    quality
        (h,) standard normal; what guests meet, never shown.
    language
        (h,) language the host writes in.
    homes
        (h,) listings of each host.
    of_listing
        (n,) row of the host of each listing.
    """

    table: pa.Table
    quality: Floats
    language: Texts
    homes: Ints
    of_listing: Ints


def make_hosts(rng: np.random.Generator, city: City, *, listings: int, seed: int, as_of: date) -> Hosts:
    """Draw hosts for that many listings, with portfolios from a Pareto distribution."""
    wanted = np.minimum(1 + np.floor(0.55 * rng.pareto(1.25, listings)), _LARGEST_PORTFOLIO).astype(np.int64)
    last = int(np.searchsorted(np.cumsum(wanted), listings))
    homes = wanted[: last + 1]
    homes[-1] -= homes.sum() - listings
    count = len(homes)
    quality = rng.standard_normal(count)
    # People who let many homes answer fast and by the book, and are a little less loved for it.
    business = homes >= _BUSINESS
    quality = quality - 0.35 * business
    rate = np.clip(0.93 + 0.05 * quality + 0.03 * business + 0.05 * rng.standard_normal(count), 0.2, 1.0)
    acceptance = np.clip(0.88 + 0.06 * quality + 0.08 * business + 0.08 * rng.standard_normal(count), 0.1, 1.0)
    hours = np.clip(np.exp(1.2 - 0.6 * quality - 0.7 * business + 0.8 * rng.standard_normal(count)), 1, 72)
    silent = happens(rng, 0.07, count)  # nobody wrote to them yet
    since = as_of.toordinal() - (60 + 4200 * rng.beta(1.6, 2.2, count)).astype(np.int64)
    columns = [
        [pseudonym("synthetic", city.facts.market_key, str(seed), str(n)) for n in range(count)],
        [date.fromordinal(day) for day in since.tolist()],
        pa.array(hours.astype(np.int32), mask=silent),
        pa.array((rate * 100).round().astype(np.int32) * 100, mask=silent),
        pa.array((acceptance * 100).round().astype(np.int32) * 100, mask=silent),
        (quality > _SUPERHOST_FROM) & happens(rng, 0.7, count),
        happens(rng, 0.9, count),
    ]
    language = pick_text(rng, city.languages, count)
    of_listing = rng.permutation(np.repeat(np.arange(count), homes))
    english = happens(rng, _SPEAK_ENGLISH, count)
    spoken = [
        sorted({own, "en"} if too else {own}) for own, too in zip(language.tolist(), english.tolist(), strict=True)
    ]
    return Hosts(pa.table([*columns, spoken], schema=HOSTS), quality, language, homes, of_listing)
