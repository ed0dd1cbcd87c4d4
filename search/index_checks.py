"""What a new index must show before searches may read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from opensearchpy import OpenSearch

from lodestay.calendar import HORIZON_NIGHTS, StayCalendar
from lodestay.pricing import PriceTerms, price_stay
from lodestay.stay import MAX_NIGHTS, Stay
from search.document import document_id
from search.engine import candidates
from search.errors import IndexNotReady
from search.query import search_body
from search.request import Circle, Filters, Point, SearchRequest, Sort
from search.today import Today

_PATIENCE_MS: Final = 30_000
_STAYS: Final = 8
"""Random stays tried for each sampled listing."""
_NEARBY_KM: Final = 0.1
_LENGTHS: Final = (1, 2, 3, 5, 7, 14, 28, 90)


@dataclass(frozen=True)
class Sample:
    """A listing drawn from the source of the index, with what is known of it there.

    Attributes
    ----------
    today
        Day for which its document was written: of another day the calendar says something else.
    """

    listing: Mapping[str, Any]
    calendar: StayCalendar | None
    terms: PriceTerms
    today: date


@dataclass(frozen=True)
class Expected:
    """What the index should hold.

    Attributes
    ----------
    documents
        How many.
    samples
        Random listings, each looked up by id, by place, and by stays its calendar takes and refuses.
    missed
        When the newest change began that the documents do not have and that nobody will write again; None
        where there is none.
    """

    documents: int
    samples: Sequence[Sample]
    missed: datetime | None


def check(client: OpenSearch, index: str, expected: Expected, *, rng: np.random.Generator) -> None:
    """Ask the index about itself.

    Raises
    ------
    IndexNotReady
        With everything that was wrong in `problems`.
    """
    problems: list[str] = []
    count = client.count(index=index)["count"]
    if count != expected.documents:
        problems.append(f"{count} documents instead of {expected.documents}")
    if expected.documents and not expected.samples:
        problems.append("no listing was drawn to be looked up")
    if expected.missed is not None:
        problems.append(f"the documents lack changes up to {expected.missed}")
    for sample in expected.samples:
        problems += _look_up(client, index, sample, rng=rng)
    if problems:
        raise IndexNotReady(
            f"{index} is not what it should be: {problems[0]}"
            + (f" (and {len(problems) - 1} more)." if len(problems) > 1 else "."),
            hint="The index before it stays in service; run the build again.",
            index=index,
            problems=problems,
        )


def _look_up(client: OpenSearch, index: str, sample: Sample, *, rng: np.random.Generator) -> Iterator[str]:
    """Find a listing by id, and by searches where it lies: without dates, and for random stays."""
    listing_id = sample.listing["listing_id"]
    if not client.exists(index=index, id=document_id(listing_id)):
        yield f"listing {listing_id} is not there"
        return
    if not sample.listing["is_active"]:
        return
    requests = [_request(sample, stay) for stay in (None, *_random_stays(sample.calendar, sample.today, rng))]
    searches: list[dict[str, Any]] = []
    for request in requests:
        body = search_body(request, today=Today(sample.today), timeout_ms=_PATIENCE_MS) | {"size": 1, "aggs": {}}
        body["query"]["bool"]["filter"].append({"term": {"listing_id": listing_id}})
        searches += [{}, body]
    answers = client.msearch(index=index, body=searches)["responses"]
    for request, answer in zip(requests, answers, strict=True):
        if problem := _problem(sample, request, answer):
            yield problem


def _problem(sample: Sample, request: SearchRequest, answer: dict[str, Any]) -> str | None:
    """Compare what was found with what the pure rules say."""
    stay, calendar = request.stay, sample.calendar
    asked = f"listing {sample.listing['listing_id']} "
    asked += "without dates" if stay is None else f"for {stay.check_in} to {stay.check_out}"
    if "error" in answer:
        return f"{asked}: {answer['error']}"
    free, total = stay is None, None
    if stay is not None and calendar is not None and calendar.refuse(stay, today=sample.today) is None:
        nights_minor = int(calendar.nightly_prices(stay).sum())
        price = price_stay(
            sample.terms,
            nights_minor=nights_minor,
            nights=stay.nights,
            guests=request.guests,
            lead_days=(stay.check_in - sample.today).days,
        )
        free, total = True, price.total_minor
    found = candidates(request, answer)
    if bool(found) != free:
        return f"{asked} is {'found' if found else 'not found'}, its calendar says otherwise"
    if found and found[0].total_minor != total:
        return f"{asked} costs {found[0].total_minor}, its price is {total}"
    return None


def _request(sample: Sample, stay: Stay | None) -> SearchRequest:
    listing = sample.listing
    return SearchRequest(
        text=None,
        market=listing["market"],
        area=Circle(Point(listing["latitude"], listing["longitude"]), _NEARBY_KM),
        centre=None,
        stay=stay,
        guests=listing["accommodates"],
        filters=Filters(),
        sort=Sort.RELEVANCE,
        page=1,
        page_size=1,
        currency=sample.terms.currency,
        locale="en",
        rates={},
    )


def _random_stays(calendar: StayCalendar | None, today: date, rng: np.random.Generator) -> Iterator[Stay]:
    """Draw stays of any length on any day, and as many of the shortest length that a free night takes."""
    lengths = rng.choice(_LENGTHS, size=_STAYS)
    yield from (_stay(today, int(rng.integers(HORIZON_NIGHTS - nights)), int(nights)) for nights in lengths)
    if calendar is None:
        return
    free = np.flatnonzero(calendar.free[max(0, calendar.index(today)) :])
    for night in rng.choice(free, size=min(_STAYS, free.size), replace=False).tolist():
        shortest = int(calendar.min_stay[max(0, calendar.index(today)) + night])
        yield _stay(max(calendar.start, today), night, min(max(1, shortest), MAX_NIGHTS))


def _stay(first: date, days: int, nights: int) -> Stay:
    check_in = first + timedelta(days=days)
    return Stay(check_in, check_in + timedelta(days=nights))
