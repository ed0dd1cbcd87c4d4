"""A pass by two threads counts what one counts; whoever is short is let pass, and changes wait."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.crowding import TooBusy
from search.columns import sharing
from search.columns.ask import Ask
from search.columns.asking import ask_of
from search.columns.reading import retrieved
from search.columns.sharing import Bell, scanned
from search.columns.tally import Tally
from search.columns.turns import Turns
from tests.search.columns.test_answers import store_of
from tests.search.marketplace import HERE, make_request, random_request, random_supply

INTERRUPTIONS = 5
LENGTHS = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 200)), min_size=1, max_size=6)


@given(LENGTHS, st.integers(1, 20))
def test_parts_are_the_whole(gaps: list[tuple[int, int]], count: int) -> None:
    """Every row is in one part, once, in its order; none is empty, and they differ by one row at most."""
    edges = np.cumsum(np.array(gaps).ravel()).reshape(-1, 2)
    whole, *parts = (
        [row for low, high in runs.tolist() for row in range(low, high)]
        for runs in (edges, *sharing.parts(edges, count))
    )
    assert [row for part in parts for row in part] == whole
    assert len(parts) == min(count, len(whole))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_two_threads_answer_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count, facets, histogram, tiles, what filters keep out, and the best, of all kinds of searches."""
    store = store_of(random_supply(np.random.default_rng(20260616), listings=450))
    monkeypatch.setattr(sharing, "MANY", 2)
    monkeypatch.setattr(sharing, "STRETCH", 1)
    monkeypatch.setattr(sharing, "PART", 20)
    rng = np.random.default_rng(5)
    found, of_many, heard = 0, 0, list[Tally]()
    with ThreadPoolExecutor(1) as beside:
        for _ in range(120):
            request = random_request(rng)
            ask = ask_of(request, store, today=HERE)
            alone, together = (scanned(store.table, store.derived, ask, beside=helper) for helper in (None, beside))
            assert retrieved(request, ask, together, store) == retrieved(request, ask, alone, store)
            let_go = Event()
            beside.submit(let_go.wait)  # so that all of it is left to the thread that hears the bell

            def again(ask: Ask = ask, let_go: Event = let_go) -> None:
                heard.append(scanned(store.table, store.derived, ask))
                let_go.set()

            bell = Bell(again)
            bell.ring()
            rung = scanned(store.table, store.derived, ask, beside=beside, bell=bell)
            let_go.set()
            assert retrieved(request, ask, rung, store) == retrieved(request, ask, alone, store)
            of_many += sharing.rows_of(ask) >= 2
            found += int(together.results.found[0])
    assert found > 100
    assert len(heard) >= of_many > 10


def test_a_pass_comes_to_its_end_however_often_it_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bell that rings again while it is answered lets the pass come further each time."""
    store = store_of(random_supply(np.random.default_rng(1), listings=400))
    monkeypatch.setattr(sharing, "MANY", 2)
    monkeypatch.setattr(sharing, "STRETCH", 1)
    monkeypatch.setattr(sharing, "PART", 20)
    heard, let_go = list[int](), Event()

    def again() -> None:
        heard.append(1)
        if len(heard) > INTERRUPTIONS:
            let_go.set()
        bell.ring()

    bell = Bell(again)
    bell.ring()
    with ThreadPoolExecutor(1) as beside:
        beside.submit(let_go.wait)
        ask = ask_of(make_request(), store, today=HERE)
        rung = scanned(store.table, store.derived, ask, beside=beside, bell=bell)
    assert retrieved(make_request(), ask, rung, store) == retrieved(
        make_request(), ask, scanned(store.table, store.derived, ask), store
    )
    assert len(heard) > INTERRUPTIONS


@dataclass
class Waiting:
    """A search that is at work until it is let go on, and says in which order it and others were done."""

    name: str
    done: list[str]
    is_long: bool = False
    go_on: Event = field(default_factory=Event)
    begun: Event = field(default_factory=Event)

    def is_short(self) -> bool:
        """As it is made."""
        return not self.is_long

    def answer(self, bell: Bell) -> str:
        """Go on for as long as it is long."""
        self.begun.set()
        while self.is_long and not self.go_on.wait(0.002):
            bell.answer()
        self.done.append(self.name)
        return self.name


async def test_short_searches_pass_a_long_one_and_changes_wait() -> None:
    """Two that are short are answered while a long one is at work; another long one and a change come after it."""
    turns, done = Turns("the test", waiting=10), list[str]()
    world, other = (Waiting(name, done, is_long=True) for name in ("world", "another world"))
    long = asyncio.create_task(turns.search(world))
    await asyncio.to_thread(world.begun.wait)
    behind = [
        asyncio.create_task(turns.search(other)),
        asyncio.create_task(turns.thread.run_surely(done.append, "change")),
    ]
    await asyncio.sleep(0)
    assert [await turns.search(Waiting(name, done)) for name in ("city", "town")] == ["city", "town"]
    assert done == ["city", "town"]
    other.go_on.set()
    world.go_on.set()
    await asyncio.gather(long, *behind)
    assert done == ["city", "town", "world", "another world", "change"]
    turns.thread.close()


async def test_those_who_come_while_others_are_let_pass_wait_for_the_next_time() -> None:
    """However fast they come, whoever is long gets the thread back in between."""
    turns, done = Turns("the test", waiting=10), list[str]()
    loop = asyncio.get_running_loop()

    class Long(Waiting):
        """Says whenever it has the thread."""

        def answer(self, bell: Bell) -> str:
            self.begun.set()
            while not self.go_on.wait(0.002):
                done.append("goes on")
                bell.answer()
            return self.name

    class Restless(Waiting):
        """Has another one line up while it is answered."""

        def answer(self, bell: Bell) -> str:
            another = turns.search(Waiting("another", done))
            asyncio.run_coroutine_threadsafe(another, loop).add_done_callback(lambda _: world.go_on.set())
            time.sleep(0.05)
            return super().answer(bell)

    world = Long("world", done, is_long=True)
    long = asyncio.create_task(turns.search(world))
    await asyncio.to_thread(world.begun.wait)
    await turns.search(Restless("restless", done))
    await long
    assert "goes on" in done[done.index("restless") : done.index("another")]
    turns.thread.close()


async def test_a_search_that_fails_fails_alone() -> None:
    """What goes wrong in one that is let pass is told to whoever asked it; the long one is answered."""

    class Broken(Waiting):
        def answer(self, bell: Bell) -> str:
            bell.answer()
            raise ZeroDivisionError

    turns, done = Turns("the test", waiting=10), list[str]()
    world = Waiting("world", done, is_long=True)
    long = asyncio.create_task(turns.search(world))
    await asyncio.to_thread(world.begun.wait)
    with pytest.raises(ZeroDivisionError):
        await turns.search(Broken("broken", done))
    world.go_on.set()
    assert await long == "world"
    turns.thread.close()


async def test_those_let_pass_give_their_places_back_and_the_gone_are_not_answered() -> None:
    """The line is as long as it is said to be; who gave up is not asked for any more."""
    turns, done = Turns("the test", waiting=1), list[str]()
    world = Waiting("world", done, is_long=True)
    long = asyncio.create_task(turns.search(world))
    await asyncio.to_thread(world.begun.wait)
    for name in ("one", "two", "three"):
        assert await turns.search(Waiting(name, done)) == name
    waiting = asyncio.create_task(turns.search(Waiting("a second world", done, is_long=True)))
    await asyncio.sleep(0.01)
    with pytest.raises(TooBusy):
        await turns.search(Waiting("four", done))
    waiting.cancel()
    world.go_on.set()
    await long
    assert await turns.search(Waiting("five", done)) == "five"
    assert done == ["one", "two", "three", "world", "five"]
    turns.thread.close()
