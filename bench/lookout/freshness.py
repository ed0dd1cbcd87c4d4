"""How long a change takes from its commit until a search sees it: steadily, and at peaks.

One process changes nights through the real services, at a fixed rate whatever comes of it; another holds the columns
as a process of the API does, at the real intervals, and is searched meanwhile. A change is seen when the columns have
taken in a write that has it: every write is noted with its moment, and compared with the changes afterwards.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import uvloop

from bench.lookout import changing, world
from bench.lookout.changing import Change, Phase
from bench.lookout.documents import export
from bench.lookout.follower import Follower
from bench.lookout.plan import PLACES
from bench.lookout.run import database, prepare
from bench.proof.plan import STARTS_AT
from lodestay.clock import FixedClock
from lodestay.garbage import rare_collections
from lodestay.stay import Stay
from search.columns.engine import ColumnEngine
from search.ring import slot
from serving.search.log import Visit
from serving.search.schemas import SearchQuery
from serving.search.service import search
from serving.state import Services
from transactional.kit.database import create_engine, session_factory

LISTINGS: Final = 600
SEARCHES: Final = 10
"""Whole searches a second that the process answers meanwhile."""
AFTERWARDS: Final = 20.0
"""Seconds that the columns are followed after the last change: what is not seen by then is lost."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """What a phase came to.

    Attributes
    ----------
    rate
        Changes a second that were reached.
    kinds
        By kind of change: seconds from the commit until it was seen.
    lost
        Changes that were never seen.
    """

    phase: Phase
    rate: float
    kinds: Mapping[str, Sequence[float]]
    lost: int

    @property
    def seconds(self) -> list[float]:
        """Of all kinds."""
        return [each for kind in self.kinds.values() for each in kind]

    def percentile(self, part: float) -> float:
        """Milliseconds within which so many percent were seen; those that never were count as for ever."""
        waited = [*self.seconds, *([np.inf] * self.lost)]
        return float(np.percentile(waited, part, method="higher")) * 1000 if waited else 0.0


@dataclass(frozen=True, slots=True)
class Write:
    """A write to the columns: when it was done, and the tokens of the listing from then on."""

    at: float
    tokens: str


class Witness:
    """Notes every write to the columns."""

    def __init__(self, engine: ColumnEngine) -> None:
        self.writes: dict[int, list[Write]] = defaultdict(list)
        self._update = engine.update
        engine.update = self.update  # type: ignore[method-assign]

    async def update(self, changes: Mapping[int, Mapping[str, Any]]) -> int:
        """Have a write done, and note it."""
        written = await self._update(changes)
        at = time.monotonic()
        for listing_id, fields in changes.items():
            self.writes[listing_id].append(Write(at, fields["stay_tokens"] or ""))
        return written

    def seen_after(self, change: Change) -> float | None:
        """Seconds from a change's commit until the first write that has it; None where there is none."""
        token = f"n{slot(change.night)}"
        for write in self.writes[change.listing_id]:
            if write.at >= change.committed_at and (token in write.tokens.split()) != change.is_taken:
                return write.at - change.committed_at
        return None


def measure(server: str, phases: Sequence[Phase], *, seed: int) -> list[Freshness]:
    """Take the times of some phases, one after the other."""
    with tempfile.TemporaryDirectory(prefix="lodestay-lookout-") as folder, database(server) as address:
        plan = changing.Steady(seed, LISTINGS)
        prepare(address, plan)
        with rare_collections():
            return uvloop.run(_measure(plan, address, Path(folder), phases))


async def _measure(plan: changing.Steady, address: str, folder: Path, phases: Sequence[Phase]) -> list[Freshness]:
    clock = FixedClock(STARTS_AT)
    engine = create_engine(address, pool_size=2, lock_timeout_ms=world.LOCK_TIMEOUT_MS)
    sessions = session_factory(engine)
    async with world.api(address, folder, clock) as services:
        async with sessions() as session:
            await export(session, clock, services.settings.lake, plan.listing_ids)
        follower = Follower(services.settings.lake, sessions, clock, services.quick)
        await follower.start()
        witness = Witness(follower.engine)
        context = get_context("forkserver")
        with ProcessPoolExecutor(1, mp_context=context) as changer:
            loop = asyncio.get_running_loop()
            changes = loop.run_in_executor(changer, changing.main, address, plan, list(phases))
            await _search_until(changes, services, follower)
            made = await changes
        await asyncio.sleep(AFTERWARDS)
        await follower.stop()
    await engine.dispose()
    return [_summary(phase, [change for change in made if change.phase == phase.name], witness) for phase in phases]


async def _search_until(over: asyncio.Future[Any], services: Services, follower: Follower) -> None:
    """Guests search meanwhile."""
    draws = Random(1)
    while not over.done():
        look = replace(services, columns=follower.shelf)
        check_in = STARTS_AT.date() + timedelta(days=draws.randint(2, 200))
        stay = Stay(check_in, check_in + timedelta(days=draws.randint(1, 5)))
        query = SearchQuery(market=draws.choice(PLACES).key, check_in=stay.check_in, check_out=stay.check_out)
        await search(look, query, visit=Visit("lookout", None, None))
        await asyncio.sleep(1 / SEARCHES)


def _summary(phase: Phase, changes: Sequence[Change], witness: Witness) -> Freshness:
    kinds, lost = defaultdict[str, list[float]](list), 0
    for change in changes:
        seconds = witness.seen_after(change)
        if seconds is None:
            lost += 1
        else:
            kinds[change.kind].append(seconds)
    moments = [change.committed_at for change in changes]
    rate = (len(moments) - 1) / (max(moments) - min(moments)) if len(moments) > 1 else 0.0
    return Freshness(phase, rate, dict(kinds), lost)
