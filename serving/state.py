"""What one web process holds from its start to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypedDict

from opensearchpy import AsyncOpenSearch
from opentelemetry.trace import Tracer
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from lodestay.settings import Settings
from search.answer import Retrieved
from search.columns.engine import ColumnEngine
from search.columns.kept import KeptAnswers
from search.engine import Best, OpenSearchEngine, connect
from search.errors import SearchUnavailable
from search.event_log import EventLog
from search.request import SearchRequest
from search.today import Today
from serving.models import FIRST_LOOK_SECONDS, ModelShelf
from serving.observability.metrics import Metrics
from serving.observability.tracing import trace_statements
from serving.payments import NoProcessor, PaymentDesk
from serving.search.budget import Allowance, Step
from serving.search.columns import ColumnShelf
from serving.search.gazetteer import Cities
from serving.search.guards import Guards
from serving.search.markets import MarketShelf
from serving.search.reranking import Reranking, Viewed
from serving.search.warming import WordsWarmer
from serving.suggest.shelf import FIRST_LOAD_SECONDS, SuggestionShelf
from serving.tokens import VerifiedTokens
from transactional.bookings import quick as quick_bookings
from transactional.bookings.instant import Keys
from transactional.kit.connections import QuickConnections
from transactional.kit.database import create_engine, session_factory
from transactional.outbox import tail
from transactional.payments.gateway import PaymentGateway
from transactional.payments.http_gateway import open_gateway
from transactional.quotes import pages

POOL_SIZE = 8
QUICK_POOL_SIZE = 8
"""Connections for calls of one statement: eight saturate two cores."""
LOCK_TIMEOUT_MS = 2_000
STATEMENTS = {**quick_bookings.STATEMENTS, **pages.STATEMENTS, **tail.STATEMENTS}
ANSWERING = 0.8
"""Of the time that we wait for OpenSearch, how much it has to collect results."""
LAST_STEP_SECONDS = 5.0
"""How long the end of the process waits for the columns to take in what they are at."""


@dataclass(frozen=True)
class Services:
    """Everything an endpoint may need that is not part of its request.

    Attributes
    ----------
    signing_key
        Key of access tokens, and of the proofs that results were shown.
    quote_key
        Key of the signatures of quotes.
    tokens
        Says who calls.
    booking_keys
        Keys of what a guest sends to book at once.
    quick
        Connections for calls of one statement.
    masking_key
        Key of the pseudonyms in the event log.
    webhook_key
        Key that the payment processor signs its messages and its receipts with.
    desk
        Moves payments while their guests wait.
    opensearch
        None where no address is known: search then answers from PostgreSQL.
    reranking, viewed
        What is done after the ranker, and what visits looked at.
    """

    settings: Settings
    clock: Clock
    signing_key: str
    quote_key: bytes
    tokens: VerifiedTokens
    booking_keys: Keys
    quick: QuickConnections
    masking_key: str
    webhook_key: str
    metrics: Metrics
    sessions: async_sessionmaker[AsyncSession]
    desk: PaymentDesk
    opensearch: AsyncOpenSearch | None
    engine: Engine
    columns: ColumnShelf
    models: ModelShelf
    markets: MarketShelf
    suggestions: SuggestionShelf
    events: EventLog
    guards: Guards
    reranking: Reranking
    viewed: Viewed


class State(TypedDict):
    """What the lifespan gives to each request's `state`."""

    services: Services


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    clock: Clock,
    metrics: Metrics,
    tracer: Tracer,
    cities: Cities,
    gateway: PaymentGateway | None,
) -> AsyncIterator[Services]:
    """Open every connection, and close them in the end; none of them needs to answer yet."""
    database = create_engine(settings.require_database_url(), pool_size=POOL_SIZE, lock_timeout_ms=LOCK_TIMEOUT_MS)
    trace_statements(database, tracer)
    quick = QuickConnections(
        settings.require_database_url(), STATEMENTS, size=QUICK_POOL_SIZE, lock_timeout_ms=LOCK_TIMEOUT_MS
    )
    opensearch = None if settings.opensearch_url is None else connect(settings.require_opensearch_url())
    sessions = session_factory(database)
    events = EventLog(settings.lake, writer="api")
    models = ModelShelf(settings, sessions, opensearch, cities)
    metrics.listings.set_function(lambda: len(models.current.columns))
    columns = ColumnShelf(
        settings.lake,
        sessions,
        clock,
        quick,
        keeping=partial(_keeping, settings, metrics),
        locked=settings.search_columns_locked,
    )
    guards = Guards.of(settings, metrics)
    _watch(metrics, columns, guards)
    stop = asyncio.Event()
    markets = MarketShelf(sessions)
    suggestions = SuggestionShelf(settings.lake, sessions, with_titles=settings.suggest_titles)
    steps = (columns.follow, columns.look) if settings.search_columns else ()
    engine = NoEngine() if opensearch is None else engine_of(opensearch, settings)
    warming = partial(WordsWarmer(engine, models).follow, clock=clock)
    following = [asyncio.create_task(step(stop)) for step in (*steps, suggestions.follow, warming)]
    looking = asyncio.create_task(models.keep_fresh())
    closing = AsyncExitStack()
    try:
        desk = PaymentDesk(sessions, gateway or await _gateway(settings, closing), clock)
        closing.push_async_callback(desk.close)
        await models.wait_for_first_look(FIRST_LOOK_SECONDS)
        await suggestions.wait_for_first_try(FIRST_LOAD_SECONDS)
        yield Services(
            settings=settings,
            clock=clock,
            signing_key=settings.signing_key(),
            quote_key=settings.quote_key(),
            tokens=VerifiedTokens(key=settings.signing_key(), clock=clock),
            booking_keys=Keys(quotes=settings.quote_key(), receipts=settings.webhook_key()),
            quick=quick,
            masking_key=settings.masking_key(),
            webhook_key=settings.webhook_key(),
            metrics=metrics,
            sessions=sessions,
            desk=desk,
            opensearch=opensearch,
            engine=engine,
            columns=columns,
            models=models,
            markets=markets,
            suggestions=suggestions,
            events=events,
            guards=guards,
            reranking=Reranking.of(settings),
            viewed=Viewed(),
        )
    finally:
        events.close()
        stop.set()
        if following:
            await asyncio.wait(following, timeout=LAST_STEP_SECONDS)
        for task in (*following, looking):
            task.cancel()
        await asyncio.gather(*following, looking, return_exceptions=True)
        await markets.close()
        columns.close()
        guards.close()
        await closing.aclose()
        if opensearch is not None:
            await opensearch.close()
        quick.close()
        await database.dispose()


def _keeping(settings: Settings, metrics: Metrics) -> KeptAnswers:
    """Make a place for the columns' answers, and have the metrics hear of it."""

    def tell(kept: str, age: float | None) -> None:
        metrics.cached.labels(kept).inc()
        if age is not None:
            metrics.cache_age.observe(age)

    return KeptAnswers(settings.search_cache_mb * 1_000_000, time=time.monotonic, told=tell)


def _watch(metrics: Metrics, columns: ColumnShelf, guards: Guards) -> None:
    """Have the metrics look at what is full and what is late when they are asked."""

    def of_columns(read: Callable[[ColumnEngine], int]) -> Callable[[], float]:
        return lambda: 0.0 if columns.late_engine is None else float(read(columns.late_engine))

    metrics.columns_age.set_function(lambda: columns.behind_seconds)
    metrics.cache_bytes.set_function(of_columns(lambda engine: engine.kept_bytes))
    metrics.waiting.labels("columns").set_function(of_columns(lambda engine: engine.waiting))
    metrics.waiting.labels("embedding").set_function(lambda: float(len(guards.embedding)))
    metrics.waiting.labels("confirming").set_function(lambda: float(len(guards.confirming)))
    metrics.waiting.labels("reading").set_function(lambda: float(len(guards.reading)))


async def _gateway(settings: Settings, closing: AsyncExitStack) -> PaymentGateway:
    if settings.processor_url is None:
        return NoProcessor()
    return await closing.enter_async_context(open_gateway(settings))


def engine_of(opensearch: AsyncOpenSearch, settings: Settings) -> OpenSearchEngine:
    """The engine over the index in service."""
    return OpenSearchEngine(opensearch, alias=settings.index_alias, timeout_ms=words_timeout_ms(settings))


def words_timeout_ms(settings: Settings) -> int:
    """Time that OpenSearch is told it has: some less than we wait, so that it can say what it found until then."""
    return max(1, int(Allowance.of(settings).steps[Step.WORDS] * 1000 * ANSWERING))


class Engine(Protocol):
    """What finds candidates."""

    async def retrieve(self, request: SearchRequest, *, today: Today) -> Retrieved:
        """Find the best candidates and count the whole filtered set, or raise `SearchUnavailable`."""

    async def best(self, request: SearchRequest, among: Collection[int] | None = None, *, today: Today) -> Best:
        """Find the best candidates (among some listings) and count nothing, or raise `SearchUnavailable`."""


class NoEngine:
    """Stands where no address of OpenSearch is known."""

    async def retrieve(self, request: SearchRequest, *, today: Today) -> Retrieved:  # noqa: ARG002 (the interface)
        """Say that there is none."""
        raise _not_known()

    async def best(
        self,
        request: SearchRequest,  # noqa: ARG002 (the interface)
        among: Collection[int] | None = None,  # noqa: ARG002
        *,
        today: Today,  # noqa: ARG002
    ) -> Best:
        """Say that there is none."""
        raise _not_known()


def _not_known() -> SearchUnavailable:
    return SearchUnavailable("No OpenSearch is known.", hint="Start it with `lodestay up`.")
