"""How well words find listings: by what is written, by what it means, and by both at several weights."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.node import opensearch_node
from bench.report import Figure
from bench.words_judged import judged
from bench.words_stock import SEED, real, synthetic
from lodestay.pricing import PriceTerms
from lodestay.settings import get_settings
from ml.embeddings.gateway import make_embedder

ALIAS: Final = "words"
DEPTH: Final = 10
EACH: Final = 150
LISTINGS: Final = 3_000
WEIGHTS: Final = (5.0, 10.0, 20.0, 40.0, 80.0)
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
"""

Ways = Mapping[str, float | None]
"""Ways to order by: weight of the vectors beside the text's 1, by name; None for vectors alone."""


def measure(cities: Path | None) -> list[Figure]:
    """Index the texts, ask every query in every way, and say how well the first ten fit.

    Parameters
    ----------
    cities
        Folder of Inside Airbnb cities; None draws a synthetic marketplace.
    """
    texts = synthetic(LISTINGS) if cities is None else real(cities)
    embedder = make_embedder(get_settings().embedding_model)
    vectors = embedder.embed_documents([_text(row) for row in texts.listings])
    queries = judged(texts, reviews=REVIEWS, each=EACH, seed=SEED)
    asked = embedder.embed_documents([query.text for query in queries])
    ways = {"text alone": 0.0, "vectors alone": None, **{f"both, vectors {weight:g}": weight for weight in WEIGHTS}}
    with opensearch_node() as (client, url):
        loaded, size = load(client, texts, vectors)
        gains, seconds = asyncio.run(ask(url, queries, asked, ways))
