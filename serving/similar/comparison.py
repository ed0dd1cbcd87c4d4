"""Compare many listings with one: first by what a search knows of them, then, the few best, in everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from search.answer import Candidate
from search.stay_price import exchanged
from serving.search.confirmation import Confirmed
from serving.similar.rules import Likeness, Traits, likeness
from transactional.listings.cards import ListingCard
from transactional.quotes.pages import ShownListing

SHORTLIST: Final = 40
"""Listings that are confirmed and compared in everything: two pages of a search."""


@dataclass(frozen=True)
class Comparison:
    """Compares candidates with the original; `factors` bring their prices into one currency."""

    own: Traits
    factors: Mapping[str, float]

    def shortlist(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The most alike as far as is known without their cards: as if all were of the original's type."""
        scores = {each.listing_id: self._likeness(each, self._assumed(each)).score for each in candidates}
        return sorted(candidates, key=lambda each: (-scores[each.listing_id], each.listing_id))[:SHORTLIST]

    def best(
        self, candidates: Sequence[Candidate], confirmed: Mapping[int, Confirmed]
    ) -> list[tuple[Candidate, Likeness]]:
        """Those that were confirmed, compared in everything, the most alike first."""
        compared = [
            (each, self._likeness(each, self._traits(each, confirmed[each.listing_id].card)))
            for each in candidates
            if each.listing_id in confirmed
        ]
        return sorted(compared, key=lambda pair: (-pair[1].score, pair[0].listing_id))

    def _likeness(self, candidate: Candidate, traits: Traits) -> Likeness:
        km = candidate.distance_km or 0.0
        return likeness(self.own, traits, cosine=candidate.vector_score, distance_km=km)

    def _assumed(self, candidate: Candidate) -> Traits:
        factor = self.factors.get(candidate.currency)
        return replace(self.own, nightly_minor=_exchanged(candidate.nightly_price_minor, factor))

    def _traits(self, candidate: Candidate, card: ListingCard | ShownListing) -> Traits:
        return traits_of(card, candidate.nightly_price_minor, self.factors.get(candidate.currency))


def traits_of(card: ListingCard | ShownListing, nightly_minor: int | None, factor: float | None) -> Traits:
    """What of a listing is compared, its price at a rate of exchange."""
    return Traits(card.room_type, card.property_type, card.accommodates, _exchanged(nightly_minor, factor))


def _exchanged(minor: int | None, factor: float | None) -> int | None:
    return None if minor is None or factor is None else exchanged(minor, factor)
