"""What a guest may mean, while typing: places, listings by the words of their titles, what others asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from search.gazetteer import Completion, Gazetteer
from search.places import Place
from search.popular import PopularSearches
from search.request import MAX_TEXT, Point
from search.titles import Titles

NO_LISTINGS: Final = "titles not loaded: no listings are suggested"


class SuggestionKind(StrEnum):
    """What is suggested."""

    CITY = "city"
    MARKET = "market"
    NEIGHBOURHOOD = "neighbourhood"
    LANDMARK = "landmark"
    SEARCH = "search"
    LISTING = "listing"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A place, a past search or a listing.

    Attributes
    ----------
    text
        To show, and to put into the field when chosen.
    place
        Where to look; None for a listing or a search.
    listing_id, market
        The listing, and where it is; the market of a place, where it lies in one.
    matched
        The name of a place that begins as typed, where the text does not.
    """

    kind: SuggestionKind
    text: str
    place: Place | None = None
    listing_id: int | None = None
    market: str | None = None
    matched: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What was found; `degraded` says what had to be left out."""

    items: tuple[Suggestion, ...]
    degraded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggester:
    """Completes what is typed, from memory alone.

    Attributes
    ----------
    titles
        None where they are not loaded yet.
    """

    gazetteer: Gazetteer
    titles: Titles | None
    searches: PopularSearches

    def suggest(self, text: str, *, near: Point | None, market: str | None, limit: int) -> Suggestions:
        """Suggest at most `limit` places, past searches and listings, in this order.

        What begins as typed stands before what is one slip away. Places leave a quarter each to searches and listings,
        where there are any; of what places do not take these two have one in turn.

        Parameters
        ----------
        near, market
            Where the guest looks: what lies there comes first.
        """
        typed = text[:MAX_TEXT]
        places = self.gazetteer.complete(typed, near=near, market=market, limit=limit)
        asked, asked_slipped = self.searches.find(typed, market=market, limit=limit)
        titles, titles_slipped = ([], 0) if self.titles is None else self.titles.find(typed, market=market, limit=limit)
        groups = [
            (any(found.is_slipped for found in places), [_of_place(found) for found in places]),
            (asked_slipped > 0, [Suggestion(SuggestionKind.SEARCH, text) for text in asked]),
            (
                titles_slipped > 0,
                [Suggestion(SuggestionKind.LISTING, t.title, None, t.listing_id, t.market) for t in titles],
            ),
        ]
        rooms = _rooms([len(found) for _, found in groups], limit)
        shown = [(slipped, found[:room]) for (slipped, found), room in zip(groups, rooms, strict=True)]
        items = [item for _, found in sorted(shown, key=lambda group: group[0]) for item in found]
        return Suggestions(tuple(items), () if self.titles is not None else (NO_LISTINGS,))


def _rooms(found: list[int], limit: int) -> list[int]:
    """How many of each group are shown."""
    places, *others = found
    rooms = [0, *(min(count, limit // 4) for count in others)]
    rooms[0] = min(places, limit - sum(rooms))
    while sum(rooms) < limit and rooms[1:] != others:
        for group, count in enumerate(found[1:], 1):
            rooms[group] += int(rooms[group] < count and sum(rooms) < limit)
    return rooms


def _of_place(found: Completion) -> Suggestion:
    place = found.place
    return Suggestion(SuggestionKind(place.kind.value), place.name, place, None, place.market, found.matched)
