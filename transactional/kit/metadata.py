"""Every table, loaded: what migrations compare the database with."""

from __future__ import annotations

from transactional.bookings.models import Booking
from transactional.calendars.models import CalendarNight, Occupancy, RatePlan, Season
from transactional.imports.models import ImportReject, ImportRun
from transactional.kit.database import Base
from transactional.kit.models import IdempotencyKey
from transactional.listings.models import Listing
from transactional.markets.models import ExchangeRate, Market, Neighbourhood
from transactional.outbox.models import OutboxCursor, OutboxEntry
from transactional.quotes.models import Quote
from transactional.reviews.models import Review
from transactional.users.models import HostProfile, User

TABLES: tuple[type[Base], ...] = (
    Market,
    Neighbourhood,
    ExchangeRate,
    User,
    HostProfile,
    Listing,
    RatePlan,
    Season,
    CalendarNight,
    Occupancy,
    Quote,
    Booking,
    Review,
    IdempotencyKey,
    OutboxEntry,
    OutboxCursor,
    ImportRun,
    ImportReject,
)
metadata = Base.metadata
