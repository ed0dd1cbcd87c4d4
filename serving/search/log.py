"""What a search leaves in the event log: what was shown, and what the ranker saw in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

from lodestay.clock import Clock
from lodestay.ids import new_id, pseudonym
from lodestay.masking import mask_contacts
from lodestay.stay import Stay
from search.asked import asked_of
from search.events import MOST_KEPT_OUT, AreaKind, FlexibleDates, KeptOut, NoResults, SearchEvent, Shown
from search.flexible import AroundDates, InMonths, MonthsAhead, Wish
from search.request import Bounds, Circle, Filters, Polygon, SearchRequest
from serving.search.answer import SearchOut
from serving.search.ranking import Seen
from serving.search.schemas import MAX_CODE
from transactional.users.actors import Actor

NOWHERE = "nowhere"
"""Market of a search that named none and found nothing."""
UNKNOWN_LANGUAGE = "und"
"""Of a guest whose language is none that there is (BCP 47)."""
_AREAS: Final[dict[type, AreaKind]] = {Circle: "circle", Bounds: "bounds", Polygon: "polygon"}


@dataclass(frozen=True)
class Visit:
    """Who looks, as far as the log may know: never an id of a person.

    Attributes
    ----------
    visitor
        What counts as one person: None where a visit is named by nobody, since each of its searches would be another.
    """

    session_id: str
    guest_key: str | None
    visitor: str | None


@dataclass(frozen=True)
class Circumstances:
    """What the log keeps of a search beside its request and its answer.

    Attributes
    ----------
    written
        The wish as it came, the place in it included.
    when
        The dates as they were asked for.
    today
        Where the guest looked.
    """

    written: str | None
    when: Stay | Wish | None
    today: date
    nothing_because: NoResults | None
    latency_ms: float


def visit_of(actor: Actor | None, session_key: str | None, *, masking_key: str) -> Visit:
    """Name a visit: by the client's random id, else by a fresh one; the guest by a pseudonym."""
    guest_key = None if actor is None else pseudonym(masking_key, "guest", str(actor.user_id))
    return Visit(session_key or str(new_id()), guest_key, guest_key or session_key)


def search_event(
    answer: SearchOut,
    request: SearchRequest,
    seen: Sequence[Seen],
    around: Circumstances,
    *,
    first_rank: int,
    visit: Visit,
    clock: Clock,
) -> SearchEvent:
    """Write down what was shown, with the values that the ranker used.

    Parameters
    ----------
    seen
        By row of the page, before any was dropped: `seen[0]` is of `first_rank`.
    """
    origin = request.origin
    kept_out = answer.regained or []
    return SearchEvent(
        event_id=new_id(),
        occurred_at=clock.now(),
        market=answer.market or next((result.market for result in answer.results), NOWHERE),
        session_id=visit.session_id,
        guest_key=visit.guest_key,
        search_id=answer.search_id,
        text=None if request.text is None else mask_contacts(request.text),
        check_in=answer.check_in,
        check_out=answer.check_out,
        guests=request.guests,
        latitude=None if origin is None else origin.latitude,
        longitude=None if origin is None else origin.longitude,
        currency=request.currency,
        locale=known_locale(request.locale),
        total_count=answer.total_count,
        ranker=answer.ranker,
        results=[
            Shown(
                listing_id=result.listing_id,
                position=result.rank,
                total_minor=None if result.price.total is None else result.price.total.minor,
                score=result.score,
                features=seen[result.rank - first_rank].features,
                check_in=result.check_in if request.flexible else None,
                check_out=result.check_out if request.flexible else None,
            )
            for result in answer.results
        ],
        asked=asked_of(around.written),
        visitor=visit.visitor,
        place=None if answer.place is None else answer.place.name,
        lead_days=None if answer.check_in is None else (answer.check_in - around.today).days,
        filters=filters_in_use(request.filters),
        sort=request.sort,
        page=answer.page,
        page_size=answer.page_size,
        kept_out=[
            KeptOut(
                filter=one.filter,
                value=None if one.value is None else _masked(one.value),
                more=one.more,
            )
            for one in kept_out[:MOST_KEPT_OUT]
        ],
        nothing_because=around.nothing_because,
        degraded=answer.degraded,
        latency_ms=round(around.latency_ms, 3),
        flexible=flexible_dates(around.when),
        area=_AREAS.get(type(request.area)),
    )


def flexible_dates(when: Stay | Wish | None) -> FlexibleDates | None:
    """Write down dates that were left open; None for fixed ones and none."""
    match when:
        case AroundDates(stay, days):
            return FlexibleDates(
                kind="days", nights=stay.nights, days=days, check_in=stay.check_in, check_out=stay.check_out
            )
        case InMonths(trip, months):
            return FlexibleDates(kind=trip, nights=trip.nights, months=[str(month) for month in months])
        case MonthsAhead(trip, months_ahead):
            return FlexibleDates(kind=trip, nights=trip.nights, months_ahead=months_ahead)
        case _:
            return None


def filters_in_use(filters: Filters) -> dict[str, list[str]]:
    """Name the filters that ask for something, each with its values in order.

    Codes are whatever the guest sent, and may hold contacts; numbers may not, and would look like telephones.
    """
    unused = Filters()
    asked = {field.name: getattr(filters, field.name) for field in fields(Filters)}
    return {
        name: sorted(_masked(code) for code in value) if isinstance(value, frozenset) else [str(value)]
        for name, value in asked.items()
        if value != getattr(unused, name)
    }


@lru_cache(maxsize=1_024)
def known_locale(tag: str) -> str:
    """Keep of a language tag what CLDR knows: all of it, or its language, or `und`; the rest may be anybody's name."""
    for told in (tag, tag.partition("-")[0]):
        try:
            locale = Locale.parse(told, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
        known = str(locale).lower().split("_")
        return told if set(told.lower().split("-")) <= set(known) else locale.language
    return UNKNOWN_LANGUAGE


def _masked(code: str) -> str:
    """Mask contacts in a code; what stands for a short one is longer, and an event has no more room than a code had."""
    return mask_contacts(code)[:MAX_CODE]
