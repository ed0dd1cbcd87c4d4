"""Any sentence-transformers model, from the hub or a folder; needs the torch extra."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from ml.embeddings.errors import EmbedderUnavailable
from ml.embeddings.vectors import Vectors, unit

_BATCH = 64


class SentenceTransformerEmbedder:
    """A bi-encoder; torch is imported only when one is made.

    Parameters
    ----------
    name
        Name on the hub, or a folder with the model's files.

    Raises
    ------
    EmbedderUnavailable
        The torch extra is missing, or the model is neither on disk nor to be had from the hub.
    """

    def __init__(self, name: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer  # noqa: PLC0415
        except ImportError as error:
            raise EmbedderUnavailable(
                "The packages sentence-transformers and torch are not installed.",
                hint="pip install 'lodestay[torch]' (5 GB with CUDA), or use another LODESTAY_EMBEDDING_MODEL.",
            ) from error
        try:
            self._encoder = SentenceTransformer(name, device="cpu")
        except (OSError, ValueError) as error:
            raise EmbedderUnavailable(
                f"The model {name!r} could not be loaded: {error}",
                hint="Name a folder with the model's files, or one on the hub that this machine can reach.",
            ) from error
        dimension = self._encoder.get_embedding_dimension()
        if dimension is None:
            raise EmbedderUnavailable(f"The model {name!r} does not tell the dimension of its vectors.")
        self.dimension = int(dimension)
        self.model = _identity(name)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of listings' texts, (n, dimension) float32."""
        encoded = self._encoder.encode_document(list(texts), batch_size=_BATCH, show_progress_bar=False)
        return unit(encoded.reshape(len(texts), self.dimension))

    def embed_query(self, text: str) -> Vectors:
        """Vector of what a guest typed, (dimension,) float32."""
        return unit(self._encoder.encode_query(text, show_progress_bar=False))


def _identity(name: str) -> str:
    """Name fit for a folder; for a folder of weights with a digest, so that changed weights are another model."""
    folder = Path(name)
    if not folder.is_dir():
        return _slug(name)
    digest = hashlib.blake2b(digest_size=6)
    for file in sorted(folder.rglob("*")):
        if file.suffix in {".safetensors", ".bin", ".json"} and file.is_file():
            digest.update(file.read_bytes())
    return f"{_slug(folder.resolve().name)}-{digest.hexdigest()}"


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")
