"""Cursors: what was given out is read back, anything else is named."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactional.kit.cursors import DayKey, InstantKey, decode_day, decode_instant, encode, page
from transactional.kit.errors import InvalidCursor


@given(at=st.datetimes(timezones=st.just(UTC)), row_id=st.uuids())
def test_instant_comes_back(at: datetime, row_id: UUID) -> None:
    """To the microsecond: a rounded cursor would skip rows."""
    key = InstantKey(at, row_id)
    assert decode_instant(encode(key)) == key


@given(on=st.dates(), row_id=st.integers(0, 2**63 - 1))
def test_day_comes_back(on: date, row_id: int) -> None:
    """A date and a number."""
    key = DayKey(on, row_id)
    assert decode_day(encode(key)) == key


@given(st.text())
def test_any_other_text_is_named(cursor: str) -> None:
    """Whatever is sent as a cursor is read or refused; nothing else happens."""
    for decode in (decode_instant, decode_day):
        with pytest.raises(InvalidCursor):
            decode(cursor)


@pytest.mark.parametrize(
    "cursor", [encode(DayKey(date(2026, 1, 1), 1)), "bnVsbA", "W10", "WyIyMDI2LTAxLTAxVDAwOjAwIiwiIl0"]
)
def test_cursor_of_another_list_is_named(cursor: str) -> None:
    """Well-formed text of another shape, too."""
    with pytest.raises(InvalidCursor):
        decode_instant(cursor)


@pytest.mark.parametrize("row_id", [-1, 2**63, 2**64 - 1])
def test_a_number_that_no_row_has_is_named(row_id: int) -> None:
    """A forged number beyond a BIGINT is refused before PostgreSQL sees it."""
    with pytest.raises(InvalidCursor):
        decode_day(encode(DayKey(date(2026, 1, 1), row_id)))


def test_no_cursor_is_the_first_page() -> None:
    """None stays None."""
    assert decode_instant(None) is None
    assert decode_day(None) is None


def test_last_page_is_known_as_such() -> None:
    """Exactly a page's rows: no cursor to an empty page."""
    keys = [DayKey(date(2026, 1, 1), n) for n in range(3)]
    assert page("abc", keys, size=3).next_cursor is None
    cut = page("abc", keys, size=2)
    assert cut.items == ("a", "b")
    assert decode_day(cut.next_cursor) == keys[1]
