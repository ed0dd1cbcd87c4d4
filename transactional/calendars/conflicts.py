"""What PostgreSQL refuses, as the fact it stands for: the guards below the rules never show as a fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lodestay.calendar import Refusal, RefusedStay
from lodestay.stay import Stay
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.models import OCCUPANCY_NO_OVERLAP
from transactional.kit.sqlstate import CONTENTION, DatabaseError, SqlState, sqlstate, violated_constraint
from transactional.listings.errors import ListingBusy


@contextmanager
def contention_as_conflict(listing_id: int) -> Iterator[None]:
    """Turn a deadlock, a lock that did not come in time or a serialization failure into `ListingBusy`."""
    try:
        yield
    except DatabaseError as error:
        if sqlstate(error) in CONTENTION:
            raise ListingBusy(listing_id) from error
        raise


@contextmanager
def overlap_as_conflict(listing_id: int, stay: Stay) -> Iterator[None]:
    """As :func:`contention_as_conflict`; and nights that the constraint refuses become `StayUnavailable`."""
    try:
        with contention_as_conflict(listing_id):
            yield
    except DatabaseError as error:
        if sqlstate(error) == SqlState.EXCLUSION_VIOLATION and violated_constraint(error) == OCCUPANCY_NO_OVERLAP:
            refused = RefusedStay(Refusal.NIGHTS_TAKEN, tuple(stay), None)
            raise StayUnavailable.because(refused, listing_id=listing_id, stay=stay) from error
        raise
