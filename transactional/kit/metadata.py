"""Every table, loaded: what migrations compare the database with."""

from __future__ import annotations

from transactional.bookings.models import Booking
from transactional.calendars.models import CalendarNight, Occupancy, RatePlan, Season
from transactional.feeds.models import CalendarFeed, FeedEvent, FeedToken
from transactional.imports.models import ImportReject, ImportRun
from transactional.journal.models import BookingEvent
from transactional.kit.database import Base
from transactional.kit.models import IdempotencyKey
from transactional.ledger.models import LedgerTransaction
from transactional.listing_views.models import ListingView
from transactional.listings.models import Listing
from transactional.markets.models import ExchangeRate, Market, Neighbourhood
from transactional.modifications.models import Modification
from transactional.outbox.models import OutboxCursor, OutboxEntry
from transactional.payments.models import Payment, Payout, Refund
from transactional.quotes.models import Quote
from transactional.reviews.models import Review
from transactional.sagas.models import Saga, SagaStep
from transactional.saved_searches.models import SavedSearch, SavedSearchAlert, SavedSearchMatch
from transactional.users.models import HostProfile, User
from transactional.webhooks.models import WebhookMessage

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
    BookingEvent,
    Modification,
    Payment,
    Refund,
    Payout,
    LedgerTransaction,
    Saga,
    SagaStep,
    WebhookMessage,
    CalendarFeed,
    FeedEvent,
    FeedToken,
    Review,
    SavedSearch,
    SavedSearchMatch,
    SavedSearchAlert,
    ListingView,
    IdempotencyKey,
    OutboxEntry,
    OutboxCursor,
    ImportRun,
    ImportReject,
)
metadata = Base.metadata
