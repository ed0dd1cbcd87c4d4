"""How well words find listings: by what is written, by what it means, and by both at several weights."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import log2
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from bench.node import opensearch_node
from bench.report import Figure, latency
from bench.words_judged import Judged, Kind, judged
from bench.words_stock import AS_OF, SEED, Texts, real, synthetic
from lodestay.pricing import PriceTerms
from lodestay.settings import get_settings
from ml.embeddings.gateway import make_embedder
from ml.embeddings.text import listing_texts
from ml.embeddings.vectors import Vectors
from search.document import build_document, popularity
from search.index import create_index, finish_loading, load_documents, put_in_service
from search.query import VECTOR_WEIGHT, search_body
from search.request import ANYTHING
from search.today import Today

ALIAS: Final = "words"
DEPTH: Final = 10
EACH: Final = 80
EACH_CITY: Final = 600
LISTINGS: Final = 1_500
WEIGHTS: Final = (5.0, VECTOR_WEIGHT, 20.0, 40.0, 80.0)
TERMS: Final = PriceTerms(
    currency="EUR",
    cleaning_fee_minor=0,
    guests_included=1,
    extra_guest_fee_minor=0,
    weekly_discount_bps=0,
    monthly_discount_bps=0,
    service_fee_bps=0,
    tax_bps=0,
)

NOTES = """
NDCG of the first ten, without filters, over listings with texts in ten languages: a synthetic marketplace, or with
`--real` up to 600 listings of each of five cities of Inside Airbnb (half of them, where there are so many, not in
English). A phrase is three words in a row of a description or a review, one of them rare, and finds the listings that
hold all three; a slip is such a phrase with a letter wrong; a need is an amenity as a guest asks for it in one of ten
languages, and finds whoever has it, whatever language the host writes. Both weigh the vector beside 1 of the words.
Phrases favour words over meaning by what they are, and descriptions over titles by where most come from. Every need is
in the file of synonyms, three in four word for word: that figure says that synonyms work, not that they are complete.
The weights were chosen on an earlier draw of such queries from the same cities, among some thirty combinations.
"""

Ways = Mapping[str, float | None]
"""Ways to order: weight of the vectors beside the words, by name; None for vectors alone."""


def measure(cities: Path | None) -> list[Figure]:
    """Index the texts, ask every query in every way, and say how well the first ten fit.

    Parameters
    ----------
    cities
        Folder of Inside Airbnb cities; None draws a synthetic marketplace.
    """
    texts = synthetic(LISTINGS) if cities is None else real(cities, each=EACH_CITY)
    embedder = make_embedder(get_settings().embedding_model)
    vectors = embedder.embed_documents(listing_texts(pa.Table.from_pylist(texts.listings)))
    queries = judged(texts, each=EACH, seed=SEED)
    asked = embedder.embed_documents([query.text for query in queries])
    weights = {f"both, vectors {weight:g}": weight for weight in WEIGHTS}
    ways: dict[str, float | None] = {"words": 0.0, "vectors": None, **weights}
    with opensearch_node() as (client, _):
        seconds, size = _load(client, texts, vectors)
        gains, took = _ask(client, queries, asked, ways)
    where = f"{len(texts.listings):,} {'synthetic' if cities is None else 'real'} listings"
    counts = Counter(query.kind for query in queries)
    return [
        *(
            Figure(f"{kind} ({count}): {way}", "NDCG", float(np.mean(gains[kind, way])), None, None)
            for kind, count in counts.items()
            for way in ways
        ),
        Figure(f"words and vectors of {where}, p50", "ms", latency(took).p50, None, None),
        Figure(f"words and vectors of {where}, p99", "ms", latency(took).p99, None, None),
        Figure(f"index of {where}, build", "documents/s", len(texts.listings) / seconds, None, None),
        Figure(f"index of {where}, a document", "kB", size / len(texts.listings) / 1e3, None, None),
    ]


def _load(client: OpenSearch, texts: Texts, vectors: Vectors) -> tuple[float, int]:
    """Seconds of the build, and bytes of the index in one segment."""
    started = perf_counter()
    index = create_index(client, ALIAS, dimension=vectors.shape[1], model="words", built_at=datetime.now(UTC))
    load_documents(client, index, _documents(texts, vectors))
    finish_loading(client, index)
    seconds = perf_counter() - started
    client.indices.forcemerge(index=index, max_num_segments=1, request_timeout=3_600)
    put_in_service(client, ALIAS, index)
    stats = client.indices.stats(index=index, metric="store")["indices"][index]["primaries"]
    return seconds, int(stats["store"]["size_in_bytes"])


def _documents(texts: Texts, vectors: Vectors) -> Iterator[dict[str, Any]]:
    for row, vector in zip(texts.listings, vectors, strict=True):
        yield build_document(
            row,
            calendar=None,
            terms=TERMS,
            vector=vector,
            popularity=popularity(row["rating"], row["review_count"]),
            today=AS_OF,
            reviews=texts.reviews.get(row["listing_id"], ()),
        )


def _ask(
    client: OpenSearch, queries: Sequence[Judged], asked: Vectors, ways: Ways
) -> tuple[dict[tuple[Kind, str], list[float]], list[float]]:
    """NDCG of every query by kind and way, and the seconds of those that ask for words and vectors as a search does."""
    gains, took = defaultdict[tuple[Kind, str], list[float]](list), list[float]()
    for query, vector in zip(queries, asked, strict=True):
        for way, weight in ways.items():
            body = _body(query.text, vector, weight)
            started = perf_counter()
            answer = client.search(index=ALIAS, body=body)
            if weight == VECTOR_WEIGHT:
                took.append(perf_counter() - started)
            found = [hit["fields"]["listing_id"][0] for hit in answer["hits"]["hits"]]
            gains[query.kind, way].append(_ndcg(found, query.relevant))
    return gains, took


def _body(text: str, vector: NDArray[np.float32], weight: float | None) -> dict[str, Any]:
    """Build the search as the service does, its clauses weighed, without what does not order."""
    request = replace(ANYTHING, text=text, text_vector=tuple(vector.tolist()), page_size=DEPTH)
    body = search_body(request, today=Today(AS_OF), timeout_ms=60_000)
    words, meant = body["query"]["bool"]["should"]
    if weight:
        meant["script_score"]["boost"] = weight
    body["query"]["bool"]["should"] = [meant] if weight is None else [words, meant] if weight else [words]
    kept = ("query", "sort", "_source", "stored_fields", "docvalue_fields")
    return {"size": DEPTH, "track_total_hits": False} | {name: body[name] for name in kept}


def _ndcg(found: Sequence[int], relevant: frozenset[int]) -> float:
    """Gain of the relevant among the first ten by their places, as a share of the best that there could be."""
    gain = sum(1 / log2(place + 2) for place, listing_id in enumerate(found) if listing_id in relevant)
    return gain / sum(1 / log2(place + 2) for place in range(min(DEPTH, len(relevant))))
