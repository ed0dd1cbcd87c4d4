"""A process that answers searches from columns and does nothing else: started by the benchmark, to be measured."""

from __future__ import annotations

import asyncio
import sys
import time

import orjson
import psutil

from lodestay.lake import SEARCH_DOCUMENTS, newest_files
from search.columns.engine import ColumnEngine
from search.columns.files import builds, open_build
from search.columns.sources import documents
from search.columns.store import ColumnStore


def start(lake: str, *, mapped: bool) -> dict[str, float]:
    """Bring columns into service; the seconds since the process began, and its own memory."""
    if mapped:
        store = ColumnStore(open_build(builds(lake)[0]).whole)
    else:
        files = newest_files(SEARCH_DOCUMENTS, lake)
        store = ColumnStore(lambda: documents(files))
    engine = ColumnEngine(store)
    asyncio.run(engine.prepare())
    engine.close()
    process = psutil.Process()
    return {"seconds": time.time() - process.create_time(), "private_mb": process.memory_full_info().uss / 1e6}


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(start(sys.argv[1], mapped=sys.argv[2] == "mapped")))
