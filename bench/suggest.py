"""Latency of suggestions over HTTP while titles and places are typed, beside OpenSearch's completion suggester."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import httpx2
import numpy as np
from opensearchpy import OpenSearch
from opensearchpy.helpers import bulk

from bench.report import Figure, timed
from lodestay.errors import ServiceUnavailable
from lodestay.settings import Settings, get_settings
from search.document import popularity
from search.places import Place, geonames_cities, known_places
from search.titles import TitleColumns, Titles
from serving.search.gazetteer import own_places
from transactional.kit.database import create_engine, session_factory
from transactional.listings.titles import ListingTitle, all_titles

SEED = 20261127
WARM_UP, TYPED = 40, 2_000
LETTERS = 10
"""Keys that are struck for one wish, at most."""
SHOWN = 8
A_MILLION = 1_000_000
INDEX = "bench-suggest"
EVERYWHERE = "*"

NOTES = f"""
A wish is the title of a listing, drawn by its popularity, or a place with listings; it is typed key by key, up to
{LETTERS} letters, and each key is a request over one open connection, with the market that the guest looks at. One
wish in five is typed with two neighbours among its letters and spaces swapped. The alternative is an index of the
same titles and places in OpenSearch, with a completion field (each word of a title an input, popularity as weight,
the market as a context that is boosted, fuzzy from four letters on), asked directly. Client and services share the
cores. A million titles are the marketplace's own, drawn again and again: its memory is that of the tables with the
titles' texts, in each process.
"""


@dataclass(frozen=True)
class Wish:
    """What is typed, and what is meant by it."""

    typed: str
    text: str
    market: str
    has_slip: bool


@dataclass(frozen=True)
class Typing:
    """What became of all wishes.

    Attributes
    ----------
    seconds
        Of each key.
    found, found_with_slip
        Shares of the wishes that stood among the first eight at the last key.
    """

    seconds: Sequence[float]
    found: float
    found_with_slip: float


def measure() -> list[Figure]:
    """Type the same wishes at the API and at OpenSearch."""
    settings = get_settings()
    if settings.api_url is None:
        raise ServiceUnavailable("The API is not up.", hint="Run `make demo` or `lodestay up` first.")
    titles, places = asyncio.run(_stock(settings))
    wishes = list(_wishes(titles, places, count=WARM_UP + TYPED))
    with httpx2.Client(base_url=str(settings.api_url), timeout=30) as client:
        ours = _type(wishes, lambda typed, market: _ask_api(client, typed, market))
    address = settings.require_opensearch_url()
    with _completions(address, titles, places), httpx2.Client(base_url=address, timeout=30) as client:
        theirs = _type(wishes, lambda typed, market: _ask_completions(client, typed, market))
    where = f"{len(titles):,} listings, {len(places):,} places"
    return [*_side_by_side(where, ours, theirs), *_a_million(titles, wishes)]


async def _stock(settings: Settings) -> tuple[list[ListingTitle], list[Place]]:
    """Titles of the marketplace that is up, and the places that its gazetteer knows."""
    engine = create_engine(settings.require_database_url(), pool_size=1, lock_timeout_ms=2_000)
    try:
        async with session_factory(engine)() as session:
            titles = [title async for part in all_titles(session) for title in part]
            own = await own_places(session)
    finally:
        await engine.dispose()
    if not titles:
        raise ServiceUnavailable("The marketplace has no listings.", hint="Run `make demo` first.")
    return sorted(titles, key=lambda title: title.listing_id), known_places(own, geonames_cities())


def _wishes(titles: Sequence[ListingTitle], places: Sequence[Place], *, count: int) -> Iterator[Wish]:
    """Draw wishes: four in five a listing, one a place that has listings."""
    rng = np.random.default_rng(SEED)
    weights = np.exp([popularity(title.rating, title.review_count) for title in titles])
    homes = [place for place in places if place.listings and place.market]
    for _ in range(count):
        if homes and rng.random() < 0.2:
            place = homes[int(rng.integers(len(homes)))]
            text, market = place.name, str(place.market)
        else:
            title = titles[int(rng.choice(len(titles), p=weights / weights.sum()))]
            text, market = title.title, title.market
        typed = text[:LETTERS]
        has_slip = len(typed) >= 6 and rng.random() < 0.2
        if has_slip:
            at = int(rng.integers(1, 4))
            typed = typed[:at] + typed[at + 1] + typed[at] + typed[at + 2 :]
        yield Wish(typed, text, market, has_slip)


def _type(wishes: Sequence[Wish], ask: Callable[[str, str], list[str]]) -> Typing:
    """Type every wish key by key; those of the warm-up are not counted."""
    seconds: list[float] = []
    found: dict[bool, list[bool]] = {False: [], True: []}
    for number, wish in enumerate(wishes):
        shown: list[str] = []
        for end in range(1, len(wish.typed) + 1):
            if not wish.typed[:end].strip():
                continue
            started = perf_counter()
            shown = ask(wish.typed[:end], wish.market)
            if number >= WARM_UP:
                seconds.append(perf_counter() - started)
        if number >= WARM_UP:
            found[wish.has_slip].append(wish.text in shown)
    return Typing(seconds, float(np.mean(found[False])), float(np.mean(found[True])))


def _ask_api(client: httpx2.Client, typed: str, market: str) -> list[str]:
    answer = client.get("/v1/suggest", params={"q": typed, "market": market, "limit": SHOWN}).raise_for_status()
    return [item["text"] for item in answer.json()["items"]]


def _ask_completions(client: httpx2.Client, typed: str, market: str) -> list[str]:
    completion = {
        "field": "begins",
        "size": SHOWN,
        "skip_duplicates": True,
        "fuzzy": {"fuzziness": "AUTO:4,9", "prefix_length": 1, "min_length": 4},
        "contexts": {"market": [{"context": market, "boost": 4}, {"context": EVERYWHERE}]},
    }
    body = {"_source": ["text"], "suggest": {"found": {"prefix": typed, "completion": completion}}}
    answer = client.post(f"/{INDEX}/_search", json=body).raise_for_status()
    return [option["_source"]["text"] for option in answer.json()["suggest"]["found"][0]["options"]]


@contextmanager
def _completions(address: str, titles: Sequence[ListingTitle], places: Sequence[Place]) -> Iterator[None]:
    """An index of the same names in OpenSearch, until the block ends."""
    context = {"name": "market", "type": "category"}
    fields = {"text": {"type": "keyword", "index": False}, "begins": {"type": "completion", "contexts": [context]}}
    settings = {"number_of_shards": 1, "number_of_replicas": 0}
    with OpenSearch(hosts=[address], timeout=120) as client:
        client.indices.delete(index=INDEX, ignore_unavailable=True)
        client.indices.create(index=INDEX, body={"settings": settings, "mappings": {"properties": fields}})
        try:
            bulk(client, ({"_index": INDEX, "_source": source} for source in _documents(titles, places)))
            client.indices.forcemerge(index=INDEX, max_num_segments=1)
            client.indices.refresh(index=INDEX)
            yield
        finally:
            client.indices.delete(index=INDEX)


def _documents(titles: Sequence[ListingTitle], places: Sequence[Place]) -> Iterator[dict[str, Any]]:
    """Names as completions: a title by each of its words, a place by each of its names; places weigh more."""
    for title in titles:
        words = title.title.split()
        inputs = [" ".join(words[at:])[:50] for at in range(len(words))][:20]
        weight = round(100 * popularity(title.rating, title.review_count))
        yield _document(title.title, inputs, weight, title.market)
    for place in places:
        weight = 1_000 + round(100 * float(np.log10(1 + place.population + 100 * place.listings)))
        yield _document(place.name, [name[:50] for name in place.names], weight, place.market)


def _document(text: str, inputs: Sequence[str], weight: int, market: str | None) -> dict[str, Any]:
    contexts = [EVERYWHERE] if market is None else [EVERYWHERE, market]
    named = [text for text in inputs if text.strip()]
    return {"text": text, "begins": {"input": named, "weight": weight, "contexts": {"market": contexts}}}


def _side_by_side(where: str, ours: Typing, theirs: Typing) -> list[Figure]:
    other = "OpenSearch's completion suggester"
    latencies = zip(_percentiles(ours.seconds), _percentiles(theirs.seconds), (50, 95, 99), strict=True)
    slips = 100 * ours.found_with_slip, 100 * theirs.found_with_slip
    return [
        *(Figure(f"a key over HTTP, p{p} ({where})", "ms", mine, other_, other) for mine, other_, p in latencies),
        Figure("wishes found at the last key", "%", 100 * ours.found, 100 * theirs.found, other),
        Figure("wishes found that were typed with a slip", "%", *slips, other),
    ]


def _a_million(titles: Sequence[ListingTitle], wishes: Sequence[Wish]) -> list[Figure]:
    """What a process needs for a million titles, and how long a key takes there without HTTP."""
    rng = np.random.default_rng(SEED)
    columns = TitleColumns()
    for start in range(0, A_MILLION, 10_000):
        drawn = rng.integers(len(titles), size=10_000).tolist()
        columns.add([_renumbered(titles[row], start + at) for at, row in enumerate(drawn, start=1)])
    made: list[Titles] = []
    building = timed(lambda: made.append(Titles(columns)))
    (table,) = made
    seconds = [
        timed(partial(table.find, wish.typed[:end], market=wish.market, limit=SHOWN))
        for wish in wishes
        for end in range(1, len(wish.typed) + 1)
    ]
    p50, _, p99 = _percentiles(seconds)
    return [
        Figure("a million titles: memory of a process", "MB", table.size_bytes / 1e6, None, None),
        Figure("a million titles: made in", "s", building, None, None),
        Figure("a million titles: a key without HTTP, p50", "ms", p50, None, None),
        Figure("a million titles: a key without HTTP, p99", "ms", p99, None, None),
    ]


def _renumbered(title: ListingTitle, number: int) -> ListingTitle:
    return ListingTitle(number, title.title, title.market, title.rating, title.review_count)


def _percentiles(seconds: Sequence[float]) -> list[float]:
    return [float(value) for value in np.percentile(np.asarray(seconds) * 1000, [50, 95, 99])]
