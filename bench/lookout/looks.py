"""Requests, and what each answer is held to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from bench.lookout.findings import KEPT, MISSING, SHOWN_THOUGH_REFUSED, STALE, TOTAL, Outcome
from bench.lookout.plan import PLACES, Place, Plan
from bench.lookout.truth import Truth, Verdict
from bench.lookout.turns import draw_stay
from lodestay.stay import Stay
from search.columns.engine import ColumnEngine
from search.request import MAX_PAGE_SIZE, Bounds, Filters, InvalidSearch, SearchRequest, Sort
from serving.search.log import Visit
from serving.search.markets import WORLD_CURRENCY, WORLD_TIMEZONE
from serving.search.schemas import SearchQuery
from serving.search.service import search
from serving.state import Services

AROUND: Final = 0.2
"""Degrees from a market's middle that hold all of it."""
ON_THE_LINE: Final = tuple(place for place in PLACES if place.key in {"honolulu", "kiritimati"})
"""Neighbours that are a day apart: a box holds both."""
VISIT: Final = Visit("lookout", None, None)


@dataclass(frozen=True, slots=True)
class Look:
    """A search for a stay.

    Attributes
    ----------
    place
        The market that is looked at; None for several.
    as_area
        Whether it is named by a box; several are those :data:`ON_THE_LINE` then, and else the world.
    low, high
        Of the total, in the place's currency.
    """

    place: Place | None
    as_area: bool
    stay: Stay
    guests: int
    low: int | None = None
    high: int | None = None

    @property
    def kind(self) -> str:
        """What is counted."""
        if self.place is None:
            return "columns, over the date line" if self.as_area else "columns, the world"
        return "columns, an area" if self.as_area else "columns, a market"

    @property
    def places(self) -> tuple[Place, ...]:
        """Markets that are looked at."""
        if self.place is not None:
            return (self.place,)
        return ON_THE_LINE if self.as_area else PLACES

    @property
    def timezone(self) -> str:
        """Of who looks."""
        return WORLD_TIMEZONE if self.place is None else self.place.timezone

    def request(self) -> SearchRequest:
        """What the columns are asked."""
        place = self.place
        box = None
        if self.as_area:
            latitudes, longitudes = zip(*((each.latitude, each.longitude) for each in self.places), strict=True)
            south, west = min(latitudes) - AROUND, min(longitudes) - AROUND
            box = Bounds(south, west, max(latitudes) + AROUND, max(longitudes) + AROUND)
        return SearchRequest(
            text=None,
            market=None if place is None or self.as_area else place.key,
            area=box,
            centre=None,
            stay=self.stay,
            guests=self.guests,
            filters=Filters(min_price_minor=self.low, max_price_minor=self.high),
            sort=Sort.RELEVANCE,
            page=1,
            page_size=MAX_PAGE_SIZE,
            currency=WORLD_CURRENCY if place is None else place.currency,
            locale="en",
            rates={},
        )

    def holds(self, total_minor: int) -> bool:
        """Whether a total is one that was asked for."""
        return (self.low or 0) <= total_minor and (self.high is None or total_minor <= self.high)


def draw_look(draws: Random, plan: Plan, truth: Truth, touched: Sequence[int]) -> Look:
    """Draw a search, half of them where something was just written."""
    near = bool(touched) and draws.random() < 0.5
    place = plan.place_of(draws.choice(touched)) if near else draws.choice(PLACES)
    where = draws.random()
    looked_at = None if where < 0.02 or where > 0.98 else place
    stay = draw_stay(draws, truth.today(place.timezone))
    look = Look(looked_at, as_area=where > 0.9, stay=stay, guests=draws.choice((1, 1, 2, 4)))
    if looked_at is None or draws.random() < 0.8:
        return look
    low = draws.choice((None, draws.randrange(60_000)))
    return replace(look, low=low, high=draws.choice((None, (low or 0) + draws.randrange(100_000))))


class Lookout:
    """Asks, and compares."""

    def __init__(self, plan: Plan, truth: Truth, outcome: Outcome) -> None:
        self._plan = plan
        self._truth = truth
        self._outcome = outcome
        self._of_place = {
            place: [number for number in plan.listing_ids if plan.place_of(number) == place] for place in PLACES
        }

    async def ask_columns(self, engine: ColumnEngine, look: Look) -> None:
        """Columns that have caught up find exactly what can be booked, at the exact total."""
        today = self._truth.dates(look.timezone, {place.key: place.timezone for place in look.places})
        answer = await engine.retrieve(look.request(), today=today)
        found = {candidate.listing_id: candidate.total_minor for candidate in answer.candidates}
        self._outcome.requests[look.kind] += 1
        asked = [number for place in look.places for number in self._of_place[place]]
        expected = self._truth.fitting(asked, look.stay, look.guests, with_hour=False)
        expected = {number: total for number, total in expected.items() if look.holds(total)}
        self._outcome.other_day += sum(
            len(self._of_place[place]) for place in look.places if place.key in today.elsewhere
        )
        if answer.total_count != len(found):
            self._report(STALE, look, f"{answer.total_count} are counted and {len(found)} found")
        self._outcome.judged += len(asked)
        self._outcome.found += len(found)
        if found != expected:
            self._explain(look, found, expected, with_hour=False)

    async def search(self, services: Services, look: Look, *, caught_up: bool) -> list[tuple[int, int | None]]:
        """A whole search, confirmed: it shows nothing that is refused; and where nothing flows, all that is not.

        Parameters
        ----------
        caught_up
            Whether the columns have everything that is committed. Where they have not, the page may lack something.

        Returns
        -------
        list
            What was shown, with the totals.
        """
        assert look.place is not None  # noqa: S101 (a page shows fifty, a market has no more)
        query = SearchQuery(
            market=look.place.key,
            check_in=look.stay.check_in,
            check_out=look.stay.check_out,
            guests=look.guests,
            page_size=MAX_PAGE_SIZE,
        )
        try:
            results = (await search(services, query, visit=VISIT)).results
        except InvalidSearch:  # dates that no listing takes are refused, and by the truth nothing is free then
            results = []
        shown = {
            result.listing_id: None if result.price.total is None else result.price.total.minor for result in results
        }
        self._outcome.requests["whole search, quiet" if caught_up else "whole search, changes on their way"] += 1
        asked = self._of_place[look.place]
        expected = self._truth.fitting(asked, look.stay, look.guests, with_hour=True)
        self._outcome.judged += len(asked)
        self._outcome.found += len(shown)
        if not caught_up:
            expected = {number: total for number, total in expected.items() if number in shown}
        if shown != expected:
            self._explain(look, shown, expected, with_hour=True)
        return list(shown.items())

    async def ask_database(self, engine: ColumnEngine, look: Look) -> None:
        """PostgreSQL itself, asked for the stay, says what the lookout has kept; and the columns find no less."""
        look = replace(look, place=look.place or PLACES[0], as_area=False, low=None, high=None)
        assert look.place is not None  # noqa: S101 (as above)
        asked = self._of_place[look.place]
        said = await self._truth.ask(asked, look.stay, look.guests)
        self._outcome.requests["PostgreSQL's rule, listing by listing"] += 1
        for number in asked:
            kept = self._truth.judge(number, look.stay, look.guests, with_hour=True)
            if kept != said[number]:
                self._report(KEPT, look, f"listing {number}: {kept} was kept, PostgreSQL says {said[number]}")
        await self.ask_columns(engine, look)

    def _explain(
        self, look: Look, found: Mapping[int, int | None], expected: Mapping[int, int], *, with_hour: bool
    ) -> None:
        for number in sorted(found.keys() | expected.keys()):
            if number not in found:
                self._report(MISSING, look, f"listing {number} takes it for {expected[number]}")
            elif number not in expected:
                refused: Verdict = self._truth.judge(number, look.stay, look.guests, with_hour=with_hour)
                rule = SHOWN_THOUGH_REFUSED if with_hour else STALE
                self._report(rule, look, f"listing {number}: {refused}")
            elif found[number] != expected[number]:
                self._report(TOTAL, look, f"listing {number}: {found[number]} instead of {expected[number]}")

    def _report(self, rule: str, look: Look, what: str) -> None:
        where = look.kind if look.place is None else look.place.key
        asked = f"{look.stay.check_in} to {look.stay.check_out}, {look.guests} guests, {where}"
        if look.low is not None or look.high is not None:
            asked += f", {look.low} to {look.high}"
        self._outcome.report(rule, self._plan.seed, f"{asked}: {what}")
