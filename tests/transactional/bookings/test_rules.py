"""States, references and the errors they lead to: pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lodestay.settings import PROJECT_ROOT
from lodestay.stay import Stay
from transactional.bookings.errors import BookingStateConflict, ChangeNotYours
from transactional.bookings.references import ALPHABET, LENGTH, new_reference
from transactional.bookings.rules import (
    FINAL,
    TRANSITIONS,
    BookingStatus,
    Change,
    GuestStanding,
    Side,
    after,
    diagram,
    instants_of,
    missing_for_instant_book,
    require_side,
    respond_by,
    sources,
    target,
)


@pytest.mark.parametrize("change", Change)
@pytest.mark.parametrize("status", BookingStatus)
def test_b18_every_state_meets_every_change(status: BookingStatus, change: Change) -> None:
    """B18: each pair leads to one state or is refused by name; the guards of the UPDATEs say the same."""
    leads_to = [arc.target for arc in TRANSITIONS if (arc.source, arc.change) == (status, change)]
    if leads_to:
        assert [after(status, change, reference="R")] == leads_to == [target(change)]
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


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("change", Change)
def test_a_change_is_for_its_sides_alone(change: Change, side: Side) -> None:
    """Whoever stands in no arc of a change is refused and told whose it is."""
    if any(side in arc.by for arc in TRANSITIONS if arc.change is change):
        require_side(change, side)
    else:
        with pytest.raises(ChangeNotYours) as refused:
            require_side(change, side)
        assert side not in refused.value.extensions["allowed"]


def test_ends_are_ends() -> None:
    """Nothing leads out of a stay that is over, missed, cancelled or declined."""
    assert {status.value for status in FINAL} == {"declined", "cancelled", "completed", "no_show"}


def test_states_are_drawn_in_the_documentation_as_they_are() -> None:
    """The picture in docs/booking.md is what the code draws."""
    assert diagram() in (PROJECT_ROOT / "docs" / "booking.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("timezone", "day", "starts"),
    [
        ("Europe/Lisbon", date(2026, 3, 29), datetime(2026, 3, 29, 14, tzinfo=UTC)),  # the clocks went forward
        ("Europe/Lisbon", date(2026, 3, 28), datetime(2026, 3, 28, 15, tzinfo=UTC)),
        ("Pacific/Kiritimati", date(2026, 1, 1), datetime(2026, 1, 1, 1, tzinfo=UTC)),  # 14 hours ahead
        ("America/New_York", date(2026, 11, 1), datetime(2026, 11, 1, 20, tzinfo=UTC)),  # a day of 25 hours
    ],
)
def test_b4_hours_are_those_of_the_day_and_the_zone(timezone: str, day: date, starts: datetime) -> None:
    """B4: the offset is the one of the stay's own day, not of today."""
    stay = Stay(day, day + timedelta(days=1))
    found, _ = instants_of(stay, timezone=timezone, check_in_hour=15, check_out_hour=11)
    assert found == starts


def test_host_never_answers_after_the_stay_has_begun() -> None:
    """The deadline is the host's hours, cut at the start of the stay."""
    now = datetime(2026, 6, 15, 12, tzinfo=UTC)
    soon, later = now + timedelta(hours=3), now + timedelta(days=30)
    assert respond_by(now, approval_hours=24, starts_at=soon) == soon
    assert respond_by(now, approval_hours=24, starts_at=later) == now + timedelta(hours=24)


def test_what_a_host_asks_of_guests_who_book_at_once() -> None:
    """Each requirement that is missing is named; a host who answers every request asks nothing else."""
    nobody = GuestStanding(identity_verified=False, completed_stays=0)
    asks = {"instant_book": True, "requires_verified_guest": True, "requires_completed_stays": 2}
    assert len(missing_for_instant_book(nobody, **asks)) == 2
    assert missing_for_instant_book(GuestStanding(identity_verified=True, completed_stays=2), **asks) == ()
    assert len(missing_for_instant_book(nobody, **(asks | {"instant_book": False}))) == 1


def test_references_are_readable_and_do_not_come_twice() -> None:
    """Ten symbols without look-alikes; of a thousand draws none is like another."""
    drawn = {new_reference() for _ in range(1_000)}
    assert len(drawn) == 1_000
    assert all(len(reference) == LENGTH and set(reference) <= set(ALPHABET) for reference in drawn)
    assert not set("ILOU") & set(ALPHABET)
