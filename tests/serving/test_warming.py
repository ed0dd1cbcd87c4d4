"""An index that came into service answers before the first guest asks it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np

from search.engine import Best
from search.errors import SearchUnavailable
from search.request import SearchRequest
from search.today import Today
from serving.models import IndexFacts
from serving.search.warming import TRIES, WISHES, WordsWarmer

TODAY = Today(date(2026, 6, 15))


class Cold:
    """An engine that is late until it was asked so often."""

    def __init__(self, late: int) -> None:
        self.late = late
        self.asked: list[SearchRequest] = []

    async def best(self, request: SearchRequest, *, today: Today) -> Best:  # noqa: ARG002 (the interface)
        """Answer, or be late."""
        self.asked.append(request)
        self.late -= 1
        if self.late >= 0:
            raise SearchUnavailable("It is late.")
        return Best((), ())


def shelf(name: str | None) -> Any:
    """Models of which an index is known."""
    embedder = SimpleNamespace(model="m", embed_query=lambda _: np.ones(3))
    return SimpleNamespace(current=SimpleNamespace(index=IndexFacts(name), meaning=embedder))


async def test_an_index_is_asked_until_it_answers_and_then_left_alone() -> None:
    """Each wish, by words and meaning, until it is answered; another index is asked anew."""
    engine, models = Cold(late=4), shelf("listings-1")
    warmer = WordsWarmer(engine, models)
    await warmer.step(today=TODAY)
    assert len(engine.asked) == 4 + len(WISHES)
    assert all(request.text_vector == (1.0, 1.0, 1.0) for request in engine.asked)
    await warmer.step(today=TODAY)
    assert len(engine.asked) == 4 + len(WISHES)
    models.current.index = replace(models.current.index, name="listings-2")
    await warmer.step(today=TODAY)
    assert len(engine.asked) == 4 + 2 * len(WISHES)


async def test_an_index_is_asked_again_once_meaning_is_at_hand() -> None:
    """Words alone leave the vectors cold."""
    engine, models = Cold(late=0), shelf("listings-1")
    embedder, models.current.meaning = models.current.meaning, None
    warmer = WordsWarmer(engine, models)
    await warmer.step(today=TODAY)
    assert [request.text_vector for request in engine.asked] == [None] * len(WISHES)
    models.current.meaning = embedder
    await warmer.step(today=TODAY)
    assert [request.text_vector for request in engine.asked[len(WISHES) :]] == [(1.0, 1.0, 1.0)] * len(WISHES)


async def test_an_index_that_stays_away_is_asked_again_later() -> None:
    """A step ends after some tries, and the next one goes on; where there is no index nobody is asked."""
    engine = Cold(late=TRIES + 1)
    warmer = WordsWarmer(engine, shelf("listings-1"))
    await warmer.step(today=TODAY)
    assert len(engine.asked) == TRIES
    await warmer.step(today=TODAY)
    assert len(engine.asked) == TRIES + 1 + len(WISHES)
    nobody = Cold(late=0)
    await WordsWarmer(nobody, shelf(None)).step(today=TODAY)
    assert nobody.asked == []
