"""Why a listing is not in the results: each thing that a search asks, asked of this listing alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Final

from lodestay.calendar import RefusedStay, StayCalendar
from search.fallback import Supply, retrieve
from search.request import Filters, SearchRequest, Sort
from search.today import Today
from transactional.calendars.errors import sentence_of

INACTIVE = "inactive"
NO_RATE_PLAN = "no_rate_plan"
NO_CALENDAR = "no_calendar"
BEYOND = "beyond_the_first"
NOT_KNOWN_YET = "not_known_yet"
ELSEWHERE = "on_another_page"

SENTENCES: Final = {
    INACTIVE: "It is not on the market.",
    NO_RATE_PLAN: "It has no rate plan, so it has no price.",
    NO_CALENDAR: "It has no calendar for these nights.",
    BEYOND: "It fits, and stands behind the first results, which alone are ordered.",
    NOT_KNOWN_YET: "It fits, and the search does not know of it yet, or not of its last change.",
    "market": "It is in another market.",
    "area": "It lies outside the area.",
    ELSEWHERE: "It is on another page of these results.",
    "flexible": "It takes none of the stays that these dates come to.",
    "guests": "It does not take so many guests.",
    "room_types": "Its room type is none of those asked for.",
    "property_types": "Its property type is none of those asked for.",
    "categories": "It is in none of the categories asked for.",
    "amenities": "It does not have all of the amenities asked for.",
    "accessibility": "It does not have everything asked for about getting in and around.",
    "allows": "Its host does not say that all that is asked for is allowed.",
    "host_languages": "Its host does not say that they speak one of the languages asked for.",
    "neighbourhoods": "It is in none of the neighbourhoods asked for.",
    "cancellation_policies": "Its cancellation policy is none of those asked for.",
    "min_price_minor": "It costs less than the lowest price asked for, or has no price in that currency.",
    "max_price_minor": "It costs more than the highest price asked for, or has no price in that currency.",
    "min_bedrooms": "It has fewer bedrooms than asked for, or does not say how many.",
    "min_beds": "It has fewer beds than asked for, or does not say how many.",
    "min_bathrooms": "It has fewer bathrooms than asked for, or does not say how many.",
    "min_rating": "It is rated lower than asked for, or not at all.",
    "instant_book": "Whether it is booked at once is not as asked for.",
    "superhost": "Whether its host is a superhost is not as asked for.",
}
"""By the names here, and those of :class:`search.request.Filters`."""


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Something that keeps a listing out by itself.

    Attributes
    ----------
    rule
        A rule of the stay (:class:`lodestay.calendar.Refusal`), a part of the search, or one of the names here.
    """

    rule: str
    sentence: str
    nights: tuple[date, ...] = ()
    limit: int | None = None


def named(rule: str) -> Hindrance:
    """One that is known by its name."""
    return Hindrance(rule, SENTENCES[rule])


def hindrances(request: SearchRequest, supply: Supply, *, today: date, hour: int) -> list[Hindrance]:
    """Everything in a search that keeps the one listing of `supply` out, whose row says that it is active.

    Parameters
    ----------
    today, hour
        Date and hour of the day where the listing is.
    """
    (row,) = supply.listings
    refused = _refused(request, supply.calendars.get(row["listing_id"]), today=today, hour=hour)
    dated = refused is None and _takes_any(request, supply, today=today)
    parts = _parts(request, priced=dated)
    found = [] if refused is None else [refused]
    return found + [
        named(name) for name, alone in parts if not retrieve(alone, supply, today=Today(today), reason="").total_count
    ]


def _takes_any(request: SearchRequest, supply: Supply, *, today: date) -> bool:
    """Whether the listing takes one of the flexible stays; true without any."""
    dates = replace(_nothing(request), flexible=request.flexible)
    return not request.flexible or bool(retrieve(dates, supply, today=Today(today), reason="").total_count)


def _refused(request: SearchRequest, calendar: StayCalendar | None, *, today: date, hour: int) -> Hindrance | None:
    if request.stay is None:
        return None
    if calendar is None:
        return named(NO_CALENDAR)
    refused: RefusedStay | None = calendar.refuse(request.stay, today=today, hour=hour)
    if refused is None:
        return None
    return Hindrance(refused.rule, sentence_of(refused, request.stay), refused.nights, refused.limit)


def _parts(request: SearchRequest, *, priced: bool) -> Iterator[tuple[str, SearchRequest]]:
    """Each thing asked, alone; a price only where the stay has one."""
    nothing = _nothing(request)
    yield "market", replace(nothing, market=request.market)
    yield "area", replace(nothing, area=request.area)
    if request.flexible:
        yield "flexible", replace(nothing, flexible=request.flexible)
    yield "guests", replace(nothing, guests=request.guests)
    for field in fields(Filters):
        value = getattr(request.filters, field.name)
        if value == field.default:
            continue
        asked = replace(Filters(), **{field.name: value})
        if "price" not in field.name:
            yield field.name, replace(nothing, filters=asked)
        elif priced:
            yield field.name, replace(nothing, stay=request.stay, flexible=request.flexible, filters=asked)


def _nothing(request: SearchRequest) -> SearchRequest:
    """A search that keeps nothing out, in the same currency."""
    return replace(
        request,
        text=None,
        text_vector=None,
        market=None,
        area=None,
        stay=None,
        flexible=(),
        guests=1,
        filters=Filters(),
        sort=Sort.RELEVANCE,
    )
