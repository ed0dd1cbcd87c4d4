"""What can go wrong with an embedding model."""

from __future__ import annotations

from lodestay.errors import SetupIncomplete


class EmbedderUnavailable(SetupIncomplete):
    """The embedding model that the settings name cannot be had on this machine."""

    title = "Embedding model unavailable"
