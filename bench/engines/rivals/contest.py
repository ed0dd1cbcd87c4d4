"""The same searches, one at a time, to us over HTTP and to every other engine; how many answers were right."""

from __future__ import annotations

import gc
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, Self

import httpx2
import numpy as np
from numpy.typing import NDArray

from bench.engines.mix import CLASSES, Asked
from bench.engines.rivals import duck, opensearch_nested, opensearch_ranges, postgres, tantivy_index
from bench.engines.rivals.laid_out import popularities
from bench.engines.rivals.rival import BEST, Built, Place, Rival, RivalAnswer
from bench.engines.stock import Stock
from bench.engines.truth import Truth, brute_force, is_right
from bench.report import Figure, latency
from search.columns.engine import retrieve
from search.columns.files import builds, open_build
from search.columns.store import ColumnStore
from search.request import SearchRequest
from search.today import Today

WARM_UP, TAKEN, CHECKED = 40, 200, 40
PATIENCE_SECONDS = 900.0
"""An engine that is slower is asked fewer searches: as many as it answers until then."""
ENGINES: Final[Mapping[type[Rival], Callable[[Place], AbstractContextManager[Rival]]]] = {
    opensearch_ranges.Ranges: opensearch_ranges.open_rival,
    opensearch_nested.Nested: opensearch_nested.open_rival,
    postgres.Postgres: postgres.open_rival,
    duck.DuckDb: duck.open_rival,
    tantivy_index.Tantivy: tantivy_index.open_rival,
}
_TOGETHER = """
Every engine holds the marketplace that Lodestay holds in the same run, and is asked the same searches, one at a time,
after a warm-up: bounds, a stay with every night free and its stay rules kept, party, room type, amenity, bedrooms and
a highest total; it answers with the count, seven facets (the room type without its own filter), the histogram of exact
totals and the 500 most popular. Lodestay's times hold HTTP and JSON, the ranking of 500 by LightGBM, the confirmation
of a page by PostgreSQL, map tiles, what each filter keeps out, and an entry in the event log: none of the others does
any of that. So its columns alone stand beside them too, which count tiles and what is kept out. The others are called
at their own client's interface: DuckDB and Tantivy in the benchmark's process, PostgreSQL by its protocol, OpenSearch
by HTTP. An engine that cannot hold the marketplace is given the first listings of it, as the table says; Lodestay's
figures beside it are of the whole. Right is a count, all facets, a histogram, or the 500 best (no better ones left
out) that equals brute force; with Lodestay the benchmark ends at the first that is not. Builds begin at the drawn
arrays; Lodestay's is of the columns from finished documents, which are the pipeline's.
"""


@dataclass(frozen=True)
class Ours:
    """What Lodestay needs for the same searches.

    Attributes
    ----------
    seconds
        By class of search, and of all as `all`.
    alone
        The same of its columns, called as the other engines are: in the benchmark's process, without HTTP, ranking,
        confirmation and log.
    built
        Of the columns.
    """

    seconds: Mapping[str, Sequence[float]]
    alone: Mapping[str, Sequence[float]]
    built: Built


@dataclass(frozen=True)
class Sample:
    """Searches whose answers are known.

    Attributes
    ----------
    popularity
        (listings,) what the best are ordered by.
    """

    requests: Sequence[SearchRequest]
    truths: Sequence[Truth]
    popularity: NDArray[np.float64]

    @classmethod
    def of(cls, stock: Stock, requests: Sequence[SearchRequest]) -> Self:
        """Answer them by brute force."""
        return cls(requests, [brute_force(stock, each) for each in requests], popularities(stock))


@dataclass(frozen=True)
class Right:
    """Shares of answers that equal brute force, in per cent."""

    count: float
    facets: float
    histogram: float
    best: float


def notes() -> str:
    """What is published under the figures: how each was tuned, and what it cannot do."""
    each = (f"- **{kind.name}.** {kind.tuned} It lacks: {'; '.join(kind.missing)}." for kind in ENGINES)
    return "\n".join([_TOGETHER.strip(), "", *each])


def ask_us(port: int, asked: Sequence[Asked]) -> Mapping[str, Sequence[float]]:
    """Seconds of each search over one connection, by class, after the warm-up."""
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        return _timed(asked, lambda each: client.get(each.path).raise_for_status())


def ask_columns(lake: str, asked: Sequence[Asked], today: Today) -> Mapping[str, Sequence[float]]:
    """Seconds of each search of the newest columns in a lake, by class, after the warm-up."""
    store = ColumnStore(open_build(next(iter(builds(lake)))).whole)
    return _timed(asked, lambda each: retrieve(each.request, store, today=today))


def contest(database_url: str, stock: Stock, asked: Sequence[Asked], ours: Ours) -> list[Figure]:
    """Load and ask one engine after the other; each is gone before the next is loaded."""
    figures, samples = list(_times(ours, ours.alone, "Lodestay's columns alone", whole=len(stock))), dict[int, Sample]()
    requests = [each.request for each in asked[:CHECKED]]
    for kind, opens in ENGINES.items():
        held = stock.first(min(kind.most, len(stock)))
        if len(held) not in samples:
            samples[len(held)] = Sample.of(held, requests)
        with (
            tempfile.TemporaryDirectory(prefix="lodestay-bench-") as folder,
            opens(Place(database_url, Path(folder))) as rival,
        ):
            figures += _measure(rival, held, asked, ours, samples[len(held)], whole=len(stock))
        gc.collect()
    return figures


def _measure(
    rival: Rival, stock: Stock, asked: Sequence[Asked], ours: Ours, sample: Sample, *, whole: int
) -> Iterator[Figure]:
    """Figures of one engine; `whole` is how many listings ours holds."""
    built = rival.load(stock)
    right = judge(rival, sample)
    seconds = _timed(asked, lambda each: rival.answer(each.request))
    name = rival.name if len(stock) == whole else f"{rival.name} ({len(stock):,} listings)"
    yield from _times(ours, seconds, name, whole=whole)
    for what, share in vars(right).items():
        yield Figure(f"right: {what} ({CHECKED} searches)", "%", 100, share, name)
    yield Figure("build", "s", ours.built.seconds, built.seconds, name)
    yield Figure("size on disk", "MB", ours.built.size / 1e6, built.size / 1e6, name)


def _times(ours: Ours, seconds: Mapping[str, Sequence[float]], name: str, *, whole: int) -> Iterator[Figure]:
    """Times by class beside ours."""
    for kind in ("all", *CLASSES):
        if kind in seconds:
            mine, other = latency(ours.seconds[kind]), latency(seconds[kind])
            what = f"{kind} search, {{}} ({len(seconds[kind])} searches, {whole:,} listings)"
            yield Figure(what.format("p50"), "ms", mine.p50, other.p50, name)
            yield Figure(what.format("p99"), "ms", mine.p99, other.p99, name)


def judge(rival: Rival, sample: Sample) -> Right:
    """Hold what an engine answers to brute force."""
    rows = [
        _comparison(rival.answer(request), truth, sample.popularity)
        for request, truth in zip(sample.requests, sample.truths, strict=True)
    ]
    return Right(*(np.array(rows).mean(axis=0) * 100).tolist())


def _comparison(answer: RivalAnswer, truth: Truth, popularity: NDArray[np.float64]) -> tuple[bool, bool, bool, bool]:
    """Whether count, facets, histogram and the best are right."""
    return (
        answer.total_count == truth.total_count,
        all(is_right(answer.facets[name], right) for name, right in truth.facets.items()),
        dict(answer.histogram) == truth.histogram,
        _are_the_best(answer.best, truth, popularity),
    )


def _timed(asked: Sequence[Asked], answer: Callable[[Asked], object]) -> Mapping[str, Sequence[float]]:
    """Seconds by class of what follows the warm-up."""
    seconds, begun = defaultdict[str, list[float]](list), perf_counter()
    for number, each in enumerate(asked):
        started = perf_counter()
        answer(each)
        took = perf_counter() - started
        if number >= WARM_UP:
            seconds["all"].append(took)
            seconds[each.kind].append(took)
        if seconds and perf_counter() - begun > PATIENCE_SECONDS:
            break
    return seconds


def _are_the_best(best: Sequence[int], truth: Truth, popularity: NDArray[np.float64]) -> bool:
    """Whether all are results, and none left out is more popular."""
    if len(set(best)) != len(best) or not truth.totals.keys() >= set(best):
        return False
    right = np.sort(popularity[np.array(list(truth.totals), np.int64) - 1])[::-1][:BEST]
    return np.array_equal(popularity[np.array(best, np.int64) - 1], right)
