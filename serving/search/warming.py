"""Has the index of words asked before the first guest asks it: what a node reads for the first time takes seconds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

import structlog

from lodestay.clock import Clock
from search.engine import Best
from search.errors import SearchUnavailable
from search.request import ANYTHING, SearchRequest
from search.today import Today
from serving.again import again_and_again
from serving.models import Models, ModelShelf

LOOK_EVERY_SECONDS = 5.0
TRIES = 20
"""Each is given up after a search's time, and the node goes on from where it was."""
WISHES = ("a quiet flat with a garden", "sauna near the sea", "loft in the old town")

log = structlog.get_logger(__name__)


class AsksWords(Protocol):
    """An engine, as far as it orders by words."""

    async def best(self, request: SearchRequest, *, today: Today) -> Best:
        """Find the best candidates, or raise `SearchUnavailable`."""


class WordsWarmer:
    """Asks an index that came into service until it answers in a search's time."""

    def __init__(self, engine: AsksWords, models: ModelShelf) -> None:
        self._engine = engine
        self._models = models
        self._warm: tuple[str, bool] | None = None

    async def follow(self, stop: asyncio.Event, *, clock: Clock) -> None:
        """Look for an index that is not warm, until told to stop."""

        async def step() -> None:
            await self.step(today=Today(clock.now().date()))

        await again_and_again(step, every=LOOK_EVERY_SECONDS, stop=stop, what="words")

    async def step(self, *, today: Today) -> None:
        """Warm the index in service, unless that was done."""
        models = self._models.current
        index, has_meaning = models.index.name, models.meaning is not None
        if index is None or (index, has_meaning) == self._warm:
            return
        for wish in WISHES:
            if not await self._ask(await _request(wish, models), today=today):
                return  # another step goes on with it
        self._warm = index, has_meaning
        log.info("index of words is warm", index=index, has_meaning=has_meaning)

    async def _ask(self, request: SearchRequest, *, today: Today) -> bool:
        for _ in range(TRIES):
            try:
                await self._engine.best(request, today=today)
            except SearchUnavailable:
                continue
            return True
        return False


async def _request(wish: str, models: Models) -> SearchRequest:
    embedder = models.meaning
    vector = None if embedder is None else await asyncio.to_thread(embedder.embed_query, wish)
    return replace(ANYTHING, guests=2, text=wish, text_vector=None if vector is None else tuple(vector.tolist()))
