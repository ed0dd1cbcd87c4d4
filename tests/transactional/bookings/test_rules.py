"""States, references and the errors they lead to: pure."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from transactional.bookings.errors import BookingStateConflict
from transactional.bookings.references import ALPHABET, LENGTH, new_reference
from transactional.bookings.rules import TRANSITIONS, BookingStatus, Change, after, is_over, sources


@pytest.mark.parametrize("change", Change)
@pytest.mark.parametrize("status", BookingStatus)
def test_every_state_meets_every_change(status: BookingStatus, change: Change) -> None:
    """B18: each pair leads to one state or is refused by name; the guards of the UPDATEs say the same."""
    if (status, change) in TRANSITIONS:
        assert after(status, change, reference="R") is TRANSITIONS[status, change]
        assert status in sources(change)
    else:
        assert status not in sources(change)
        with pytest.raises(BookingStateConflict) as refused:
            after(status, change, reference="R")
        assert refused.value.extensions == {
            "reference": "R",
            "booking_status": status.value,
            "change": change.value,
        }


def test_cancelled_is_the_end() -> None:
    """Nothing leads out of a cancelled booking."""
    assert not [change for status, change in TRANSITIONS if status is BookingStatus.CANCELLED]


def test_stay_is_over_on_its_day_of_departure() -> None:
    """Not the evening before."""
    check_out = date(2026, 3, 1)
    assert is_over(check_out, today=check_out)
    assert not is_over(check_out, today=check_out - timedelta(days=1))


def test_references_are_readable_and_do_not_come_twice() -> None:
    """Ten symbols without look-alikes; of a thousand draws none is like another."""
    drawn = {new_reference() for _ in range(1_000)}
    assert len(drawn) == 1_000
    assert all(len(reference) == LENGTH and set(reference) <= set(ALPHABET) for reference in drawn)
    assert not set("ILOU") & set(ALPHABET)
