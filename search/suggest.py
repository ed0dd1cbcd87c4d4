"""What a guest may mean, while typing: places from the gazetteer, listings by the words of their titles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import structlog
from opensearchpy import AsyncOpenSearch

from search.engine import ask
from search.errors import SearchUnavailable
from search.gazetteer import Gazetteer
from search.places import Place
from search.request import MAX_TEXT, Point

NO_LISTINGS: Final = "search index not reachable: places only"

_FUZZY: Final = "AUTO:4,9"
"""One letter may be wrong in words of four and more, two in words of nine and more."""


log = structlog.get_logger(__name__)


class SuggestionKind(StrEnum):
    """What is suggested."""

    CITY = "city"
    MARKET = "market"
    NEIGHBOURHOOD = "neighbourhood"
    LANDMARK = "landmark"
    LISTING = "listing"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A place, or a listing.

    Attributes
    ----------
    text
        To show, and to put into the field when chosen.
    place
        Where to look; None for a listing.
    listing_id, market
        The listing, and where it is; the market of a place, where it lies in one.
    """

    kind: SuggestionKind
    text: str
    place: Place | None
    listing_id: int | None
    market: str | None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What was found, places first; `degraded` says what had to be left out."""

    items: tuple[Suggestion, ...]
    degraded: tuple[str, ...]


class Suggester:
    """Completes what is typed.

    Parameters
    ----------
    client, alias, timeout_ms
        As of :class:`search.engine.OpenSearchEngine`. Without a client or an answer, places alone are suggested.
    """

    def __init__(self, client: AsyncOpenSearch | None, gazetteer: Gazetteer, *, alias: str, timeout_ms: int) -> None:
        self._client = client
        self._gazetteer = gazetteer
        self._alias = alias
        self._timeout_ms = timeout_ms

    async def suggest(self, text: str, *, near: Point | None, market: str | None, limit: int) -> Suggestions:
        """Suggest at most `limit` places and listings, of which places take at most two thirds while listings fit.

        Parameters
        ----------
        near, market
            Where the guest looks: what lies there comes first.
        """
        places = [_of_place(place) for place in self._gazetteer.complete(text, near=near, limit=limit)]
        listings, degraded = await self._listings(text, market=market, limit=limit)
        room = limit - min(len(listings), limit // 3)
        shown = places[:room]
        return Suggestions((*shown, *listings[: limit - len(shown)]), degraded)

    async def _listings(self, text: str, *, market: str | None, limit: int) -> tuple[list[Suggestion], tuple[str, ...]]:
        if not text.strip():
            return [], ()
        if self._client is None:
            return [], (NO_LISTINGS,)
        body = suggest_body(text, market=market, limit=limit, timeout_ms=self._timeout_ms)
        try:
            answer = await ask(self._client, self._alias, body, seconds=2 * self._timeout_ms / 1000)
        except SearchUnavailable as error:
            log.warning("suggestions degraded", reason=error.detail)
            return [], (NO_LISTINGS,)
        return [_of_listing(hit["_source"]) for hit in answer["hits"]["hits"]], ()


def suggest_body(text: str, *, market: str | None, limit: int, timeout_ms: int) -> dict[str, Any]:
    """Ask for listings with a word in the title for each typed one: words that begin so, then such with a slip.

    Parameters
    ----------
    market
        Whose listings come first among equals; others are found too.
    """
    typed = {"query": text[:MAX_TEXT], "operator": "and"}
    as_typed = {"match": {"title.begins": typed}}
    with_slips = {"match": {"title.begins": typed | {"fuzziness": _FUZZY, "prefix_length": 1}}}
    here = [{"constant_score": {"filter": {"term": {"market": market}}, "boost": 1}}] if market else []
    return {
        "size": limit,
        "timeout": f"{timeout_ms}ms",
        "track_total_hits": False,
        "_source": ["listing_id", "title", "market"],
        "query": {
            "bool": {
                "filter": [{"term": {"is_active": True}}],
                "must": {
                    "dis_max": {
                        "queries": [
                            {"constant_score": {"filter": as_typed, "boost": 4}},
                            {"constant_score": {"filter": with_slips, "boost": 2}},
                        ]
                    }
                },
                "should": here,
            }
        },
        "sort": ["_score", {"popularity": {"order": "desc", "missing": "_last"}}, {"listing_id": "asc"}],
    }


def _of_place(place: Place) -> Suggestion:
    return Suggestion(SuggestionKind(place.kind.value), place.name, place, None, place.market)


def _of_listing(source: dict[str, Any]) -> Suggestion:
    return Suggestion(SuggestionKind.LISTING, source["title"], None, source["listing_id"], source["market"])
