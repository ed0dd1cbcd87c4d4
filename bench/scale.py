"""One search in memory and in OpenSearch: the same documents, the same searches, the same answers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice, zip_longest
from time import perf_counter
from typing import Any

from opensearchpy import OpenSearch

from bench.engines.documents import documents, pooled_fields
from bench.engines.mix import searches
from bench.engines.stock import Stock, draw_stock
from bench.node import opensearch_node
from bench.report import Figure, latency
from lodestay.errors import ServiceUnavailable
from search.answer import Retrieved
from search.columns.engine import retrieve
from search.columns.store import ColumnStore
from search.engine import OpenSearchEngine, connect
from search.facets import FACETS
from search.index import create_index, finish_loading, load_documents, put_in_service
from search.request import SearchRequest
from search.today import Today

SEED, WARM_UP, TAKEN = 20261127, 40, 400
UPDATES = 200
ALIAS = "scale"
PATIENCE_MS = 10_000

NOTES = """
A search asks for bounds (80 % a city, 15 % some degrees around one, 5 % the world), dates, a party, a room type, a
highest total in euros, half of them an amenity; it is answered with fifteen facets, each counted without its own
filter, a histogram of exact totals, the count and the 500 best with their totals. The columns also count the tiles of
the map and what each filter keeps out, which OpenSearch was not asked for. Both engines hold the same documents
(without texts and vectors); every answer's count, facets and histogram were the same in both, or there would be no
figures here. OpenSearch is one node with one shard, merged to one segment, and no request is repeated; its
answer is read as the service reads it. One search at a time; the engines take turns. OpenSearch's build includes the
drawing of the documents, a tenth of it; the columns' does not.
"""


def measure(listings: int) -> list[Figure]:
    """Build both, ask both, compare, and take the times."""
    today = datetime.now(UTC).date()
    stock = draw_stock(listings, today=today, seed=SEED)
    store, ours_built = _timed_build(stock)
    with opensearch_node() as (client, url):
        theirs_built, size = _load(client, stock)
        ours, theirs = asyncio.run(_ask(url, store, stock, today))
        updated = _update(store, stock), _update_index(client, stock)
    where = f"{listings:,} listings"
    percentiles = {kind: (latency(ours[kind]), latency(theirs[kind])) for kind in ours}
    figures = [
        Figure(f"{kind} search, {name} ({where})", "ms", getattr(mine, name), getattr(other, name), "OpenSearch")
        for kind, (mine, other) in percentiles.items()
        for name in ("p50", "p99")
    ]
    sizes = _bytes(store.table) / 1e6, size / 1e6
    return [
        *figures,
        Figure("build from documents", "documents/s", listings / ours_built, listings / theirs_built, "OpenSearch"),
        Figure(f"a listing's new calendar, batches of {UPDATES}", "ms each", *updated, "OpenSearch, until it is seen"),
        Figure("size: of the columns in memory, of the index on disk", "MB", *sizes, "OpenSearch"),
    ]


def _timed_build(stock: Stock) -> tuple[ColumnStore, float]:
    """Build columns; the seconds are those beyond drawing the documents, which are drawn twice."""
    started = perf_counter()
    for _ in documents(stock):
        pass
    drawn = perf_counter() - started
    started = perf_counter()
    store = ColumnStore(lambda: documents(stock))
    return store, perf_counter() - started - 2 * drawn


def _load(client: OpenSearch, stock: Stock) -> tuple[float, int]:
    started = perf_counter()
    index = create_index(client, ALIAS, dimension=8, model="none", built_at=datetime.now(UTC))
    load_documents(client, index, documents(stock))
    finish_loading(client, index)
    seconds = perf_counter() - started
    client.indices.forcemerge(index=index, max_num_segments=1, request_timeout=3_600)
    put_in_service(client, ALIAS, index)
    stats = client.indices.stats(index=index, metric="store")["indices"][index]["primaries"]
    return seconds, int(stats["store"]["size_in_bytes"])


async def _ask(
    url: str, store: ColumnStore, stock: Stock, today: date
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds of each search by class, after the warm-up."""
    client = connect(url)
    engine = OpenSearchEngine(client, alias=ALIAS, timeout_ms=PATIENCE_MS)
    ours, theirs = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    try:
        for number, asked in enumerate(islice(searches(stock, seed=SEED), WARM_UP + TAKEN)):
            kind, request = asked.kind, asked.request
            started = perf_counter()
            mine = retrieve(request, store, today=Today(today))
            seen = perf_counter()
            other = await engine.retrieve(request, today=Today(today))
            done = perf_counter()
            _compare(mine, other, request)
            if number >= WARM_UP:
                ours[kind].append(seen - started)
                theirs[kind].append(done - seen)
    finally:
        await client.close()
    return dict(sorted(ours.items())), theirs


def _compare(mine: Retrieved, other: Retrieved, request: SearchRequest) -> None:
    """Hold two answers to each other; no figure is worth anything where they differ."""
    said = next(differences(mine, other), None)
    if said is not None:
        raise ServiceUnavailable(f"The engines disagree: {said}.", hint=f"They were asked {request}.")


def differences(mine: Retrieved, other: Retrieved) -> Iterator[str]:
    """Say which parts of two answers differ, each with the first values that do: of columns, of OpenSearch."""
    if other.degraded:
        yield f"OpenSearch says {'; '.join(other.degraded)}"
    for (part, ours), theirs in zip(_parts(mine).items(), _parts(other).values(), strict=True):
        pairs = enumerate(zip_longest(ours, theirs))
        found = next(((place, *pair) for place, pair in pairs if pair[0] != pair[1]), None)
        if found is not None:
            place, one, another = found
            yield f"{part}, at place {place} of {len(ours)} and {len(theirs)}: {one} and {another}"


def _parts(answer: Retrieved) -> dict[str, Sequence[object]]:
    return {
        "count": [answer.total_count],
        **{f"facet {facet.name}": answer.facets[facet.name] for facet in FACETS},
        "histogram": answer.histogram,
        "the best": [(candidate.listing_id, candidate.total_minor) for candidate in answer.candidates],
    }


def _changes(stock: Stock) -> Iterator[dict[int, dict[str, Any]]]:
    fields = pooled_fields(stock)
    for batch in range(5):
        yield {batch * UPDATES + n + 1: fields[n] for n in range(UPDATES)}


def _update(store: ColumnStore, stock: Stock) -> float:
    return _milliseconds_each(store.update, stock)


def _update_index(client: OpenSearch, stock: Stock) -> float:
    def write(changes: dict[int, dict[str, Any]]) -> None:
        lines: list[dict[str, Any]] = []
        for listing_id, fields in changes.items():
            lines += [{"update": {"_id": str(listing_id)}}, {"doc": fields}]
        client.bulk(body=lines, index=ALIAS, refresh=True)

    return _milliseconds_each(write, stock)


def _milliseconds_each(write: Callable[[dict[int, dict[str, Any]]], object], stock: Stock) -> float:
    batches = list(_changes(stock))
    started = perf_counter()
    for batch in batches:
        write(batch)
    return (perf_counter() - started) * 1000 / (len(batches) * UPDATES)


def _bytes(columns: tuple[Any, ...]) -> int:
    return sum(_bytes(column) if isinstance(column, tuple) else column.nbytes for column in columns)
