"""An OpenSearch of a benchmark's own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opensearchpy import OpenSearch

from lodestay.local.supervisor import supervise


@contextmanager
def opensearch_node() -> Iterator[tuple[OpenSearch, str]]:
    """Run a node until the block ends: its client, and its address."""
    with tempfile.TemporaryDirectory(prefix="lodestay-bench-") as home:
        Path(home).chmod(0o755)
        supervisor = supervise(Path(home), report=lambda _name, _text: None)
        supervisor.up(["opensearch"])
        url = supervisor.records.endpoints()["LODESTAY_OPENSEARCH_URL"]
        try:
            with OpenSearch(hosts=[url], timeout=600) as client:
                yield client, url
        finally:
            supervisor.down(["opensearch"])
