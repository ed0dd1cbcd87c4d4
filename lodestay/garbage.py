"""Python's cycle collector, for processes that serve."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (50_000, 20, 50)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Leave what was loaded out of every collection, and collect less often, until the block ends.

    A service makes thousands of objects a call, and counting references frees nearly all of them. By default
    they have the collector run many times a call, and now and then over the whole heap, when everybody waits.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def set_aside() -> None:
    """Leave what has been loaded by now out of every collection too: a million titles take half a second to go over.

    Inside the block of :func:`rare_collections`; elsewhere nothing is done.
    """
    if gc.get_freeze_count():
        gc.freeze()
