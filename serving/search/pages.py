"""Which part of the ranked candidates a page shows: by its number, or by a cursor that holds their order as it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from search.answer import BestStays, Candidate, Retrieved
from search.request import MAX_PAGE_DEPTH, SearchRequest
from serving.search.cursor import LIFETIME, Order, following, unseal
from serving.search.ranking import Ranked, in_order
from serving.search.schemas import SearchQuery


@dataclass(frozen=True)
class Paging:
    """How a search is paged through.

    Attributes
    ----------
    order
        That the cursor holds; None where a page is asked for by its number.
    """

    query: SearchQuery
    order: Order | None
    key: str
    now: datetime

    @classmethod
    def of(cls, query: SearchQuery, *, key: str, now: datetime) -> Paging:
        """Read what is asked for; `InvalidSearchCursor` or `SearchCursorExpired` for a cursor that is not good."""
        return cls(query, None if query.cursor is None else unseal(query.cursor, query, key=key, now=now), key, now)

    def candidates(self, retrieved: Retrieved) -> tuple[Candidate, ...]:
        """Those to be ranked: all that were found, or those of the cursor's page.

        One of the cursor's that is not among the best any more is shown too, as long as it can be had; of its distance
        and its scores nothing is known then.
        """
        if self.order is None:
            return retrieved.candidates
        known = {candidate.listing_id: candidate for candidate in retrieved.candidates}
        return tuple(
            known.get(listing_id) or _unknown(listing_id, retrieved.best_stays)
            for listing_id in self.order.listing_ids[: self.query.page_size]
        )

    def page(self, request: SearchRequest, ranked: Ranked) -> Page:
        """Cut the page out of what was ranked, and say how to get to the next one."""
        order, size = self.order, request.page_size
        if order is not None:
            here, rest = order.listing_ids[:size], order.listing_ids[size:]
            ranked = in_order(ranked, here, ranker=order.ranker)
            rows, shown, ends_at = slice(0, len(here)), order.shown, order.ends_at
        else:
            shown, ends_at = (request.page - 1) * size, self.now + LIFETIME
            rows = slice(shown, min(shown + size, MAX_PAGE_DEPTH))
            rest = tuple(candidate.listing_id for candidate in ranked.candidates[rows.stop : MAX_PAGE_DEPTH])
        cursor = following(rest, self.query, ranker=ranked.ranker, shown=shown + size, key=self.key, ends_at=ends_at)
        return Page(ranked, rows, shown + 1, shown // size + 1, cursor)


def _unknown(listing_id: int, stays: BestStays | None) -> Candidate:
    """A candidate of which nothing is known but its best stay, where the dates are flexible and it still has one."""
    candidate = Candidate(listing_id, "", None, None, None, None, None)
    return candidate if stays is None else stays.given_to(candidate) or candidate


@dataclass(frozen=True)
class Page:
    """Some of the ranked candidates.

    Attributes
    ----------
    rows
        Which of `ranked` are on the page.
    first_rank
        Place of the first of them in the whole order, from 1.
    number
        Of the page, from 1.
    next_cursor
        Leads to what follows; None where nothing does.
    """

    ranked: Ranked
    rows: slice
    first_rank: int
    number: int
    next_cursor: str | None
