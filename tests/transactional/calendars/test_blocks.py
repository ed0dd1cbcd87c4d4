"""Blocking and unblocking nights, on ranges alone."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from transactional.calendars.blocks import block, nights_of, runs, unblock

START = date(2026, 2, 20)
ranges = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(
    lambda at: (START + timedelta(days=at[0]), START + timedelta(days=at[0] + at[1]))
)


@given(st.sets(st.integers(0, 60)))
def test_runs_have_the_nights_and_do_not_touch(days: set[int]) -> None:
    """Runs hold exactly the nights given, in order, with a gap between any two."""
    nights = {START + timedelta(days=n) for n in days}
    found = runs(nights)
    assert nights_of(found) == nights
    assert all(earlier[1] < later[0] for earlier, later in pairwise(found))


@given(span=ranges, blocked=st.lists(ranges, max_size=4), imported=st.lists(ranges, max_size=4))
def test_block_adds_the_span_and_leaves_imports_alone(
    span: tuple[date, date], blocked: list[tuple[date, date]], imported: list[tuple[date, date]]
) -> None:
    """What was blocked stays blocked; of the span only what no import has is added."""
    found = nights_of(block(span, blocked=blocked, imported=imported))
    assert found == nights_of(blocked) | (nights_of([span]) - nights_of(imported))


@given(span=ranges, blocked=st.lists(ranges, max_size=4))
def test_unblock_undoes_the_span_and_no_more(span: tuple[date, date], blocked: list[tuple[date, date]]) -> None:
    """The span is free of blocks, every other night as before."""
    assert nights_of(unblock(span, blocked=blocked)) == nights_of(blocked) - nights_of([span])
