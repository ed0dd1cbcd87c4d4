"""Answers that are kept: the same as answers made anew, whatever changes in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.answer import Retrieved
from search.columns.engine import ColumnEngine, retrieve
from search.columns.kept import ABSENT, CHANGED, HIT, ChangedRows, KeptAnswers, key_of
from search.columns.store import ColumnStore
from search.document import calendar_fields
from search.request import Filters, Sort
from tests.search.marketplace import (
    HERE,
    TODAY,
    documents_of,
    make_request,
    random_calendar,
    random_request,
    random_supply,
)

SEARCHES = 250
NOTHING = Retrieved((), 0, {}, (), ())


@dataclass
class Ear:
    """Hears what becomes of looking for answers, at a time that stands until it is moved."""

    now: float = 0.0
    heard: Counter[str] = field(default_factory=Counter)
    ages: list[float] = field(default_factory=list)

    def tell(self, kept: str, age: float | None) -> None:
        """Hear."""
        self.heard[kept] += 1
        if age is not None:
            self.ages.append(age)

    def answers(self, capacity: int = 10_000_000) -> KeptAnswers:
        """Make what it listens to."""
        return KeptAnswers(capacity, time=lambda: self.now, told=self.tell)


def runs(*spans: tuple[int, int]) -> NDArray[np.int64]:
    """Runs of rows."""
    return np.array(spans, np.int64).reshape(-1, 2)


async def disagreements(kept: KeptAnswers) -> int:
    """Search and change a marketplace at random; how often a kept answer was not that of a new pass."""
    rng = np.random.default_rng(5)
    supply = random_supply(rng, listings=80)
    documents = documents_of(supply, np.random.default_rng(1))
    store = ColumnStore(lambda: documents)
    engine = ColumnEngine(store, kept=kept)
    popular = [replace(random_request(rng), filters=Filters(), guests=1) for _ in range(12)]
    wrong = 0
    for _ in range(SEARCHES):
        if rng.random() < 0.08:
            changed = [int(n) for n in rng.choice([row["listing_id"] for row in supply.listings], 2, replace=False)]
            await engine.update({n: calendar_fields(random_calendar(rng), today=TODAY) for n in changed})
        request = replace(popular[int(rng.integers(len(popular)))], page_size=int(rng.integers(1, 50)))
        wrong += await engine.retrieve(request, today=HERE) != retrieve(request, store, today=HERE)
    engine.close()
    return wrong


async def test_kept_answers_are_those_of_a_new_pass() -> None:
    """Hundreds of searches among changes to calendars: with what is kept and without, the answers are the same."""
    ear = Ear()
    assert await disagreements(ear.answers()) == 0
    assert ear.heard[HIT] > 50
    assert ear.heard[CHANGED] > 10
    assert ear.heard[ABSENT] >= 12


async def test_without_hearing_of_changes_they_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: where changes are not noted, the same run gives answers that are wrong."""
    monkeypatch.setattr(ChangedRows, "add", lambda *_: None)
    assert await disagreements(Ear().answers()) > 10


def test_an_answer_holds_until_a_row_of_its_own_changes() -> None:
    """A change elsewhere leaves it in place, one at either end of a run does not; its age is told."""
    ear = Ear()
    kept = ear.answers()
    kept.changed.add(np.array([15]))
    for changed, is_right in (([9, 20, 29, 40], True), ([10], False), ([19], False), ([5, 35], False), ([], True)):
        kept.keep("lisbon", NOTHING, runs((10, 20), (30, 40)), kept.changed.count)
        ear.now += 7.0
        kept.changed.add(np.array(changed, np.int64))
        assert (kept.find("lisbon") is NOTHING) is is_right
    assert ear.ages == [7.0, 7.0]


def test_more_changes_than_are_remembered_end_every_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody can tell any more is taken for changed; an answer that is looked at in time stays."""
    monkeypatch.setattr("search.columns.kept._REMEMBERED", 8)
    kept = Ear().answers()
    kept.keep("looked at", NOTHING, runs((0, 5)), 0)
    kept.keep("forgotten", NOTHING, runs((0, 5)), 0)
    for _ in range(3):
        kept.changed.add(np.full(4, 7))
        assert kept.find("looked at") is NOTHING
    assert kept.find("forgotten") is None
    kept.keep("many at once", NOTHING, runs((0, 5)), kept.changed.count)
    kept.changed.add(np.full(100, 7))
    assert kept.find("many at once") is None


def test_memory_is_bounded() -> None:
    """The answer that was asked for longest ago goes first; one larger than all the memory is not kept at all."""
    kept = Ear().answers(capacity=3_500)
    for name in ("a", "b", "c"):
        kept.keep(name, NOTHING, runs((0, 1)), 0)
    assert kept.find("a") is NOTHING
    kept.keep("d", NOTHING, runs((0, 1)), 0)
    assert kept.size <= 3_500
    assert [name for name in "abcd" if kept.find(name)] == ["a", "c", "d"]
    kept.keep("a", NOTHING, runs(*((2 * n, 2 * n + 1) for n in range(1_000))), 0)
    assert kept.size <= 3_500


@pytest.mark.parametrize(
    "other",
    [
        {"guests": 3},
        {"market": "singapore"},
        {"filters": Filters(superhost=True)},
        {"sort": Sort.PRICE},
        {"currency": "SEK"},
        {"rates": {"SEK": 0.09}},
        {"tile_zoom": 5},
    ],
)
def test_what_changes_an_answer_is_in_its_key(other: dict[str, Any]) -> None:
    """Two searches with one key have one answer; which page of it, in which language and for which words is no part."""
    request = make_request(market="stockholm")
    assert key_of(request, HERE) != key_of(replace(request, **other), HERE)
    alike = replace(request, page=2, page_size=7, locale="sv", text="sauna", text_vector=(1.0,))
    assert key_of(request, HERE) == key_of(alike, HERE)
    assert hash(key_of(request, HERE)) == hash(key_of(alike, HERE))


def test_every_part_of_a_request_is_known_to_count_or_not() -> None:
    """Columns give the same answer whatever the parts are that the key leaves out."""
    rng = np.random.default_rng(3)
    documents = documents_of(random_supply(rng, listings=60), rng)
    store = ColumnStore(lambda: documents)
    for _ in range(40):
        request = random_request(rng)
        alike = replace(request, text="quiet", page=1, page_size=3, locale="fr", text_vector=(0.5,))
        assert retrieve(request, store, today=HERE) == retrieve(alike, store, today=HERE)


async def test_too_many_searches_are_turned_away() -> None:
    """Where fifty wait the next one is told so; once they are done there is room again."""
    rng = np.random.default_rng(3)
    documents = documents_of(random_supply(rng, listings=20), rng)
    engine = ColumnEngine(ColumnStore(lambda: documents))
    asked = [asyncio.create_task(engine.retrieve(random_request(rng), today=HERE)) for _ in range(60)]
    outcomes = Counter(type(each).__name__ for each in await asyncio.gather(*asked, return_exceptions=True))
    assert outcomes["TooBusy"] >= 1
    assert outcomes["Retrieved"] >= 51
    assert engine.waiting == 0
    assert await engine.retrieve(make_request(), today=HERE)
    engine.close()


async def test_changes_to_listings_that_are_not_held_are_none() -> None:
    """A listing that waits for the next build changes no answer; an engine without listings hears of any."""
    rng = np.random.default_rng(3)
    documents = documents_of(random_supply(rng, listings=20), rng)
    for held in (documents, []):
        ear = Ear()
        engine = ColumnEngine(ColumnStore(lambda held=held: held), kept=ear.answers())
        await engine.retrieve(make_request(), today=HERE)
        assert await engine.update({10**9: {"is_active": False}}) == 0
        await engine.retrieve(make_request(), today=HERE)
        assert ear.heard[HIT] == 1
        engine.close()
