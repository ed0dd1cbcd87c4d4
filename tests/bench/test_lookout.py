"""The lookout, in short: a small world has nothing broken; each promise is seen broken where a guard is taken out.

The long run is `make lookout`. A control breaks one thing in the product and must be found, by the promise it is about.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.lookout import freshness, world
from bench.lookout.changing import Change, Phase
from bench.lookout.findings import MISSING, SHOWN_THOUGH_REFUSED, STALE, TOTAL, Outcome
from bench.lookout.freshness import Freshness
from bench.lookout.marketplace import make
from bench.lookout.plan import Plan
from bench.lookout.report import BEGIN, END, publish
from bench.lookout.run import Order
from bench.lookout.truth import Truth
from bench.lookout.world import play
from bench.proof.plan import STARTS_AT
from search.arrivals import Arrivals
from search.document import rate_fields
from search.ring import slot
from search.today import Today
from serving.relay import present
from serving.search import columns, confirmation
from serving.worker.jobs import standing_jobs
from transactional.outbox import tail
from transactional.quotes.pages import load_page
from transactional.quotes.rules import price_or_refuse

SEED, LISTINGS = 7, 24
MOST_STEPS = 1_500

Patch = pytest.MonkeyPatch


def played(database_url: str, folder: Path, *, steps: int, until_broken: bool) -> Outcome:
    """Play a small world in this process."""
    with psycopg.connect(database_url) as connection:
        make(connection, Plan(SEED, LISTINGS))
    order = world.Order(
        seed=SEED,
        listings=LISTINGS,
        steps=steps,
        database_url=database_url,
        folder=folder,
        until_broken=until_broken,
        listens=False,  # the log is the tests'
    )
    return asyncio.run(play(order))


def test_a_small_world_is_right(database_url: str, tmp_path: Path, monkeypatch: Patch) -> None:
    """Every answer is PostgreSQL's, also right after a kill of the columns, and something was found and booked."""
    monkeypatch.setattr(world, "KILL_EVERY", 3)
    monkeypatch.setattr(world, "REQUESTS", (10, 20))
    outcome = played(database_url, tmp_path, steps=300, until_broken=False)
    assert outcome.violations == []
    assert outcome.kills >= 1
    assert outcome.found > 300
    assert {said for _, said in outcome.operations} <= {"done", "refused"}


def lose_news(monkeypatch: Patch) -> None:
    """Of every third listing nothing is heard."""
    read = tail.read_tail

    async def losing(*arguments: Any, **options: Any) -> tail.News:
        news = await read(*arguments, **options)
        return replace(news, listing_ids=[number for number in news.listing_ids if number % 3])

    monkeypatch.setattr(tail, "read_tail", losing)


def forget_preparation(monkeypatch: Patch) -> None:
    """What the columns are told of a listing has no days of preparation."""
    load = load_page

    async def unprepared(*arguments: Any, **options: Any) -> Any:
        found = await load(*arguments, **options)
        return {
            number: replace(each, parts=replace(each.parts, plan=replace(each.parts.plan, preparation_days=0)))
            for number, each in found.items()
        }

    monkeypatch.setattr(present, "load_page", unprepared)


def take_less_notice(monkeypatch: Patch) -> None:
    """A day's notice less than the host wants is enough."""
    numbers = Arrivals.numbers

    def sooner(arrivals: Arrivals) -> dict[str, int]:
        made = numbers(arrivals)
        return made | {"advance_notice_days": max(0, made["advance_notice_days"] - 1)}

    monkeypatch.setattr(Arrivals, "numbers", sooner)


def let_holds_lie(monkeypatch: Patch) -> None:
    """No worker comes by to give back what a hold that ran out had."""
    jobs = standing_jobs

    async def nothing() -> int:
        return 0

    monkeypatch.setattr(world, "standing_jobs", lambda *given: [replace(job, run=nothing) for job in jobs(*given)])


def confirm_at_any_hour(monkeypatch: Patch) -> None:
    """The page is confirmed without the hour of the day."""
    judge = price_or_refuse
    monkeypatch.setattr(confirmation, "price_or_refuse", lambda *given, **named: judge(*given, **named | {"hour": 0}))


def add_a_cent(monkeypatch: Patch) -> None:
    """The columns are told of a cleaning fee that is a unit too high."""
    fields = rate_fields

    def dearer(terms: Any) -> dict[str, Any]:
        made = fields(terms)
        return made | {"cleaning_fee_minor": made["cleaning_fee_minor"] + 1}

    monkeypatch.setattr(present, "rate_fields", dearer)


def start_without_the_past(monkeypatch: Patch) -> None:
    """Columns that start do not look at what changed since their documents were made."""

    async def nothing(*_arguments: Any, **_options: Any) -> list[int]:
        return []

    monkeypatch.setattr(columns, "listings_changed_since", nothing)
    monkeypatch.setattr(world, "KILL_EVERY", 3)


def give_one_date(monkeypatch: Patch) -> None:
    """Every listing has the date of who looks."""
    monkeypatch.setattr(Truth, "dates", lambda truth, timezone, _markets: Today(truth.today(timezone)))


CONTROLS = {
    lose_news: {MISSING, STALE, TOTAL},
    forget_preparation: {STALE},
    take_less_notice: {STALE},
    let_holds_lie: {MISSING},
    confirm_at_any_hour: {SHOWN_THOUGH_REFUSED},
    add_a_cent: {TOTAL},
    start_without_the_past: {MISSING, STALE, TOTAL},
    give_one_date: {MISSING, STALE, TOTAL},
}


@pytest.mark.parametrize(("sabotage", "rules"), CONTROLS.items(), ids=[each.__name__ for each in CONTROLS])
def test_control_what_is_broken_is_found(
    sabotage: Callable[[Patch], None], rules: set[str], database_url: str, tmp_path: Path, monkeypatch: Patch
) -> None:
    """One guard less, and the lookout names a promise that needs it."""
    monkeypatch.setattr(world, "REQUESTS", (10, 20))
    sabotage(monkeypatch)
    outcome = played(database_url, tmp_path, steps=MOST_STEPS, until_broken=True)
    assert set(outcome.broken) & rules, f"{outcome.steps} operations and requests found {outcome.broken}"


def test_a_change_is_seen_by_the_first_write_that_has_it() -> None:
    """Writes before the commit and those without the change do not count; what is never seen is late for ever."""
    night = STARTS_AT.date()
    token = f"n{slot(night)}"
    witness = freshness.Witness.__new__(freshness.Witness)
    witness.writes = defaultdict(list)
    witness.writes[1] = [freshness.Write(1.0, "n1"), freshness.Write(5.0, f"{token} n1"), freshness.Write(7.0, "n1")]
    taken = Change("phase", "hold", 1, night, is_taken=True, committed_at=4.0)
    assert witness.seen_after(taken) == 3.0
    assert witness.seen_after(replace(taken, is_taken=False)) == 1.0
    assert witness.seen_after(replace(taken, committed_at=8.0)) is None
    phase = Phase("phase", 12, 1)
    assert Freshness(phase, 12.0, {"hold": [0.1] * 99}, 1).percentile(50) == 100.0
    assert Freshness(phase, 12.0, {"hold": [0.1] * 99}, 1).percentile(100) == float("inf")


def test_a_result_takes_the_place_of_the_last_one(tmp_path: Path) -> None:
    """Publishing twice leaves one result, and the page around it as it was."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    order = Order(seed=1, worlds=1, steps=10, listings=6, workers=1)
    outcome = Outcome(worlds=1)
    outcome.report(MISSING, 1, "a listing")
    for _ in range(2):
        publish(order, outcome, [Freshness(Phase("steady", 12, 1), 12.0, {"hold": [0.1]}, 0)], command="c", page=page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert text.count(f"| broken: {MISSING} | 1 |") == 1
    assert "| steady | 1 | 12 | 100 ms |" in text
