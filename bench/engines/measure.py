"""The benchmark: build, check against brute force, fire, find the knee."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import perf_counter

from bench.engines.changes import Changes
from bench.engines.drive import Fired, check, fire
from bench.engines.house import Api, House, open_api, open_house
from bench.engines.mix import CLASSES, Asked, searches
from bench.engines.rivals.contest import CHECKED as CHECKED_BESIDE
from bench.engines.rivals.contest import TAKEN, WARM_UP, Ours, ask_columns, ask_us, contest
from bench.engines.rivals.rival import Built
from bench.engines.stock import Stock, draw_stock
from bench.report import Figure
from lodestay.lake import SEARCH_COLUMNS
from search.today import Today

SEED = 20261127
CHECKED, CHECKED_LEAN = 60, 20
WARM_UP_SECONDS, STEP_SECONDS = 15.0, 20.0
CHANGES = (0.0, 12.0, 100.0)
"""Calendars that change in a second."""
BUDGET_MS, BRISK_MS = 200.0, 100.0
CHANGES_OF_TWO = (0.0, 100.0)
STEPS = (5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 150.0, 200.0)
"""Searches a second that are tried, one after the other, until the 99th percentile crosses the budget."""
STEPS_OF_TWO = STEPS[3:]
LEAN_STEPS = ((5.0, 0.0), (15.0, 0.0), (15.0, 100.0), (30.0, 0.0))
"""Searches and changes a second that a lean marketplace is measured at."""
LEAN_TIMEOUT_MS = "5000"
"""A search of ten million listings is to be answered whole, so that it can be judged, however long it takes."""

NOTES = """
A marketplace is drawn (500 heavy-tailed cities; each listing with a year of seasons, weekends, nights with prices of
their own, guests and stay rules) and stands whole in PostgreSQL, the lake and the API's columns. A search over HTTP has
bounds (80 % a city, 15 % some degrees around one, 5 % the world), dates, a party, three or four filters, and is
answered with facets each counted without its own filter, histogram of exact totals, map tiles, what each filter keeps
out, the 500 best ranked by LightGBM, the page of 20 confirmed by PostgreSQL with its reasons, and an entry in the
event log.
The loop is open: searches fall due at a rate whether or not earlier ones are answered, and count from when they were
due; a step of the climb is twenty seconds, and one that is too much is taken a second time. Meanwhile calendars change
in PostgreSQL and are taken in. Client, PostgreSQL and the API's process share the machine; where there are two, each
search goes to the one with fewer under way, as a balancer does, and both take every change in. Before, answers are held
to brute force (each calendar asked by the rules themselves): one wrong count, bin or total, and there are no figures.
"""

LEAN_NOTES = """
The marketplace of "Search over HTTP at scale", drawn with ten times as many listings, and the same searches and
changes, on one process. What a machine of this size has no room for is left out. Documents (150 GB in the lake): the
columns are made of them as they are drawn. A copy of its calendar for each listing in PostgreSQL (50 GB): it keeps each
of the thousand calendars once, and a view of each table's name gives them to the listings; listings have no amenities
there. Titles in memory, so none is suggested. Features of more than three million listings (700 bytes each): the ranker
takes the others as it takes new ones. All listings have all columns, and each answer is whole: a search has five
seconds here, since a pass over the world takes longer than the 300 ms that it has otherwise.
"""


@dataclass(frozen=True)
class Knee:
    """What the steps found.

    Attributes
    ----------
    meanwhile
        How many processes there were, and how much changed.
    slowest
        The first step.
    brisk, last
        The highest rate with a 99th percentile below :data:`BRISK_MS`, and below :data:`BUDGET_MS`;
        None where there is none.
    """

    meanwhile: str
    slowest: Fired
    brisk: Fired | None
    last: Fired | None


@dataclass(frozen=True)
class Measured:
    """Figures of ours, and those beside other engines, none where these were not asked for."""

    figures: list[Figure]
    beside: list[Figure]


def measure(listings: int, *, rivals: bool = True) -> Measured:
    """Build a marketplace of so many listings and take the figures.

    Parameters
    ----------
    rivals
        Whether other engines are measured too, once the API is gone.
    """
    stock = draw_stock(listings, today=datetime.now(UTC).date(), seed=SEED)
    asked = searches(stock, seed=SEED)
    begun = perf_counter()
    with open_house(stock) as house:
        built = perf_counter() - begun
        with open_api(house) as api:
            checked = check(api.port, stock, islice(asked, CHECKED))
            fire((api.port,), _some(asked, 4_000), rate=None, seconds=WARM_UP_SECONDS)
            closed = fire((api.port,), _some(asked, 10_000), rate=None, seconds=STEP_SECONDS)
            beside = list(islice(searches(stock, seed=SEED + 1), WARM_UP + TAKEN)) if rivals else []
            ours = _beside_others(house, api, stock, beside)
            climb = _Climb(house, stock, asked)
            knees = [climb.up(changes, STEPS, api) for changes in CHANGES]
            memory = api.private_mb
            with open_api(house) as second:
                fire((second.port,), _some(asked, 4_000), rate=None, seconds=WARM_UP_SECONDS)
                knees += [climb.up(changes, STEPS_OF_TWO, api, second) for changes in CHANGES_OF_TWO]
        others = contest(house.database_url, stock, beside, ours) if rivals else []
    where = f"{listings:,} listings"
    figures = [
        Figure(f"answers held to brute force, all right ({where})", "searches", checked, None, None),
        *(figure for knee in knees for figure in _latencies(knee, where)),
        Figure("one after the other's answer, on two connections", "searches/s", closed.rate, None, None),
        Figure(
            "from the API's start to the first whole answer, first and second start",
            "s",
            api.cold_seconds,
            second.cold_seconds,
            "second, beside it",
        ),
        Figure("memory of the API's process alone", "MB", memory, None, None),
        Figure("building the marketplace: tables, lake, columns", "s", built, None, None),
        Figure("of which the columns, from documents", "documents/s", listings / house.columns_seconds, None, None),
    ]
    return Measured(figures, others)


def measure_lean(listings: int) -> list[Figure]:
    """Take the figures of a marketplace that this machine has no room for as a whole (:func:`house.open_house`)."""
    stock = draw_stock(listings, today=datetime.now(UTC).date(), seed=SEED)
    asked = searches(stock, seed=SEED)
    where = f"{listings:,} listings"
    begun = perf_counter()
    with open_house(stock, lean=True) as house:
        built = perf_counter() - begun
        with open_api(house, LODESTAY_SEARCH_TIMEOUT_MS=LEAN_TIMEOUT_MS) as api:
            checked = check(api.port, stock, islice(asked, CHECKED_LEAN))
            fire((api.port,), _some(asked, 4_000), rate=None, seconds=WARM_UP_SECONDS)
            climb = _Climb(house, stock, asked)
            fired = {(rate, changes): climb.step(rate, changes, (api,)) for rate, changes in LEAN_STEPS}
            memory = api.private_mb
        size = _size_of_columns(house)
    return [
        Figure(f"answers held to brute force, all right ({where})", "searches", checked, None, None),
        *(f for (_, changes), each in fired.items() for f in _by_class(each, f"{changes:g} changes/s")),
        Figure("from the API's start to the first whole answer", "s", api.cold_seconds, None, None),
        Figure("memory of the API's process alone", "MB", memory, None, None),
        Figure("size of the columns, mapped", "MB", size / 1e6, None, None),
        Figure("building the marketplace", "s", built, None, None),
    ]


def _size_of_columns(house: House) -> int:
    folder = Path(SEARCH_COLUMNS.path(str(house.home / "lake")))
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _beside_others(house: House, api: Api, stock: Stock, asked: Sequence[Asked]) -> Ours:
    """Ask us what other engines are asked, and hold as many of the answers to brute force."""
    check(api.port, stock, asked[:CHECKED_BESIDE])
    lake = str(house.home / "lake")
    alone = ask_columns(lake, asked, Today(stock.today)) if asked else {}
    return Ours(ask_us(api.port, asked), alone, Built(house.columns_seconds, _size_of_columns(house)))


@dataclass(frozen=True)
class _Climb:
    """Raises the rate of searches until it is too much."""

    house: House
    stock: Stock
    asked: Iterator[Asked]

    def up(self, changes: float, steps: Sequence[float], *apis: Api) -> Knee:
        """Climb the steps with so many changes a second, on one process or on several."""
        slowest = brisk = last = None
        for rate in steps:
            fired = self.step(rate, changes, apis)
            if not fired.keeps(BUDGET_MS):  # a pause of the machine is no limit of ours
                fired = self.step(rate, changes, apis)
            slowest = slowest or fired
            if not fired.keeps(BUDGET_MS):
                break
            last = fired
            if fired.keeps(BRISK_MS):
                brisk = fired
        if slowest is None:
            raise TypeError("there is at least one step")
        return Knee(f"{changes:g} changes/s" + ("" if len(apis) == 1 else ", two processes"), slowest, brisk, last)

    def step(self, rate: float, changes: float, apis: Sequence[Api]) -> Fired:
        """Fire at a rate with so many changes a second."""
        searches_of_it = _some(self.asked, int(rate * STEP_SECONDS) + 1)
        with Changes(self.house.database_url, self.stock, rate=changes):
            return fire([api.port for api in apis], searches_of_it, rate=rate, seconds=STEP_SECONDS)


def _latencies(knee: Knee, where: str) -> Iterator[Figure]:
    """Both rates; where no step keeps the budget, what the slowest comes to."""
    meanwhile = f"{knee.meanwhile} ({where})"
    for fired, budget in ((knee.brisk, BRISK_MS), (knee.last, BUDGET_MS)):
        if fired is not None:
            yield Figure(
                f"highest rate with p99 below {budget:g} ms, {meanwhile}", "searches/s", fired.rate, None, None
            )
            yield from _by_class(fired, knee.meanwhile)
    if knee.last is None:
        yield Figure(
            f"no rate keeps p99 below {BUDGET_MS:g} ms, {meanwhile}; tried",
            "searches/s",
            knee.slowest.rate,
            None,
            None,
        )
        yield from _by_class(knee.slowest, knee.meanwhile)


def _by_class(fired: Fired, meanwhile: str) -> Iterator[Figure]:
    for kind in ("all", *CLASSES):
        if kind in fired.classes:
            found = fired.classes[kind]
            what = f"at {fired.rate:.0f} searches/s and {meanwhile}, {kind}: p50"
            yield Figure(what, "ms", found.p50, found.p99, "p99")
    if fired.faults:
        yield Figure("of these not answered, or poorly", "searches", fired.faults, None, None)


def _some(asked: Iterator[Asked], count: int) -> list[Asked]:
    return list(islice(asked, count))
