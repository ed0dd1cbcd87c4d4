"""Words of any language, in a real index: stems, synonyms, slips, reviews, and texts of any length."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opensearchpy import AsyncOpenSearch, OpenSearch

from search.document import REVIEW_CHARACTERS, REVIEWS, build_document
from search.engine import OpenSearchEngine
from search.errors import SearchUnavailable
from search.index import create_index, finish_loading, load_documents, put_in_service
from search.request import MAX_TEXT
from search.words import (
    LANGUAGES,
    LATIN,
    MOST_WORDS,
    by_their_language,
    languages_asked,
    matched,
    synonyms,
    synonyms_version,
)
from tests.search.marketplace import DIMENSION, HERE, MODEL, TODAY, make_request, random_listing, random_terms

PLAIN = {"market": "stockholm", "is_active": True, "house_rules": "", "amenities": [], "neighbourhood": None}
TEXTS: dict[str, dict[str, Any]] = {
    "swedish": {"title": "Ljus etta", "description": "Trevliga lägenheter med stora balkonger.", "language": "sv"},
    "german": {"title": "Altbau", "description": "Ruhige Häuser mit eigenem Garten.", "language": "de"},
    "french": {"title": "Près du port", "description": "L'immeuble a une piscine chauffée.", "language": "fr"},
    "russian": {"title": "Дом у моря", "description": "Тихие квартиры рядом с пляжем.", "language": "ru"},  # noqa: RUF001
    "japanese": {"title": "駅近の部屋", "description": "静かな庭園が見えます。", "language": "ja"},
    "arabic": {"title": "منزل هادئ", "description": "حديقة كبيرة ومطبخ.", "language": "ar"},
    "greek": {"title": "Σπίτι", "description": "Ήσυχο διαμέρισμα με θέα.", "language": "el"},
    "english": {"title": "Old loft", "description": "A cathedral can be seen from the workshops.", "language": "en"},
    "rules": {"title": "Cellar", "description": "Plain.", "language": "en", "house_rules": "Trombones after nine."},
    "amenity": {"title": "Kajuta", "description": "Na vodi.", "language": "sl", "amenities": ["pool"]},
    "told": {"title": "Attic", "description": "Plain.", "language": "en"},
}
"""A listing of each language, and those that only their rules, amenities or reviews tell of."""


@pytest.fixture(scope="module")
def ids() -> dict[str, int]:
    """Listings by what they are for."""
    return {name: 1 + n for n, name in enumerate(TEXTS)}


@pytest.fixture(scope="module")
def alias(opensearch: OpenSearch, worker_id: str, ids: dict[str, int]) -> Iterator[str]:
    """An index of them."""
    rng = np.random.default_rng(1)
    reviews = [{"comment": "Die Lerchen sangen jeden Morgen.", "language": "de"}]
    documents = [
        build_document(
            random_listing(rng, listing_id=ids[name], market="stockholm") | PLAIN | texts,
            calendar=None,
            terms=random_terms(rng, currency="SEK"),
            vector=None,
            popularity=1.0,
            today=TODAY,
            reviews=reviews if name == "told" else (),
        )
        for name, texts in TEXTS.items()
    ]
    alias = f"words-{worker_id}"
    index = create_index(opensearch, alias, dimension=DIMENSION, model=MODEL, built_at=datetime(2026, 6, 1, tzinfo=UTC))
    load_documents(opensearch, index, documents)
    finish_loading(opensearch, index)
    put_in_service(opensearch, alias, index)
    yield alias
    opensearch.indices.delete(index=index)


@pytest.fixture
def engine(async_client: AsyncOpenSearch, alias: str) -> OpenSearchEngine:
    """The engine over them."""
    return OpenSearchEngine(async_client, alias=alias, timeout_ms=20_000)


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("balkongerna", "swedish"),  # stems
        ("haus mit gärten", "german"),
        ("immeubles chauffés", "french"),
        ("квартире у пляжа", "russian"),  # noqa: RUF001
        ("庭園", "japanese"),
        ("الحديقة", "arabic"),
        ("ήσυχα", "greek"),
        ("workshop", "english"),
        ("trombone", "rules"),
        ("lerche", "told"),
        ("swimming pool", "french"),  # synonyms: of a text …
        ("水着 プール", "amenity"),  # … and of a label
        ("с бассейном", "amenity"),  # noqa: RUF001 - … in another case
        ("бассейны", "amenity"),
        ("LAGENHETER", "swedish"),  # case and accents
        ("cathderal", "english"),  # slips
        ("immuble", "french"),
        ("пляжом", "russian"),
        ("حديفة", "arabic"),
    ],
)
async def test_who_is_found_first(engine: OpenSearchEngine, ids: dict[str, int], text: str, best: str) -> None:
    """In each language by other forms of its words, by words that mean the same, and with a letter wrong."""
    answer = await engine.best(make_request(text=text), today=HERE)
    scored = [c.listing_id for c in answer.candidates if c.text_score]
    assert ids[best] in scored[:2], [(c.listing_id, c.text_score) for c in answer.candidates]


async def test_a_word_as_written_counts_more_than_one_that_is_like_it(engine: OpenSearchEngine) -> None:
    """What is typed right is not outdone by what may be meant."""
    right = await engine.best(make_request(text="cathedral"), today=HERE)
    wrong = await engine.best(make_request(text="cathderal"), today=HERE)
    assert (right.candidates[0].text_score or 0) > 2 * (wrong.candidates[0].text_score or 0) > 0


@pytest.mark.parametrize("line", range(0, len(synonyms()), 9))
async def test_long_queries_stay_within_the_engine_s_limit(engine: OpenSearchEngine, line: int) -> None:
    """Two hundred characters of words that all have many synonyms are still answered, in any script."""
    words = " ".join(group.split(",")[0].strip() for group in (synonyms() * 2)[line : line + 30])
    for text in (words, ", ".join(synonyms()[line].split(",")), "静かな庭園海景公寓" * 30, "тихий дом " * 30):
        answer = await engine.best(make_request(text=text), today=HERE)
        assert answer.degraded == ()
        assert len(answer.candidates) == len(TEXTS)


async def test_all_words_of_a_long_query_would_be_too_many(
    engine: OpenSearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is real: without the cut the engine refuses what the test above asks."""
    monkeypatch.setattr("search.query.matched", lambda text: text)
    with pytest.raises(SearchUnavailable):
        await engine.best(
            make_request(text=" ".join(min(line.split(","), key=len).strip() for line in synonyms())), today=HERE
        )


@pytest.mark.parametrize(
    ("language", "text", "stems"),
    [("sv", "Balkongerna with the från", ["balkong"]), ("fr", "l'immeuble für avec", ["imeubl"])],
)
def test_little_words_of_every_language_are_left_out(
    opensearch: OpenSearch, alias: str, language: str, text: str, stems: list[str]
) -> None:
    """In a language's field those of another would be rare, and count for more than what was asked."""
    told = opensearch.indices.analyze(index=alias, body={"analyzer": f"latin_{language}", "text": text})
    assert [token["token"] for token in told["tokens"]] == stems


@pytest.mark.parametrize(
    ("text", "label"),
    [("с бассейном", "pool"), ("балконами", "balconi"), ("стиральной машиной", "wash"), ("у озера", "lake")],  # noqa: RUF001
)
def test_russian_words_ask_for_labels_in_any_case(opensearch: OpenSearch, alias: str, text: str, label: str) -> None:
    """A guest writes a wish as grammar bends it, and the file of synonyms has each word in one form alone."""
    told = opensearch.indices.analyze(index=alias, body={"analyzer": "asked_english", "text": text})
    assert label in {token["token"] for token in told["tokens"]}


def test_an_index_says_which_synonyms_it_has(opensearch: OpenSearch, alias: str) -> None:
    """So that an operator sees whether an edit has arrived."""
    (mapping,) = opensearch.indices.get_mapping(index=alias).values()
    assert mapping["mappings"]["_meta"]["synonyms"] == synonyms_version()


def test_no_word_stands_twice_in_a_line_of_synonyms() -> None:
    """Each line has at least two words; none is empty or said twice."""
    for line in synonyms():
        words = [word.strip().casefold() for word in line.split(",")]
        assert len(words) > 1, line
        assert len(set(words)) == len(words), line
        assert all(words), line


def test_only_the_newest_reviews_and_their_beginnings_are_searched() -> None:
    """A listing that everybody writes about does not make a document without end."""
    rng = np.random.default_rng(1)
    reviews = [{"comment": f"n{n} " + "x" * 2_000, "language": "en"} for n in range(100)]
    built = build_document(
        random_listing(rng, listing_id=1, market="stockholm") | PLAIN | TEXTS["english"],
        calendar=None,
        terms=random_terms(rng, currency="SEK"),
        vector=None,
        popularity=1.0,
        today=TODAY,
        reviews=reviews,
    )
    text = built["words"]["text"]["en"]
    assert f"n{REVIEWS - 1} " in text
    assert f"n{REVIEWS} " not in text
    assert len(text) < REVIEWS * (REVIEW_CHARACTERS + 1) + 200


@pytest.mark.parametrize(
    ("text", "language", "fields"),
    [
        ("Ljus lägenhet", "sv", {"sv"}),
        ("Ljus lägenhet", None, {"en"}),
        ("Mieszkanie", "pl", {"en"}),
        ("海景 studio", "zh", {"cjk", "en"}),
        ("Квартира", None, {"ru"}),
        ("12 34", "en", set()),
    ],
)
def test_the_fields_of_a_text(text: str, language: str | None, fields: set[str]) -> None:
    """By its language where one analyzes it, by its scripts always, in English otherwise."""
    assert set(by_their_language([(text, language)])) == fields


@given(st.text(max_size=MAX_TEXT))
def test_what_is_matched_begins_the_query(text: str) -> None:
    """A query is cut between words, never changed, and cutting again cuts nothing; its fields are fields."""
    kept = matched(text)
    assert text.startswith(kept)
    assert matched(kept) == kept
    assert set(languages_asked(text)) <= set(LANGUAGES)


def test_eight_words_are_matched() -> None:
    """Of Latin letters eight words, of Chinese sixteen letters; Latin text is looked for in Latin languages."""
    assert len(matched("word " * 40).split()) == MOST_WORDS
    assert len(matched("海" * 100)) == 2 * MOST_WORDS
    assert set(languages_asked("loft")) == set(LATIN)
