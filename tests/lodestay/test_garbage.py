"""The cycle collector of a process that serves."""

from __future__ import annotations

import gc
import weakref

from lodestay.garbage import rare_collections, set_aside


class _Knot:
    """Refers to itself: only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_loaded_before_is_left_alone_until_the_block_ends() -> None:
    """Objects from before are out of every collection, those made inside are not; then all is as it was."""
    before = gc.get_threshold()
    knot = _Knot()
    old = weakref.ref(knot)
    with rare_collections():
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] > before[0]
        del knot
        new = weakref.ref(_Knot())
        gc.collect()
        assert old() is not None
        assert new() is None
    assert gc.get_threshold() == before
    gc.collect()
    assert old() is None


def test_what_is_set_aside_is_left_alone_too() -> None:
    """Objects made inside the block and set aside are out of every collection until it ends."""
    with rare_collections():
        knot = _Knot()
        loaded = weakref.ref(knot)
        set_aside()
        del knot
        gc.collect()
        assert loaded() is not None
    gc.collect()
    assert loaded() is None
