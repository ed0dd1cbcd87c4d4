"""Models, features and embeddings in memory, taken up anew when a pipeline run has made better ones."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import structlog
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.errors import LodestayError
from lodestay.garbage import set_aside
from lodestay.lake import LISTING_FEATURES, partition_files
from lodestay.settings import Settings
from ml.embeddings.gateway import Embedder, make_embedder
from ml.listing_features import SCHEMA
from ml.pricing.pricer import Pricer
from ml.pricing.run import KNOWN, UNSEEN
from ml.ranking.columns import ListingColumns
from ml.ranking.features import FEATURES
from ml.ranking.ranker import MODEL as RANKING
from ml.ranking.ranker import AnyRanker, BaselineRanker, Ranker
from ml.registry import Registry
from search.gazetteer import Gazetteer
from search.index import BUILT_WITH
from serving.search.gazetteer import Cities, landmark_files, make_gazetteer, own_places
from transactional.markets.places import place_names

LOOK_EVERY_SECONDS = 15.0
LACKING = 0.01
"""Share of an index's documents that may have gone unmentioned."""
PLACES_KEPT_SECONDS = 3_600.0
"""How old what listings say of places may be."""
LOAD_SECONDS = 120.0
"""How long a part may take to load; one that hangs is left to itself, and looked for again."""
FIRST_LOOK_SECONDS = 10.0
"""How long the start of the process waits for the models; they may come later."""

NO_RANKER = "ranking model not loaded: results are ordered by the baseline"
NO_PRICER = "pricing models not loaded: prices follow simple rules"
NO_FEATURES = "listing features not loaded: results are ordered by little more than price and distance"
NO_MEANING = "no embedding of the index's model at hand: words are matched, their meaning is not"

INCOMPLETE = "search index incomplete: listings that it lost are missing"

# MLflow's client tries for minutes by default; a web process looks again in a moment anyway.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")

RANKER, PRICER = "ranker", "pricer"

RULE = Pricer(unseen=None, known=None, name="rule")
"""Prices without a model: comparables, or what the listing itself asks."""

log = structlog.get_logger(__name__)
Loaded = TypeVar("Loaded")


@dataclass(frozen=True)
class IndexFacts:
    """What is known of the index behind the alias.

    Attributes
    ----------
    name
        None while there is none, or it was not heard of.
    built_with, documents
        How many documents it had when it was built, and has now; 0 while that is not known.
    """

    name: str | None = None
    built_with: int = 0
    documents: int = 0

    @property
    def missing(self) -> tuple[str, ...]:
        """What an answer made of it alone lacks, in words for a client: nothing while one document in a hundred is."""
        return (INCOMPLETE,) if self.documents < self.built_with * (1 - LACKING) else ()


@dataclass(frozen=True)
class Models:
    """What the process ranks and prices with; whoever took it keeps it to the end of the request.

    Attributes
    ----------
    index_model
        Name of the model whose vectors stand in the index; None while it is not known.
    index
        What else is known of the index.
    awaited
        Of ranker and pricer those that stand in for a model: the registry was not yet heard about it, or its
        champion could not be loaded. A baseline that serves because no model has beaten it is awaited by nobody.
    """

    ranker: AnyRanker
    pricer: Pricer
    columns: ListingColumns
    embedder: Embedder | None
    index_model: str | None
    gazetteer: Gazetteer
    awaited: frozenset[str] = frozenset()
    index: IndexFacts = field(default_factory=IndexFacts)

    @property
    def meaning(self) -> Embedder | None:
        """What says what a text means as the index's vectors do; None where there is none of its model."""
        return None if self.embedder is None or self.embedder.model != self.index_model else self.embedder

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not there, in words for a client."""
        absent = {
            NO_RANKER: RANKER in self.awaited,
            NO_PRICER: PRICER in self.awaited,
            NO_FEATURES: len(self.columns) == 0,
        }
        return tuple(words for words, is_absent in absent.items() if is_absent)


class ModelShelf:
    """Holds the newest models and looks for newer ones."""

    def __init__(
        self,
        settings: Settings,
        sessions: async_sessionmaker[AsyncSession],
        opensearch: AsyncOpenSearch | None,
        cities: Cities,
    ) -> None:
        self._settings = settings
        self._cities = cities
        self._sessions = sessions
        self._opensearch = opensearch
        self._current = Models(
            ranker=BaselineRanker(),
            pricer=RULE,
            columns=ListingColumns(SCHEMA.empty_table()),
            embedder=None,
            index_model=None,
            gazetteer=Gazetteer(tuple),
            awaited=frozenset({RANKER, PRICER}),
        )
        self._seen: dict[str, Hashable] = {}
        self._places: Hashable = None
        self._placed_at = 0.0
        self._looking = asyncio.Lock()
        self._looked = asyncio.Event()

    @property
    def current(self) -> Models:
        """The newest models that were loaded."""
        return self._current

    async def keep_fresh(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            self._looked.set()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def wait_for_first_look(self, seconds: float) -> None:
        """Wait until the first look is done, but no longer: the process can serve without models."""
        try:
            async with asyncio.timeout(seconds):
                await self._looked.wait()
        except TimeoutError:
            log.warning("serving before the models are loaded")

    async def look(self) -> Models:
        """Load what is newer than what is held. What cannot be had leaves the old in place, and the log says why."""
        async with self._looking:
            await self._take_places()
            await self._take("columns", self._features_on_disk, self._read_columns)
            await self._take("embedder", lambda: self._settings.embedding_model, self._load_embedder)
            await self._look_at_index()
            if self._settings.mlflow_tracking_uri is not None:
                await self._take(RANKER, self._champions(RANKING), self._load_ranker)
                await self._take(PRICER, self._champions(UNSEEN, KNOWN), self._load_pricer)
        return self._current

    async def _take(self, part: str, version: Callable[[], Hashable], load: Callable[[], Any]) -> None:
        """Load a part, off the event loop, where its version is another than the one held."""
        found: Hashable = None
        try:
            found = await _in_thread(version)
            if found == self._seen.get(part):
                return
            loaded = await _in_thread(load)
        except (LodestayError, OSError) as error:
            log.warning("not loaded", part=part, reason=str(error)[:300])
            self._await_again(part, found)
            return
        except Exception:
            # Whatever is wrong with what is new: what is held keeps serving, and the next look tries again.
            log.exception("not loaded", part=part)
            self._await_again(part, found)
            return
        awaited = self._current.awaited - {part}
        self._current = replace(self._current, awaited=awaited, **{part: loaded})
        self._seen[part] = found
        set_aside()
        log.info("loaded", part=part)

    def _await_again(self, part: str, found: Hashable) -> None:
        """A champion is there and could not be loaded: where a baseline serves in its place, that is no choice."""
        stands_in = {
            RANKER: isinstance(self._current.ranker, BaselineRanker),
            PRICER: self._current.pricer is RULE,
        }
        if found is not None and stands_in.get(part):
            self._current = replace(self._current, awaited=self._current.awaited | {part})

    async def _take_places(self) -> None:
        """Make the gazetteer anew where the marketplace's own places are others.

        Where they lie is said by all listings, and a database of a million of them goes over these for half a second:
        they are asked where a name is new, and once an hour. So long a neighbourhood may take to be found that had no
        active listing before.
        """
        try:
            landmarks = await asyncio.to_thread(landmark_files, self._settings.lake)
            async with self._sessions() as session:
                known = (tuple(await place_names(session)), tuple((file.path, file.modified_at) for file in landmarks))
                is_recent = time.monotonic() - self._placed_at < PLACES_KEPT_SECONDS
                if "gazetteer" in self._seen and known == self._places and is_recent:
                    return
                places = await own_places(session)
        except (SQLAlchemyError, OSError) as error:
            log.warning("not loaded", part="gazetteer", reason=type(error).__name__)
            return
        # Names alone: the counts, which only weigh, change with every import.
        names = tuple((place.market, place.name) for place in places)
        version = (names, known[1])
        await self._take("gazetteer", lambda: version, lambda: make_gazetteer(places, landmarks, self._cities))
        if self._seen.get("gazetteer") == version:
            self._places, self._placed_at = known, time.monotonic()

    def _features_on_disk(self) -> Hashable:
        """Every file of the features and when it was swapped in: enough to know that a run has replaced one."""
        return tuple((file.path, file.modified_at) for file in partition_files(LISTING_FEATURES, self._settings.lake))

    def _read_columns(self) -> ListingColumns:
        return ListingColumns.read(self._settings.lake)

    def _load_embedder(self) -> Embedder:
        embedder = _embedder(self._settings.embedding_model)
        embedder.embed_query("a garden")  # the first is slow, and a guest has little time for it
        return embedder

    async def _look_at_index(self) -> None:
        """Hear of the index in service; while it is not heard of, what was known of it holds."""
        if self._opensearch is None:
            return
        alias = self._settings.index_alias
        try:
            mappings = await self._opensearch.indices.get_mapping(index=alias)
            counted = await self._opensearch.count(index=alias)
        except OpenSearchException:
            return
        name = next(iter(mappings), None)
        meta = {} if name is None else mappings[name]["mappings"].get("_meta", {})
        facts = IndexFacts(name, built_with=meta.get(BUILT_WITH, 0), documents=counted["count"])
        self._current = replace(self._current, index_model=meta.get("model"), index=facts)

    def _registry(self) -> Registry:
        return Registry(self._settings.require_mlflow_tracking_uri())

    def _champions(self, *names: str) -> Callable[[], Hashable]:
        def versions() -> Hashable:
            found = [self._registry().champion_version(name) for name in names]
            return tuple(None if version is None else version.version for version in found)

        return versions

    def _load_ranker(self) -> AnyRanker:
        ranker = Ranker.load_champion(self._registry())
        nothing_known = np.full((1, len(FEATURES)), np.nan)
        ranker.score(nothing_known)  # a model that cannot score fails here, and not a guest's search
        ranker.explain(nothing_known)
        return ranker

    def _load_pricer(self) -> Pricer:
        registry = self._registry()
        has_model = any(registry.champion_version(name) is not None for name in (UNSEEN, KNOWN))
        return Pricer.load_champion(registry) if has_model else RULE


async def _in_thread(work: Callable[[], Loaded]) -> Loaded:
    """Do work off the event loop, for so long and no longer: the other parts are looked for after it."""

    def done() -> Loaded:
        try:
            return work()
        except StopIteration as error:  # which no future can be given: who waits would wait for ever
            raise RuntimeError("an iterator ended") from error

    async with asyncio.timeout(LOAD_SECONDS):
        return await asyncio.to_thread(done)


# One a process, however many applications it holds: a model is some hundred megabytes.
_embedder = lru_cache(maxsize=2)(make_embedder)
