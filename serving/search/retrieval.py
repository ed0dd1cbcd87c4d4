"""Who fits a search: the columns say, and OpenSearch for words; without columns OpenSearch, without it PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, TypeVar

from lodestay.crowding import TooBusy
from search.answer import Candidate, Retrieved
from search.engine import Best
from search.request import MAX_PAGE_DEPTH, SearchRequest, Sort
from search.today import Today
from serving.observability.tracing import OPENSEARCH, POSTGRESQL
from serving.search.budget import Step
from serving.search.database import search_database
from serving.search.flexible import with_stays, words_among
from serving.search.steps import BUSY, FAILED, LATE, Steps, told
from serving.state import Services

NO_ENGINE: Final = told("search index", "answered from the database, without the meaning of words")
NO_WORDS: Final = told("search index", "results are not ordered by what was written")
"""By why the step gave nothing."""
WORDS_UNKNOWN = "search index knows none of the results: they are not ordered by what was written"
TOO_MANY_FOR_WORDS = "more results than can be ordered by what was written: they are not"
SOME_WORDS = "search index incomplete: some results stand last, whatever was written"
NO_COLUMNS = "columns not loaded: flexible dates were tried in the database, without the meaning of words"
BEHIND = "columns behind the database: what changed in the last moments may be missing, or counted as it was"
NO_TILES = "columns not loaded: the results are not counted on the map"

_LAGGING: Final = 100
"""One in so many results may be missing from the index unmentioned: the columns hear of a change a second earlier."""

Found = TypeVar("Found", Retrieved, Best)


async def retrieve(services: Services, steps: Steps, request: SearchRequest, *, today: Today) -> Retrieved:
    """Find the best candidates and count all that fit.

    Raises
    ------
    TooBusy
        The columns have more to do than they can, and OpenSearch does not help out: PostgreSQL, which would take
        hundreds of times as long, is spared.
    """
    if request.flexible:
        return await _retrieve_flexible(services, steps, request, today=today)
    counted, best = await asyncio.gather(
        _ask_columns(services, steps, request, today=today), _ask_words(services, steps, request, today=today)
    )
    if counted is not None:
        return counted if request.text is None else ordered_by_words(counted, best, without=_without_words_said(steps))
    retrieved = await _ask_engine(
        services, steps, Step.RETRIEVE, lambda: services.engine.retrieve(request, today=today)
    )
    if retrieved is not None:
        lacks = services.models.current.index.missing
        return _without_tiles(replace(retrieved, degraded=(*retrieved.degraded, *lacks)), request)
    late = await _ask_late_columns(services, steps, request, today=today)
    if late is not None:
        return late
    retrieved = await _require_database(
        services, steps, request, today=today, reason=NO_ENGINE[steps.why[Step.RETRIEVE]]
    )
    return _without_tiles(retrieved, request)


async def _retrieve_flexible(services: Services, steps: Steps, request: SearchRequest, *, today: Today) -> Retrieved:
    """Ask the columns for flexible dates, and OpenSearch to order what they found; without columns PostgreSQL.

    OpenSearch prices one stay at a time.
    """
    counted = await _ask_columns(services, steps, request, today=today)
    if counted is None:
        counted = await _ask_late_columns(services, steps, request, today=today)
    if counted is None:
        answer = await _require_database(services, steps, request, today=today, reason=NO_COLUMNS)
        return _without_tiles(answer, request)
    if request.text is None or request.sort is not Sort.RELEVANCE:
        return counted
    words = words_among(request, counted)
    if words is None:
        return replace(counted, degraded=(*counted.degraded, TOO_MANY_FOR_WORDS))
    best = await _ask_engine(services, steps, Step.WORDS, lambda: services.engine.best(*words, today=today))
    found = None if best is None else with_stays(best, counted)
    return ordered_by_words(counted, found, without=_without_words_said(steps))


def _without_words_said(steps: Steps) -> str:
    """What is said where OpenSearch did not order by words; failed, too, is what was not asked."""
    return NO_WORDS[steps.why.get(Step.WORDS, FAILED)]


def _without_tiles(retrieved: Retrieved, request: SearchRequest) -> Retrieved:
    """Say that tiles are not counted without columns, where they were asked for."""
    if request.tile_zoom is None:
        return retrieved
    return replace(retrieved, degraded=(*retrieved.degraded, NO_TILES))


async def _require_database(
    services: Services, steps: Steps, request: SearchRequest, *, today: Today, reason: str
) -> Retrieved:
    """Ask PostgreSQL, unless the columns have only too much to do: it is spared, for it takes far longer."""
    if not {steps.why.get(step) for step in (Step.SCAN, Step.TRY_STAYS)}.isdisjoint({BUSY, LATE}):
        raise TooBusy("the listings")
    return await steps.require(
        Step.DATABASE,
        lambda: _ask_database(services, request, today=today, reason=reason, seconds=steps.left(Step.DATABASE)),
        system=POSTGRESQL,
    )


async def _ask_late_columns(
    services: Services, steps: Steps, request: SearchRequest, *, today: Today
) -> Retrieved | None:
    """Ask columns that have fallen behind, and say so; None where there are none, or they are asked as they should be.

    The page is confirmed by PostgreSQL as ever. A guest is better served by counts of some seconds ago than by none,
    and PostgreSQL is not given their work: that would keep the columns behind.
    """
    columns = services.columns.late_engine
    if columns is None or services.columns.engine is not None:
        return None
    step = _scanning(request)
    counted = await steps.attempt(step, lambda: columns.retrieve(request, today=today))
    if counted is None:
        return None
    services.metrics.degraded.labels(step).inc()
    lacks = (BEHIND,) if request.text is None else (BEHIND, _without_words_said(steps))
    return replace(counted, degraded=(*counted.degraded, *lacks))


async def _ask_columns(services: Services, steps: Steps, request: SearchRequest, *, today: Today) -> Retrieved | None:
    """Ask the columns; None where there are none in service, or they give nothing."""
    columns = services.columns.engine
    if columns is None:
        return None
    # Newer ones may be in service by the time that they are asked, and these closed.
    return await steps.attempt(
        _scanning(request), lambda: (services.columns.engine or columns).retrieve(request, today=today)
    )


def _scanning(request: SearchRequest) -> Step:
    """What asking the columns is for a search."""
    return Step.TRY_STAYS if request.flexible else Step.SCAN


async def _ask_words(services: Services, steps: Steps, request: SearchRequest, *, today: Today) -> Best | None:
    """Ask OpenSearch who fits a text best, where columns say the rest; None without a text or an answer."""
    if request.text is None or services.columns.engine is None:
        return None
    return await _ask_engine(services, steps, Step.WORDS, lambda: services.engine.best(request, today=today))


async def _ask_engine(
    services: Services, steps: Steps, step: Step, asked: Callable[[], Coroutine[Any, Any, Found]]
) -> Found | None:
    """Ask OpenSearch; None where it gives no answer that can be read, which is as good as none."""
    found = await steps.attempt(step, asked, system=OPENSEARCH)
    if found is not None and found.degraded:
        services.metrics.degraded.labels(step).inc()
    return found


async def _ask_database(
    services: Services, request: SearchRequest, *, today: Today, reason: str, seconds: float
) -> Retrieved:
    async with services.guards.reading.place(), services.sessions() as session:
        return await search_database(
            session, request, today=today, clock=services.clock, reason=reason, seconds=seconds
        )


def ordered_by_words(counted: Retrieved, best: Best | None, *, without: str) -> Retrieved:
    """Put what OpenSearch found for a text in the place of the most popular candidates.

    Where it holds fewer listings than the columns do, those that it does not know follow in their order: they are in
    the counts, so they can be paged to.

    Parameters
    ----------
    without
        What is said where it gave no answer.
    """
    if best is None:
        return replace(counted, degraded=(*counted.degraded, without))
    if counted.candidates and not best.candidates:
        return replace(counted, degraded=(*counted.degraded, *best.degraded, WORDS_UNKNOWN))
    room = min(counted.total_count, MAX_PAGE_DEPTH) - len(best.candidates)
    known = {candidate.listing_id for candidate in best.candidates}
    others = [candidate for candidate in counted.candidates if candidate.listing_id not in known][: max(room, 0)]
    lacks = (SOME_WORDS,) if len(others) * _LAGGING > counted.total_count else ()
    return replace(
        counted,
        candidates=(*best.candidates, *map(_without_words, others)),
        degraded=(*counted.degraded, *best.degraded, *lacks),
    )


def _without_words(candidate: Candidate) -> Candidate:
    """A candidate that OpenSearch did not find has no word of a text."""
    return candidate._replace(text_score=0.0)
