"""A search while parts of it hang, fail, are full or half there: an answer or a clear refusal, in its time.

The loop's time passes only while it waits, so the seconds are exact and none of them are real.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from opentelemetry.sdk.trace import TracerProvider
from pydantic import SecretStr

from lodestay.clock import FixedClock
from lodestay.crowding import TooBusy
from lodestay.errors import ServiceUnavailable
from lodestay.settings import Environment, Settings
from ml.listing_features import SCHEMA
from ml.ranking.columns import ListingColumns
from ml.ranking.ranker import BaselineRanker
from search.answer import Candidate, Retrieved
from search.engine import Best
from search.errors import SearchUnavailable
from search.event_log import EventLog
from search.gazetteer import Gazetteer
from search.request import Point
from serving.models import INCOMPLETE, NO_MEANING, RULE, IndexFacts, Models
from serving.observability.metrics import Metrics
from serving.search.answer import SearchOut
from serving.search.breaker import FAILURES, OPEN_SECONDS
from serving.search.budget import Allowance, Budget, Step, within
from serving.search.guards import Guards
from serving.search.log import Visit
from serving.search.markets import MarketBook, MarketInfo
from serving.search.reranking import Reranking, Viewed
from serving.search.retrieval import NO_ENGINE, NO_WORDS, SOME_WORDS, WORDS_UNKNOWN, ordered_by_words
from serving.search.schemas import SearchQuery
from serving.search.service import NO_RANKING, search
from serving.search.steps import BUSY, FAILED, LATE, SHUT
from tests.serving.lacking import lacks
from tests.serving.virtual_time import VirtualLoop, run
from transactional.markets.exchange import ExchangeRates

NOW = datetime(2026, 6, 15, 9, tzinfo=UTC)
BUDGET = 0.8
"""Seconds that a search has where no setting says otherwise."""
LISBON = MarketInfo("lisbon", "Lisbon", "EUR", "Europe/Lisbon", Point(38.72, -9.14))


def candidates(*listing_ids: int) -> tuple[Candidate, ...]:
    """Some listings."""
    return tuple(Candidate(listing_id, "EUR", None, 9_000, None, None, 1.0) for listing_id in listing_ids)


FOUND = Retrieved(candidates(1, 2, 3), 3, {}, (), ())


@dataclass
class Part:
    """Something that is asked: it answers, after some time, or fails."""

    answer: Any = None
    seconds: float = 0.0
    error: Exception | None = None
    asked: int = 0

    async def __call__(self, *_: Any, **__: Any) -> Any:
        """Answer."""
        self.asked += 1
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return self.answer


class Inline:
    """Stands in for threads: real ones know nothing of the loop's time."""

    async def run(self, work: Any, *args: Any) -> Any:
        """Do it here."""
        return work(*args)

    def close(self) -> None:
        """There is nothing to close."""

    def __len__(self) -> int:
        return 0


class Thoughts:
    """An embedder that hangs until it is let go."""

    model = "thoughts"

    def __init__(self) -> None:
        self.hangs = threading.Event()

    def embed_query(self, _text: str) -> Any:
        """Wait, and embed."""
        self.hangs.wait(timeout=60)
        return np.ones(3)


@dataclass
class World:
    """Everything that a search asks, to be broken by a test."""

    columns: Part = field(default_factory=lambda: Part(FOUND))
    words: Part = field(default_factory=lambda: Part(Best(FOUND.candidates, ())))
    index: Part = field(default_factory=lambda: Part(FOUND))
    database: Part = field(default_factory=lambda: Part(replace(FOUND, degraded=(NO_ENGINE[FAILED],))))
    confirm: Part = field(default_factory=lambda: Part({}))
    book: Part = field(
        default_factory=lambda: Part(MarketBook({"lisbon": LISBON}, ExchangeRates(None, {})), seconds=0.0)
    )
    embedder: Thoughts = field(default_factory=Thoughts)
    ranker: Any = field(default_factory=BaselineRanker)
    about: IndexFacts = field(default_factory=IndexFacts)
    has_columns: bool = True
    embeds_in_threads: bool = False

    def services(self, settings: Settings) -> Any:
        """What the service is given."""
        metrics = Metrics(TracerProvider().get_tracer("test"))
        held = SimpleNamespace(retrieve=self.columns)
        models = Models(
            ranker=self.ranker,
            pricer=RULE,
            columns=ListingColumns(SCHEMA.empty_table()),
            embedder=self.embedder,  # type: ignore[arg-type]  # what is asked of it, it has
            index_model=Thoughts.model,
            gazetteer=Gazetteer(tuple),
            index=self.about,
        )
        guards = Guards.of(settings, metrics, clock=lambda: asyncio.get_running_loop().time())
        if not self.embeds_in_threads:
            guards.embedding.close()
            guards = replace(guards, embedding=Inline())  # type: ignore[arg-type]  # it does what is asked of it
        return SimpleNamespace(
            settings=settings,
            clock=FixedClock(NOW),
            signing_key="a key",
            metrics=metrics,
            sessions=no_session,
            quick=None,
            engine=SimpleNamespace(retrieve=self.index, best=self.words),
            columns=SimpleNamespace(engine=held if self.has_columns else None, late_engine=None),
            models=SimpleNamespace(current=models),
            markets=SimpleNamespace(book=self.book),
            events=EventLog(settings.lake, writer="test"),
            guards=guards,
            reranking=Reranking(),
            viewed=Viewed(),
        )


@asynccontextmanager
async def no_session() -> AsyncIterator[None]:
    """A session for parts that do not look at it."""
    yield None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with every time at its default."""
    return Settings(environment=Environment.TEST, home=tmp_path, token_secret=SecretStr("a key"))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world in which all is well and takes no time."""
    world = World()
    world.embedder.hangs.set()
    monkeypatch.setattr("serving.search.service.confirm", world.confirm)
    monkeypatch.setattr("serving.search.retrieval.search_database", world.database)
    yield world
    world.embedder.hangs.set()


def asked(world: World, settings: Settings, *, times: int = 1, **query: Any) -> tuple[list[Any], list[float], Any]:
    """Search one time after another; what came of each (an answer or a refusal), its seconds, and what was asked."""

    async def all_of_them() -> tuple[list[Any], list[float], Any]:
        services = world.services(settings)
        loop = asyncio.get_running_loop()
        outcomes: list[Any] = []
        seconds: list[float] = []
        for _ in range(times):
            began = loop.time()
            try:
                outcomes.append(
                    await search(services, SearchQuery(market="lisbon", **query), visit=Visit("v", None, None))
                )
            except ServiceUnavailable as refusal:
                outcomes.append(refusal)
            seconds.append(loop.time() - began)
        services.guards.close()
        services.events.close()
        return outcomes, seconds, services

    return run(all_of_them())[0]


def test_all_is_well(world: World, settings: Settings) -> None:
    """The control: with every part in place nothing is missing, and only columns, words and PostgreSQL are asked."""
    (answer,), (seconds,), _ = asked(world, settings, text="a garden")
    assert isinstance(answer, SearchOut)
    assert not {*NO_WORDS.values(), *NO_ENGINE.values(), NO_MEANING} & set(answer.degraded)
    assert (world.columns.asked, world.words.asked, world.index.asked, world.database.asked) == (1, 1, 0, 0)
    assert seconds == 0


DOWN = SearchUnavailable("It is down.")


@pytest.mark.parametrize(
    ("part", "broken", "words", "takes"),
    [
        ("words", Part(error=DOWN), NO_WORDS[FAILED], 0.0),
        ("words", Part(error=KeyError("hits")), NO_WORDS[FAILED], 0.0),
        ("words", Part(error=TooBusy("the index")), NO_WORDS[BUSY], 0.0),
        ("words", Part(seconds=60.0), NO_WORDS[LATE], 0.25),
        ("columns", Part(error=ZeroDivisionError()), None, 0.0),
        ("columns", Part(error=TooBusy("the columns")), None, 0.0),
        ("columns", Part(seconds=60.0), None, 0.3),
    ],
    ids=[
        "index down",
        "index unreadable",
        "index full",
        "index silent",
        "columns broken",
        "columns full",
        "columns stuck",
    ],
)
def test_a_part_that_gives_nothing_is_done_without(
    *, part: str, broken: Part, words: str | None, takes: float, world: World, settings: Settings
) -> None:
    """Words are left out, and why is said; the index stands in for columns; nobody waits longer than the step has."""
    setattr(world, part, broken)
    (answer,), (seconds,), _ = asked(world, settings, text="a garden")
    assert isinstance(answer, SearchOut)
    assert answer.total_count == 3
    assert words is None or answer.degraded.count(words) == 1
    assert world.index.asked == (part == "columns")
    assert seconds == pytest.approx(takes)


@pytest.mark.parametrize(
    ("index", "takes"), [(Part(error=DOWN), 0.0), (Part(seconds=60.0), 0.3)], ids=["down", "silent"]
)
def test_without_columns_and_index_the_database_answers(
    index: Part, takes: float, world: World, settings: Settings
) -> None:
    """A process that has no columns yet and no index answers from rows, and still in time."""
    world.has_columns, world.index = False, index
    (answer,), (seconds,), _ = asked(world, settings)
    assert lacks(answer.degraded, NO_ENGINE)
    assert world.database.asked == 1
    assert seconds == pytest.approx(takes)


@pytest.mark.parametrize(("documents", "is_said"), [(3_000, False), (2_980, False), (1_499, True)])
def test_an_index_that_lost_documents_is_said_where_it_alone_answers(
    *, documents: int, is_said: bool, world: World, settings: Settings
) -> None:
    """Fewer documents than it was built with: without columns that hold all, the answer says that some are missing."""
    world.has_columns, world.about = False, IndexFacts("listings-1", 3_000, documents)
    (answer,), _, _ = asked(world, settings)
    assert (INCOMPLETE in answer.degraded) is is_said
    world.has_columns = True
    (answer,), _, _ = asked(world, settings)
    assert INCOMPLETE not in answer.degraded


def test_a_crowd_is_not_passed_on_to_the_database(world: World, settings: Settings) -> None:
    """Columns are full and there is no index: the guest is told to come again, and PostgreSQL is left alone."""
    world.columns, world.index = Part(error=TooBusy("the columns")), Part(error=DOWN)
    (refusal,), (seconds,), _ = asked(world, settings)
    assert isinstance(refusal, TooBusy)
    assert (refusal.status, world.database.asked, seconds) == (503, 0, 0.0)


@pytest.mark.parametrize("part", ["confirm", "book", "database"])
def test_a_database_that_does_not_answer_is_a_refusal_in_time(part: str, world: World, settings: Settings) -> None:
    """Without PostgreSQL's word there is no answer, and that is said before the search's time is over."""
    world.has_columns, world.index = part != "database", Part(error=DOWN)
    getattr(world, part).seconds = 60.0
    (refusal,), (seconds,), services = asked(world, settings)
    assert isinstance(refusal, ServiceUnavailable)
    assert seconds <= BUDGET
    assert sum(sample.value for sample in without(services) if sample.labels.get("why") == "late") == 1


def without(services: Any) -> list[Any]:
    """What metrics say of steps that gave nothing."""
    metrics = services.metrics.without.collect()
    return [sample for metric in metrics for sample in metric.samples if sample.name.endswith("_total")]


def test_an_embedder_that_hangs_costs_its_time_and_then_none(world: World, settings: Settings) -> None:
    """Its threads hang and nobody else's; after five failures it is not asked, and costs nothing."""
    world.embeds_in_threads = True
    world.embedder.hangs.clear()
    answers, seconds, _ = asked(world, settings, times=FAILURES + 2, text="a garden")
    world.embedder.hangs.set()
    assert all(NO_MEANING in answer.degraded for answer in answers)
    assert seconds == pytest.approx([0.1] * FAILURES + [0.0] * 2)
    assert world.words.asked == FAILURES + 2, "words are matched all the same"


def test_a_silent_index_costs_five_searches_their_time_and_then_one_in_two_seconds(
    world: World, settings: Settings
) -> None:
    """The breaker opens, lets one try when its time is over, and closes with the first answer; guests are told why."""
    world.words = Part(Best(FOUND.candidates, ()), seconds=60.0)

    async def some_guests() -> list[tuple[float, str | None]]:
        services, loop = world.services(settings), asyncio.get_running_loop()
        seen = []
        for number in range(FAILURES + 5):
            began = loop.time()
            answer = await search(services, SearchQuery(market="lisbon", text="a garden"), visit=Visit("v", None, None))
            why = next((why for why, words in NO_WORDS.items() if words in answer.degraded), None)
            seen.append((round(loop.time() - began, 3), why))
            if number == FAILURES + 1:
                await asyncio.sleep(OPEN_SECONDS)
            if number == FAILURES + 2:
                world.words.seconds = 0.0
                await asyncio.sleep(OPEN_SECONDS)
        services.events.close()
        return seen

    seen, _ = run(some_guests())
    assert seen[:FAILURES] == [(0.25, LATE)] * FAILURES
    assert seen[FAILURES:] == [(0.0, SHUT)] * 2 + [(0.25, LATE)] + [(0.0, None)] * 2


def test_steps_that_each_take_all_their_time_leave_enough_to_confirm(world: World, settings: Settings) -> None:
    """Markets, words, columns, index and rows all as slow as they can be: PostgreSQL still has its share."""
    world.book.seconds = 0.2
    world.columns.seconds = world.words.seconds = world.index.seconds = 60.0
    world.confirm.seconds = 0.14
    world.columns.error = None
    (outcome,), (seconds,), _ = asked(world, settings, text="a garden")
    assert isinstance(outcome, TooBusy), "columns and index are late, so the database is spared"
    assert seconds <= BUDGET
    world.index.seconds = 0.1
    (answer,), (seconds,), _ = asked(world, settings, text="a garden")
    assert isinstance(answer, SearchOut)
    assert seconds == pytest.approx(0.2 + 0.3 + 0.1 + 0.14)


class Slow(BaselineRanker):
    """Takes 150 ms to score."""

    def score(self, matrix: Any) -> Any:
        """Score, while time passes."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.pass_by(0.15)
        return super().score(matrix)


def test_a_ranker_that_takes_too_long_is_left_out_after_a_while(world: World, settings: Settings) -> None:
    """It cannot be stopped, so what it made is used; after five times searches do without it."""
    world.ranker = Slow()
    answers, seconds, _ = asked(world, settings, times=FAILURES + 1)
    assert [NO_RANKING[SHUT] in answer.degraded for answer in answers] == [False] * FAILURES + [True]
    assert seconds == pytest.approx([0.15] * FAILURES + [0.0])


def test_what_is_late_is_not_waited_for_even_to_stop() -> None:
    """Work that takes five seconds to give up does not have its caller wait for them."""

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(5)

    async def impatient() -> float:
        with pytest.raises(TimeoutError):
            await within(0.1, stubborn())
        return asyncio.get_running_loop().time()

    assert run(impatient())[0] == pytest.approx(0.1)


def test_a_search_has_its_time_and_each_step_its_part(settings: Settings) -> None:
    """The defaults are 800 ms and shares of them; a setting says otherwise; all but confirming leave 150 ms."""
    steps = Allowance.of(settings).steps
    named = {"embed": 100, "scan": 300, "words": 250, "retrieve": 300, "rank": 100, "explain": 60, "try_stays": 500}
    assert {step.value: round(seconds * 1000) for step, seconds in steps.items()} == named
    given = Allowance.of(settings.model_copy(update={"search_words_ms": 40}))
    assert given.steps[Step.WORDS] == pytest.approx(0.04)
    now = 100.0
    budget = Budget.start(Allowance.of(settings), lambda: now)
    assert budget.left(Step.SCAN) == pytest.approx(0.3)
    now += 0.6
    assert budget.left(Step.SCAN) == pytest.approx(0.05)
    assert budget.left(Step.CONFIRM) == pytest.approx(0.2)
    now += 0.15
    assert budget.left(Step.SCAN) < 0
    assert budget.left(Step.EXPLAIN) == pytest.approx(0.05)


def test_a_half_built_index_hides_no_listing() -> None:
    """Listings that the columns count and the index does not hold stand last, and the answer says so."""
    counted = replace(FOUND, candidates=candidates(1, 2, 3, 4), total_count=4)
    scored = tuple(candidate._replace(text_score=2.0) for candidate in candidates(4, 2))
    merged = ordered_by_words(counted, Best(scored, ()), without=NO_WORDS[FAILED])
    assert [candidate.listing_id for candidate in merged.candidates] == [4, 2, 1, 3]
    assert [candidate.text_score for candidate in merged.candidates] == [2.0, 2.0, 0.0, 0.0]
    assert merged.degraded == (SOME_WORDS,)


def test_an_index_that_is_empty_is_not_said_to_be_away() -> None:
    """Where OpenSearch answers and knows none of the listings, that is what is said, and they stand as they were."""
    merged = ordered_by_words(FOUND, Best((), ()), without=NO_WORDS[FAILED])
    assert (merged.candidates, merged.degraded) == (FOUND.candidates, (WORDS_UNKNOWN,))


def test_an_index_a_moment_behind_is_not_spoken_of() -> None:
    """One listing of three hundred that the index has not heard of yet is there, and is no news."""
    all_of_them = candidates(*range(1, 301))
    counted = replace(FOUND, candidates=all_of_them, total_count=300)
    merged = ordered_by_words(counted, Best(all_of_them[1:], ()), without=NO_WORDS[FAILED])
    assert merged.candidates[-1].listing_id == 1
    assert merged.degraded == ()


def test_beyond_the_first_five_hundred_nothing_is_added() -> None:
    """Where more fit than are ordered, the five hundred that fit the words best are whole."""
    best = candidates(*range(1_000, 1_500))
    counted = replace(FOUND, candidates=candidates(*range(500)), total_count=9_000)
    merged = ordered_by_words(counted, Best(best, ()), without=NO_WORDS[FAILED])
    assert [candidate.listing_id for candidate in merged.candidates] == list(range(1_000, 1_500))
    assert merged.degraded == ()
