"""Search documents and the index in service."""
