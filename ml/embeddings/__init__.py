"""Text as vectors: one gateway, the model and its dimension recorded with every vector."""
