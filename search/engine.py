"""The usual way to an answer: OpenSearch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import ConnectionError as NoConnection
from opensearchpy.exceptions import NotFoundError, OpenSearchException, TransportError

from search import histogram
from search.answer import Candidate, Retrieved
from search.errors import SearchUnavailable
from search.facets import FACETS, PRICE, facet_values
from search.query import EXACT_UP_TO, TEXT_SCORE, TICKED, VECTOR_SCORE, VECTOR_WEIGHT, count_body, search_body
from search.request import SearchRequest
from search.today import Today

INCOMPLETE: Final = "search index incomplete: some listings may be missing and the counts too low"
SLOW: Final = "search index slow: some listings may be missing and the counts too low"

PARAMS: Final = {"include_named_queries_score": "true"}
"""Has the engine tell the score of each named clause (of text, of vector) with a hit."""

_NOTHING: Final[dict[str, Any]] = {"buckets": []}


def connect(url: str) -> AsyncOpenSearch:
    """Make a client that fails at once instead of trying again: a guest is waiting, and there is a fallback."""
    return AsyncOpenSearch(hosts=[url], max_retries=0, http_compress=False)


@dataclass(frozen=True, slots=True)
class Best:
    """The best candidates alone, and what is missing of them, in words for a client."""

    candidates: tuple[Candidate, ...]
    degraded: tuple[str, ...]


class OpenSearchEngine:
    """Searches the index behind an alias.

    Parameters
    ----------
    client
        Of :func:`connect`.
    alias
        Name that the searches read.
    timeout_ms
        Time the engine has to collect results; the connection is given up at twice that.
    exact_up_to
        Listings within what must be, up to which each one's meaning is compared with the query's.
    """

    def __init__(self, client: AsyncOpenSearch, *, alias: str, timeout_ms: int, exact_up_to: int = EXACT_UP_TO) -> None:
        self._client = client
        self._exact_up_to = exact_up_to
        self._alias = alias
        self._timeout_ms = timeout_ms

    async def retrieve(self, request: SearchRequest, *, today: Today) -> Retrieved:
        """Find the best candidates and count the whole filtered set.

        Raises
        ------
        SearchUnavailable
            The index does not answer in time, refuses, or does not exist yet.
        """
        return retrieved(request, await self._ask(await self._body(request, today)))

    async def best(self, request: SearchRequest, among: Collection[int] | None = None, *, today: Today) -> Best:
        """Find the best candidates and count nothing.

        Parameters
        ----------
        among
            Listings to choose among, at most 65,536; None: all.

        Raises
        ------
        SearchUnavailable
            As :meth:`retrieve`.
        """
        body = await self._body(request, today, among) | {"track_total_hits": False}
        del body["aggs"]
        answer = await self._ask(body)
        return Best(candidates(request, answer), shortcomings(answer))

    async def _body(self, request: SearchRequest, today: Today, among: Collection[int] | None = None) -> dict[str, Any]:
        """The search; where it means something, whether it is wide is counted first, which stops early."""
        wide = False
        if request.text_vector is not None:
            most = self._exact_up_to
            counted = await self._ask(
                count_body(request, today=today, timeout_ms=self._timeout_ms, up_to=most, among=among)
            )
            wide = counted["hits"]["total"]["value"] > most
        return search_body(request, today=today, timeout_ms=self._timeout_ms, wide=wide, among=among)

    async def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        return await ask(self._client, self._alias, body, seconds=2 * self._timeout_ms / 1000)


async def ask(client: AsyncOpenSearch, alias: str, body: dict[str, Any], *, seconds: float) -> dict[str, Any]:
    """Send a search; everything that can go wrong with it is :class:`SearchUnavailable`."""
    try:
        answer: dict[str, Any] = await client.search(index=alias, body=body, params=PARAMS, request_timeout=seconds)
    except NotFoundError as error:
        raise SearchUnavailable(
            f"There is no search index {alias!r} yet.", hint="Build it: materialise the index assets in Dagster."
        ) from error
    except NoConnection as error:
        raise SearchUnavailable(
            f"The search index did not answer within {seconds:g} s.", hint="See `lodestay status` and the node's log."
        ) from error
    except TransportError as error:
        raise SearchUnavailable(
            f"The search index refused: {error.status_code} {error.error}.", hint="The node's log says why."
        ) from error
    except OpenSearchException as error:
        raise SearchUnavailable(f"The search index did not answer: {error}.", hint="See `lodestay status`.") from error
    return answer


def retrieved(request: SearchRequest, answer: dict[str, Any]) -> Retrieved:
    """Read the engine's answer to :func:`search.query.search_body`."""
    counted = {
        name: aggregation
        for group in answer["aggregations"].values()
        for name, aggregation in group.items()
        if isinstance(aggregation, dict)
    }
    prices = {int(b["from"]): b["doc_count"] for b in counted[PRICE]["buckets"]}
    return Retrieved(
        candidates=candidates(request, answer),
        total_count=answer["hits"]["total"]["value"],
        facets={
            facet.name: facet_values(
                _counts(counted[facet.name]) | _counts(counted.get(f"{TICKED}{facet.name}", _NOTHING)),
                facet.selected(request.filters),
            )
            for facet in FACETS
        },
        histogram=histogram.bins(prices),
        degraded=shortcomings(answer),
    )


def shortcomings(answer: dict[str, Any]) -> tuple[str, ...]:
    """Say what an answer lacks, in words for a client."""
    slow = (SLOW,) if answer["timed_out"] else ()
    return (*slow, INCOMPLETE) if answer["_shards"]["failed"] else slow


def candidates(request: SearchRequest, answer: dict[str, Any]) -> tuple[Candidate, ...]:
    """Read the results alone."""
    return tuple(_candidate(hit, request) for hit in answer["hits"]["hits"])


def _counts(aggregation: dict[str, Any]) -> dict[str, int]:
    buckets = (bucket for bucket in aggregation["buckets"] if bucket["doc_count"])
    return {bucket.get("key_as_string", bucket["key"]): bucket["doc_count"] for bucket in buckets}


def _candidate(hit: dict[str, Any], request: SearchRequest) -> Candidate:
    fields = hit["fields"]
    total = fields.get("total_minor", [None])[0]
    metres = fields.get("distance_m", [None])[0]
    text_score, vector_score = _scores(hit.get("matched_queries") or {}, request)
    return Candidate(
        listing_id=fields["listing_id"][0],
        currency=fields["currency"][0],
        total_minor=total,
        nightly_price_minor=fields.get("nightly_price_minor", [None])[0],
        text_score=text_score,
        vector_score=vector_score,
        distance_km=None if metres is None else metres / 1000,
    )


def _scores(matched: dict[str, float], request: SearchRequest) -> tuple[float | None, float | None]:
    """BM25 and cosine of a hit; the engine's vector score is (1 + cosine) / 2."""
    text = None if request.text is None else matched.get(TEXT_SCORE, 0.0)
    vector = matched.get(VECTOR_SCORE)
    return text, None if vector is None else 2 * vector / VECTOR_WEIGHT - 1
