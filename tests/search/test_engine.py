"""What the engine adds to the filters: words, meaning, and honesty about failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest
from opensearchpy import AsyncOpenSearch, OpenSearch

from search.answer import Retrieved
from search.engine import INCOMPLETE, SLOW, OpenSearchEngine, connect, retrieved
from search.errors import SearchUnavailable
from search.geography import contains
from search.query import NEAREST, search_body
from search.request import Bounds, Filters, Point, Sort
from tests.search.conftest import IndexedMarketplace
from tests.search.marketplace import DIMENSION, HERE, make_request, random_stay, unit

pytestmark = pytest.mark.opensearch


async def test_cosines_are_exact(searches: OpenSearchEngine, marketplace: IndexedMarketplace) -> None:
    """Every candidate carries the cosine of its vector with the query's, and none where it has no vector."""
    query = unit(np.random.default_rng(2).normal(size=DIMENSION))
    vectors = {document["listing_id"]: document["vector"] for document in marketplace.documents}
    request = make_request(text="zzz", text_vector=tuple(query.tolist()))
    answer = await searches.retrieve(request, today=HERE)
    assert len(answer.candidates) > 300
    for candidate in answer.candidates:
        vector = vectors[candidate.listing_id]
        expected = None if vector is None else pytest.approx(float(np.dot(vector, query)), abs=1e-5)
        assert candidate.vector_score == expected
        assert candidate.text_score == 0.0
    cosines = [c.vector_score for c in answer.candidates if c.vector_score is not None]
    assert cosines == sorted(cosines, reverse=True), "without a word in common, meaning alone decides"


@pytest.mark.parametrize("filters", [Filters(), Filters(amenities=frozenset({"sauna"}), max_price_minor=60_000)])
async def test_a_narrow_search_is_exact_and_a_wide_one_by_the_graph(
    async_client: AsyncOpenSearch, marketplace: IndexedMarketplace, filters: Filters
) -> None:
    """Up to the limit every listing is compared; beyond it the graph brings the nearest that pass all filters.

    Where no more pass than the graph is asked for, it compares them all too: the same listings, the same cosines.
    """
    query = tuple(unit(np.random.default_rng(5).normal(size=DIMENSION)).tolist())
    request = make_request(text="zzz", text_vector=query, filters=filters)
    exact = OpenSearchEngine(async_client, alias=marketplace.alias, timeout_ms=20_000)
    graph = OpenSearchEngine(async_client, alias=marketplace.alias, timeout_ms=20_000, exact_up_to=10)
    compared, walked = await exact.best(request, today=HERE), await graph.best(request, today=HERE)
    cosines = {c.listing_id: c.vector_score for c in compared.candidates}
    assert 10 < len(cosines) <= NEAREST
    assert {c.listing_id: c.vector_score for c in walked.candidates} == pytest.approx(cosines, abs=1e-5)
    passing = {document["listing_id"] for document in marketplace.documents if document["is_active"]}
    assert cosines.keys() <= passing


async def test_few_words_of_a_wide_search_are_near(
    async_client: AsyncOpenSearch, marketplace: IndexedMarketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graph gives a cosine to as many as it is asked for, the nearest; the others are found without one."""
    monkeypatch.setattr("search.query.NEAREST", 20)
    query = unit(np.random.default_rng(6).normal(size=DIMENSION))
    engine = OpenSearchEngine(async_client, alias=marketplace.alias, timeout_ms=20_000, exact_up_to=10)
    answer = await engine.best(make_request(text="zzz", text_vector=tuple(query.tolist())), today=HERE)
    told = [c.listing_id for c in answer.candidates if c.vector_score is not None]
    cosines = {
        document["listing_id"]: float(np.dot(document["vector"], query))
        for document in marketplace.documents
        if document["is_active"] and document["vector"] is not None
    }
    nearest = sorted(cosines, key=lambda listing_id: -cosines[listing_id])[:20]
    assert len(told) == 20
    assert len(set(told) & set(nearest)) >= 18
    assert len(answer.candidates) > 300


@pytest.mark.parametrize("words", ["sauna", "公寓", "velo balcon", "SUNNY cabins"])
async def test_words_come_first_and_hide_nothing(
    searches: OpenSearchEngine, marketplace: IndexedMarketplace, words: str
) -> None:
    """Listings with the words stand before those without, accents, case and plural aside; the count stays the same."""
    answer = await searches.retrieve(make_request(text=words), today=HERE)
    plain = await searches.retrieve(make_request(), today=HERE)
    assert answer.total_count == plain.total_count
    assert answer.facets == plain.facets
    scores = [candidate.text_score or 0.0 for candidate in answer.candidates]
    assert scores == sorted(scores, reverse=True)
    assert 0 < sum(score > 0 for score in scores) < len(scores)


async def test_scores_are_there_in_every_order(searches: OpenSearchEngine) -> None:
    """Sorted by price, the candidates still carry what words and meaning say of them."""
    query = tuple(unit(np.ones(DIMENSION)).tolist())
    request = make_request(text="sauna", text_vector=query, sort=Sort.PRICE)
    answer = await searches.retrieve(request, today=HERE)
    by_relevance = await searches.retrieve(replace(request, sort=Sort.RELEVANCE), today=HERE)
    scores = {c.listing_id: (c.text_score, c.vector_score) for c in by_relevance.candidates}
    assert {c.listing_id: (c.text_score, c.vector_score) for c in answer.candidates} == scores


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000,
        '"AND (OR',
        "\u202e\u05ea\u05d9\u202c \u0000 \ud83c",
        "[a TO b] title:*",
        "-",
        "   ",
        "\U0001f3d6\ufe0f",
    ],
    ids=range(7),
)
async def test_odd_texts_are_only_words(searches: OpenSearchEngine, text: str) -> None:
    """No text is syntax, and none breaks the search."""
    text = text.encode("utf-8", "ignore").decode()
    answer = await searches.retrieve(make_request(text=text), today=HERE)
    assert answer.total_count > 0
    assert answer.degraded == ()


@pytest.mark.parametrize(
    "wide", [(0.0, 0.0), (0.0, 0.2), (0.2, 0.0)], ids=["a point", "a line along a parallel", "a line along a meridian"]
)
@pytest.mark.parametrize("corner", [(59.2, 17.9), (-90.0, -180.0), (89.8, 179.8), (90.0, 180.0)])
async def test_a_box_without_an_extent_is_searched(
    searches: OpenSearchEngine, corner: tuple[float, float], wide: tuple[float, float]
) -> None:
    """Edges that lie on each other are a box as any other, also at the ends of the Earth."""
    south, west = corner
    area = Bounds(south, west, min(south + wide[0], 90), min(west + wide[1], 180))
    answer = await searches.retrieve(make_request(area=area), today=HERE)
    assert answer.total_count == 0


@pytest.mark.parametrize("apart", [0, 1], ids=["a point", "corner to corner"])
async def test_what_lies_on_the_edge_of_a_box_is_in_it(
    searches: OpenSearchEngine, marketplace: IndexedMarketplace, apart: int
) -> None:
    """A box drawn from one listing to another holds both and what lies between them, over the date line too."""
    places = {
        row["listing_id"]: Point(row["latitude"], row["longitude"])
        for row in marketplace.supply.listings
        if row["is_active"]
    }
    corners = list(places.values())[:120]
    for one, other in zip(corners, corners[apart:], strict=False):
        south, north = sorted([one.latitude, other.latitude])
        area = Bounds(south, one.longitude, north, other.longitude)
        best = await searches.best(make_request(area=area), today=HERE)
        expected = {listing_id for listing_id, place in places.items() if contains(area, place)}
        assert {candidate.listing_id for candidate in best.candidates} == expected, area


async def test_a_box_round_the_earth_lacks_nothing(searches: OpenSearchEngine, marketplace: IndexedMarketplace) -> None:
    """Its edges may lie nearer to each other than the engine can tell: it is the Earth, not the gap between them."""
    area = Bounds(-90.0, 18.000000001, 90.0, 18.0)
    answer = await searches.retrieve(make_request(area=area), today=HERE)
    assert answer.total_count == sum(row["is_active"] for row in marketplace.supply.listings)


async def test_no_index_yet(async_client: AsyncOpenSearch) -> None:
    """Before the first build, the error says what to build."""
    engine = OpenSearchEngine(async_client, alias="nothing-here", timeout_ms=1_000)
    with pytest.raises(SearchUnavailable, match="no search index") as missing:
        await engine.retrieve(make_request(), today=HERE)
    assert "Build it" in (missing.value.hint or "")


async def test_nobody_listens() -> None:
    """A node that is down is a SearchUnavailable at once, not a wait."""
    client = connect("http://127.0.0.1:9")
    engine = OpenSearchEngine(client, alias="listings", timeout_ms=1_000)
    with pytest.raises(SearchUnavailable, match="did not answer"):
        await engine.retrieve(make_request(), today=HERE)
    await client.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html/>\r\n",
    ],
    ids=["silent", "500", "html"],
)
async def test_a_node_that_hangs_or_raves(answer: bytes) -> None:
    """A node that takes the request and answers nothing in time, or nonsense, is given up."""
    async with _server(answer) as url:
        client = connect(url)
        engine = OpenSearchEngine(client, alias="listings", timeout_ms=100)
        with pytest.raises(SearchUnavailable):
            await engine.retrieve(make_request(), today=HERE)
        await client.close()


def test_half_an_answer_says_so(opensearch: OpenSearch, marketplace: IndexedMarketplace) -> None:
    """Shards that failed or ran out of time are told to the guest."""
    request = make_request()
    raw = opensearch.search(index=marketplace.alias, body=search_body(request, today=HERE, timeout_ms=9_000))
    assert retrieved(request, raw).degraded == ()
    cut: Retrieved = retrieved(request, raw | {"timed_out": True, "_shards": {"failed": 1}})
    assert cut.degraded == (SLOW, INCOMPLETE)


async def test_no_script_is_compiled_twice(opensearch: OpenSearch, searches: OpenSearchEngine) -> None:
    """Forty different stays, prices and currencies compile nothing new: names and numbers are parameters."""

    def compilations() -> int:
        (node,) = opensearch.nodes.stats(metric="script")["nodes"].values()
        return int(node["script"]["compilations"])

    rng = np.random.default_rng(4)
    sorts = [Sort.PRICE, Sort.PRICE_DESC, Sort.DISTANCE]

    async def ask(n: int) -> None:
        filters = replace(make_request().filters, max_price_minor=int(rng.integers(1, 10**6)))
        request = make_request(centre=Point(1.0, n / 10), stay=random_stay(rng), filters=filters, guests=1 + n % 5)
        await searches.retrieve(replace(request, sort=sorts[n % 3]), today=HERE)

    for n in range(3):
        await ask(n)
    before = compilations()
    for n in range(40):
        await ask(n)
    assert compilations() == before


@asynccontextmanager
async def _server(answer: bytes) -> AsyncIterator[str]:
    """Serve one fixed answer on a free port; an empty one is never sent."""
    done = asyncio.Event()

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer:
            writer.write(answer)
            await writer.drain()
        await done.wait()
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        done.set()
