"""The other way to an answer, for when OpenSearch does not give one: the same search over rows.

Pure and plain: whoever calls brings the rows, calendars and price terms of the listings that may fit.
What is bookable, what it costs and what is counted is exactly what the engine says (a test compares the
two); only the order by relevance is poorer, since words are matched as they are and meaning not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import inf
from typing import Any

from lodestay.calendar import StayCalendar
from lodestay.pricing import PriceTerms, price_stay
from lodestay.stay import Stay
from search import histogram
from search.answer import Candidate, PriceDay, Retrieved
from search.document import nightly_price_minor, popularity
from search.facets import DERIVED, FACETS, PRICE, Facet, facet_values
from search.geography import contains, distance_km
from search.request import MAX_PAGE_DEPTH, MAX_TEXT, Filters, Point, SearchRequest, Sort
from search.ring import is_askable
from search.stay_price import exchange_factors, exchanged
from search.today import Today


@dataclass(frozen=True)
class Supply:
    """What is known of the listings that may fit.

    Attributes
    ----------
    listings
        Rows with the columns that :func:`search.document.build_document` reads; inactive ones may be among them.
    calendars, terms
        By listing_id; a listing without a calendar cannot be booked.
    """

    listings: Iterable[Mapping[str, Any]]
    calendars: Mapping[int, StayCalendar]
    terms: Mapping[int, PriceTerms]


@dataclass(frozen=True, slots=True)
class _Found:
    """A listing that has all that must be; `unticked`: the groups of ticked values that it does not meet."""

    listing: Mapping[str, Any]
    candidate: Candidate
    price_minor: int | None
    unticked: frozenset[str]


def retrieve(request: SearchRequest, supply: Supply, *, today: Today, reason: str) -> Retrieved:
    """Answer a search from rows.

    Parameters
    ----------
    reason
        Why the engine was not asked, for the guest to read: ``search index unavailable: …``.
    """
    factors = exchange_factors(request.rates, request.currency)
    found = [
        _look_at(listing, chosen, request, supply, factors=factors, today=today.of(listing["market"]))
        for listing in supply.listings
        if _is_possible(listing, request)
        and (chosen := _choose(listing, request, supply, today.of(listing["market"]))) is not None
    ]
    results = sorted((f for f in found if not f.unticked), key=lambda f: _rank(f, request))
    return Retrieved(
        candidates=tuple(f.candidate for f in results[:MAX_PAGE_DEPTH]),
        total_count=len(results),
        facets={
            facet.name: facet_values(
                facet.counts(
                    request.filters,
                    Counter(
                        value
                        for f in found
                        if f.unticked <= (frozenset() if facet.all_of else {facet.name})
                        for value in _values(f.listing, facet)
                    ),
                ),
                facet.selected(request.filters),
            )
            for facet in FACETS
        },
        histogram=histogram.bins(
            histogram.count(f.price_minor for f in found if f.price_minor is not None and f.unticked <= {PRICE})
        ),
        degraded=(reason,),
    )


def price_days(request: SearchRequest, stays: Iterable[Stay], supply: Supply, *, today: Today) -> tuple[PriceDay, ...]:
    """Say of each stay how many listings a search for it would find, and the lowest price.

    Parameters
    ----------
    request
        Without dates.
    """
    factors = exchange_factors(request.rates, request.currency)
    fitting = [listing for listing in supply.listings if _is_possible(listing, request)]
    return tuple(_price_day(replace(request, stay=stay), fitting, supply, factors, today) for stay in stays)


def _price_day(
    request: SearchRequest,
    listings: Iterable[Mapping[str, Any]],
    supply: Supply,
    factors: Mapping[str, float],
    today: Today,
) -> PriceDay:
    """Ask for one stay."""
    assert request.stay is not None  # noqa: S101 - it is what is asked for
    prices = []
    for listing in listings:
        chosen = _choose(listing, request, supply, today.of(listing["market"]))
        if chosen is None or chosen.total_minor is None:
            continue
        factor = factors.get(supply.terms[listing["listing_id"]].currency)
        price_minor = None if factor is None else exchanged(chosen.total_minor, factor)
        if not any(_unticked(listing, price_minor, request.filters)):
            prices.append(inf if price_minor is None else price_minor)
    return PriceDay.of(request.stay, len(prices), min(prices, default=inf))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The stay that a listing stands in the answer with, and its total; both None without dates."""

    stay: Stay | None
    total_minor: int | None


def _choose(listing: Mapping[str, Any], request: SearchRequest, supply: Supply, today: date) -> _Chosen | None:
    """Choose the cheapest stay that a listing takes on its own date, the earliest of several; None: it takes none."""
    if request.nights is None:
        return _Chosen(None, None)
    listing_id = listing["listing_id"]
    calendar = supply.calendars.get(listing_id)
    if calendar is None:
        return None
    stays = request.flexible if request.stay is None else (request.stay,)
    totals = [
        (total_of(stay, calendar, supply.terms[listing_id], guests=request.guests, today=today), stay.check_in, stay)
        for stay in stays
        if is_askable(stay, today) and calendar.refuse(stay, today=today) is None
    ]
    if not totals:
        return None
    total, _, stay = min(totals)
    return _Chosen(stay, total)


def total_of(stay: Stay, calendar: StayCalendar, terms: PriceTerms, *, guests: int, today: date) -> int:
    """Price a stay that a listing takes, without pets, in the listing's currency."""
    nights_minor = int(calendar.nightly_prices(stay).sum())
    lead_days = (stay.check_in - today).days
    return price_stay(
        terms, nights_minor=nights_minor, nights=stay.nights, guests=guests, lead_days=lead_days
    ).total_minor


def _is_possible(listing: Mapping[str, Any], request: SearchRequest) -> bool:
    """Whether a listing has everything, but for the dates, that no facet asks for."""
    if listing["accommodates"] < request.guests:
        return False
    if not listing["is_active"] or request.market not in {None, listing["market"]}:
        return False
    return request.area is None or contains(request.area, _place(listing))


def _look_at(
    listing: Mapping[str, Any],
    chosen: _Chosen,
    request: SearchRequest,
    supply: Supply,
    *,
    factors: Mapping[str, float],
    today: date,
) -> _Found:
    listing_id = listing["listing_id"]
    terms, total = supply.terms[listing_id], chosen.total_minor
    nightly = nightly_price_minor(listing["base_price_minor"], supply.calendars.get(listing_id), today=today)
    amount, factor = nightly if chosen.stay is None else total, factors.get(terms.currency)
    price_minor = None if amount is None or factor is None else exchanged(amount, factor)
    return _Found(
        listing=listing,
        candidate=Candidate(
            listing_id=listing_id,
            currency=terms.currency,
            total_minor=total,
            nightly_price_minor=nightly,
            text_score=None if request.text is None else _overlap(request.text, listing),
            vector_score=None,
            distance_km=None if request.origin is None else distance_km(request.origin, _place(listing)),
            stay=chosen.stay if request.flexible else None,
        ),
        price_minor=price_minor,
        unticked=frozenset(_unticked(listing, price_minor, request.filters)),
    )


def _unticked(listing: Mapping[str, Any], price_minor: int | None, filters: Filters) -> Iterable[str]:
    for facet in FACETS:
        asked = facet.selected(filters)
        if asked and not facet.fits(asked, _values(listing, facet)):
            yield facet.name
    if not filters.takes_price(price_minor):
        yield PRICE


def _values(listing: Mapping[str, Any], facet: Facet) -> frozenset[Any]:
    derive = DERIVED.get(facet.field)
    if derive is not None:
        return facet.values(derive(listing["property_type"], listing["amenities"]))
    return facet.values(listing["is_superhost" if facet.field == "superhost" else facet.field])


def _place(listing: Mapping[str, Any]) -> Point:
    return Point(listing["latitude"], listing["longitude"])


def _overlap(text: str, listing: Mapping[str, Any]) -> float:
    """Share of the words asked that the listing's texts hold."""
    asked = set(text[:MAX_TEXT].casefold().split())
    texts = (listing["title"], listing["description"], listing["house_rules"], *listing["amenities"])
    return len(asked & set(" ".join(texts).casefold().split())) / max(1, len(asked))


def _rank(found: _Found, request: SearchRequest) -> tuple[float, ...]:
    """Sort key; unknown values stand last, and the listing id decides at the end."""
    candidate, listing = found.candidate, found.listing
    rating = -1.0 if listing["rating"] is None else float(listing["rating"])
    price = found.price_minor
    keys: dict[Sort, tuple[float, ...]] = {
        Sort.RELEVANCE: (-(candidate.text_score or 0.0), -popularity(listing["rating"], listing["review_count"])),
        Sort.PRICE: (inf if price is None else price,),
        Sort.PRICE_DESC: (inf if price is None else -price,),
        Sort.RATING: (-rating, -listing["review_count"]),
        Sort.DISTANCE: (candidate.distance_km or 0.0,),
    }
    return (*keys[request.sort], candidate.listing_id)
