"""The booking core: stay rules, charges, journal, ledger, payments, sagas, webhooks, feeds and modifications.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Immutable, so that a check constraint may ask it.
NETS_TO_ZERO = """
    CREATE FUNCTION ledger_nets_to_zero(currencies text[], amounts bigint[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT NOT EXISTS (
            SELECT FROM unnest(currencies, amounts) AS entry (currency, amount)
            GROUP BY currency HAVING sum(amount) <> 0
        )
    $$
"""
LEDGER_ENTRIES = """
    CREATE VIEW ledger_entries AS
    SELECT transaction_id, posting_key, kind, booking_id, occurred_at, account, currency, amount_minor
    FROM ledger_transactions
    CROSS JOIN LATERAL unnest(accounts, currencies, amounts_minor) AS entry (account, currency, amount_minor)
"""
APPEND_ONLY = """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END
    $$
"""
APPEND_ONLY_TABLES = ("booking_events", "ledger_transactions")
FILL_QUOTES = """
    UPDATE quotes SET charge_currency = currency, charge_lines = lines, charge_total_minor = total_minor,
                      exchange_rate = 1, calendar_version = 0
"""
# Where the place's check-in is not known, three in the afternoon, and eleven in the morning for the departure.
FILL_BOOKINGS = """
    UPDATE bookings SET version = 1,
        starts_at = (check_in + time '15:00') AT TIME ZONE timezone,
        ends_at = (check_out + time '11:00') AT TIME ZONE timezone,
        charge_currency = bookings.currency, charge_lines = lines, charge_total_minor = total_minor,
        cancellation_policy = listings.cancellation_policy
    FROM listings JOIN markets USING (market_key) WHERE listings.listing_id = bookings.listing_id
"""
BEGIN_JOURNAL = """
    INSERT INTO booking_events (booking_id, seq, kind, occurred_at, side, cause, body, previous_hash, hash)
    SELECT booking_id, 1, 'recorded', created_at, 'system', 'migration', body, '',
           sha256(int8send(1) || convert_to(body, 'UTF8'))
    FROM bookings CROSS JOIN LATERAL (
        SELECT jsonb_build_object('kind', 'recorded', 'at', created_at, 'actor_id', NULL, 'side', 'system',
                                  'cause', 'migration', 'data',
                                  to_jsonb(bookings) || jsonb_build_object('exchange_rate', exchange_rate::text)
                                 )::text AS body
    ) event
"""
FILLED = {
    "quotes": ("charge_currency", "charge_lines", "charge_total_minor", "exchange_rate", "calendar_version"),
    "bookings": (
        "starts_at",
        "ends_at",
        "charge_currency",
        "charge_lines",
        "charge_total_minor",
        "cancellation_policy",
    ),
}
BOOKING_STATES = "status IN ('requested','held','confirmed','declined','expired','cancelled','completed','no_show')"
FORMER_STATES = "status IN ('held','confirmed','cancelled','expired')"
CHECKS = (
    ("bookings", "instants", "starts_at < ends_at"),
    ("calendar_nights", "stay_through", "min_stay_through >= 1 AND max_stay_through >= 1"),
    ("markets", "host_fee_and_grace", "host_fee_bps BETWEEN 0 AND 10000 AND grace_hours BETWEEN 0 AND 336"),
    ("quotes", "exchange_rate", "exchange_rate > 0"),
    (
        "rate_plans",
        "lead_time_discounts",
        (
            "last_minute_days BETWEEN 0 AND 365 AND last_minute_discount_bps BETWEEN 0 AND 10000"
            " AND early_bird_days BETWEEN 0 AND 730 AND early_bird_discount_bps BETWEEN 0 AND 10000"
        ),
    ),
    ("rate_plans", "pets", "max_pets BETWEEN 0 AND 20 AND pet_fee_minor >= 0"),
    (
        "rate_plans",
        "timing",
        (
            "last_booking_hour BETWEEN 1 AND 24 AND preparation_days BETWEEN 0 AND 14"
            " AND booking_window_days BETWEEN 1 AND 730 AND min_gap_nights BETWEEN 0 AND 30"
            " AND check_in_hour BETWEEN 0 AND 23 AND check_out_hour BETWEEN 0 AND 23"
        ),
    ),
    ("rate_plans", "approval", "approval_hours BETWEEN 1 AND 168 AND requires_completed_stays >= 0"),
)
AMOUNTS = "guests >= 1 AND pets >= 0 AND total_minor >= 0 AND charge_total_minor >= 0"
FORMER_AMOUNTS = "guests >= 1 AND total_minor >= 0"


def upgrade() -> None:
    """Apply."""
    op.execute(NETS_TO_ZERO)
    op.execute(APPEND_ONLY)
    op.create_table(
        "webhook_messages",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('new','applied','ignored','parked')", name=op.f("ck_webhook_messages_status")),
        sa.PrimaryKeyConstraint("source", "message_id", name=op.f("pk_webhook_messages")),
    )
    op.create_index(op.f("ix_webhook_messages_object_id"), "webhook_messages", ["object_id"], unique=False)
    op.create_index(
        "ix_webhook_messages_waiting",
        "webhook_messages",
        ["received_at"],
        unique=False,
        postgresql_where="status IN ('new','parked')",
    )
    op.create_table(
        "calendar_feeds",
        sa.Column("feed_id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("laid_out_on", sa.Date(), nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("empty_reads", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("empty_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('new','fresh','failing','paused')", name=op.f("ck_calendar_feeds_status")),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.listing_id"], name=op.f("fk_calendar_feeds_listing_id_listings")
        ),
        sa.PrimaryKeyConstraint("feed_id", name=op.f("pk_calendar_feeds")),
    )
    op.create_index(
        "ix_calendar_feeds_due", "calendar_feeds", ["next_read_at"], unique=False, postgresql_where="status <> 'paused'"
    )
    op.create_index(op.f("ix_calendar_feeds_listing_id"), "calendar_feeds", ["listing_id"], unique=False)
    op.create_table(
        "feed_tokens",
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.listing_id"], name=op.f("fk_feed_tokens_listing_id_listings")
        ),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_feed_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_feed_tokens_token_hash")),
    )
    op.create_index(op.f("ix_feed_tokens_listing_id"), "feed_tokens", ["listing_id"], unique=False)
    op.create_table(
        "feed_events",
        sa.Column("feed_id", sa.Uuid(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("stay", postgresql.DATERANGE(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('reservation','block')", name=op.f("ck_feed_events_kind")),
        sa.CheckConstraint("status IN ('applied','conflict','ignored','gone')", name=op.f("ck_feed_events_status")),
        sa.CheckConstraint(
            "NOT isempty(stay) AND NOT lower_inf(stay) AND NOT upper_inf(stay)"
            " AND lower_inc(stay) AND NOT upper_inc(stay)",
            name=op.f("ck_feed_events_stay_half_open"),
        ),
        sa.ForeignKeyConstraint(
            ["feed_id"],
            ["calendar_feeds.feed_id"],
            name=op.f("fk_feed_events_feed_id_calendar_feeds"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("feed_id", "uid", name=op.f("pk_feed_events")),
    )
    op.create_table(
        "booking_events",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("side IN ('guest','host','platform','system')", name=op.f("ck_booking_events_side")),
        sa.CheckConstraint(
            "seq >= 1 AND (seq = 1) = (length(previous_hash) = 0)", name=op.f("ck_booking_events_chain")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.booking_id"], name=op.f("fk_booking_events_booking_id_bookings")
        ),
        sa.PrimaryKeyConstraint("booking_id", "seq", name=op.f("pk_booking_events")),
    )
    op.create_index(op.f("ix_booking_events_occurred_at"), "booking_events", ["occurred_at"], unique=False)
    op.create_table(
        "ledger_transactions",
        sa.Column("transaction_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("posting_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accounts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("currencies", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("amounts_minor", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.CheckConstraint(
            "cardinality(accounts) >= 2 AND cardinality(accounts) = cardinality(currencies)"
            " AND cardinality(accounts) = cardinality(amounts_minor)",
            name=op.f("ck_ledger_transactions_shape"),
        ),
        sa.CheckConstraint(
            "ledger_nets_to_zero(currencies, amounts_minor)", name=op.f("ck_ledger_transactions_nets_to_zero")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.booking_id"], name=op.f("fk_ledger_transactions_booking_id_bookings")
        ),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint("posting_key", name=op.f("uq_ledger_transactions_posting_key")),
    )
    op.create_index(op.f("ix_ledger_transactions_booking_id"), "ledger_transactions", ["booking_id"], unique=False)
    op.create_table(
        "modifications",
        sa.Column("modification_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("booking_version", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("check_in", sa.Date(), nullable=False),
        sa.Column("check_out", sa.Date(), nullable=False),
        sa.Column("guests", sa.BigInteger(), nullable=False),
        sa.Column("pets", sa.BigInteger(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("charge_lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("charge_total_minor", sa.BigInteger(), nullable=False),
        sa.Column("charge_difference_minor", sa.BigInteger(), nullable=False),
        sa.Column("payment_method", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_because", sa.Text(), nullable=True),
        sa.CheckConstraint("proposed_by IN ('guest','host','platform')", name=op.f("ck_modifications_proposed_by")),
        sa.CheckConstraint(
            "status IN ('proposed','paying','applied','declined','withdrawn','expired','failed')",
            name=op.f("ck_modifications_status"),
        ),
        sa.CheckConstraint("check_in < check_out AND guests >= 1 AND pets >= 0", name=op.f("ck_modifications_stay")),
        sa.CheckConstraint("total_minor >= 0 AND charge_total_minor >= 0", name=op.f("ck_modifications_amounts")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.booking_id"], name=op.f("fk_modifications_booking_id_bookings")
        ),
        sa.PrimaryKeyConstraint("modification_id", name=op.f("pk_modifications")),
    )
    op.create_index(
        "ix_modifications_due",
        "modifications",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'proposed'"),
    )
    op.create_index(
        "ux_modifications_open",
        "modifications",
        ["booking_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('proposed','paying')"),
    )
    op.create_table(
        "payments",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("payment_method", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("processor_id", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("action_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("purpose IN ('booking','modification')", name=op.f("ck_payments_purpose")),
        sa.CheckConstraint(
            "status IN ('new','action_required','authorised','captured','voided','failed')",
            name=op.f("ck_payments_status"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND captured_minor BETWEEN 0 AND amount_minor"
            " AND refunded_minor BETWEEN 0 AND captured_minor",
            name=op.f("ck_payments_amounts"),
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.booking_id"], name=op.f("fk_payments_booking_id_bookings")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payments")),
    )
    op.create_index(op.f("ix_payments_booking_id"), "payments", ["booking_id"], unique=False)
    op.create_index(op.f("ix_payments_processor_id"), "payments", ["processor_id"], unique=False)
    op.create_table(
        "payouts",
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("processor_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('scheduled','paid','failed','withdrawn')", name=op.f("ck_payouts_status")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payouts_amount")),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.booking_id"], name=op.f("fk_payouts_booking_id_bookings")),
        sa.ForeignKeyConstraint(["host_id"], ["users.user_id"], name=op.f("fk_payouts_host_id_users")),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_payouts_booking_id")),
    )
    op.create_index("ix_payouts_due", "payouts", ["due_at"], unique=False, postgresql_where="status = 'scheduled'")
    op.create_table(
        "sagas",
        sa.Column("saga_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('running','compensating','done','compensated','stuck')", name=op.f("ck_sagas_status")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_sagas_attempts")),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.booking_id"], name=op.f("fk_sagas_booking_id_bookings")),
        sa.PrimaryKeyConstraint("saga_id", name=op.f("pk_sagas")),
    )
    op.create_index(op.f("ix_sagas_booking_id"), "sagas", ["booking_id"], unique=False)
    op.create_index(
        "ix_sagas_due",
        "sagas",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('running','compensating','stuck')"),
    )
    op.create_table(
        "refunds",
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("processor_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('new','done','failed')", name=op.f("ck_refunds_status")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.payment_id"], name=op.f("fk_refunds_payment_id_payments")),
        sa.PrimaryKeyConstraint("refund_id", name=op.f("pk_refunds")),
    )
    op.create_index(op.f("ix_refunds_payment_id"), "refunds", ["payment_id"], unique=False)
    op.create_table(
        "saga_steps",
        sa.Column("saga_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('started','done','failed','compensated')", name=op.f("ck_saga_steps_status")),
        sa.ForeignKeyConstraint(["saga_id"], ["sagas.saga_id"], name=op.f("fk_saga_steps_saga_id_sagas")),
        sa.PrimaryKeyConstraint("saga_id", "name", name=op.f("pk_saga_steps")),
    )
    op.add_column("bookings", sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("bookings", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("bookings", sa.Column("pets", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("bookings", sa.Column("charge_currency", sa.CHAR(length=3), nullable=True))
    op.add_column("bookings", sa.Column("charge_lines", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("bookings", sa.Column("charge_total_minor", sa.BigInteger(), nullable=True))
    op.add_column("bookings", sa.Column("exchange_rate", sa.Numeric(), server_default="1", nullable=False))
    op.add_column("bookings", sa.Column("cancellation_policy", sa.Text(), nullable=True))
    op.add_column("bookings", sa.Column("payment_method", sa.Text(), nullable=True))
    op.add_column("bookings", sa.Column("respond_by", sa.DateTime(timezone=True), nullable=True))
    op.add_column("bookings", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("bookings", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("bookings", sa.Column("closed_because", sa.Text(), nullable=True))
    op.add_column("bookings", sa.Column("refund", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_index(
        "ix_bookings_due_requests", "bookings", ["respond_by"], unique=False, postgresql_where="status = 'requested'"
    )
    op.create_index(
        "ix_bookings_to_complete", "bookings", ["ends_at"], unique=False, postgresql_where="status = 'confirmed'"
    )
    op.add_column("calendar_nights", sa.Column("min_stay_through", sa.BigInteger(), nullable=True))
    op.add_column("calendar_nights", sa.Column("max_stay_through", sa.BigInteger(), nullable=True))
    op.add_column("markets", sa.Column("host_fee_bps", sa.BigInteger(), server_default="300", nullable=False))
    op.add_column("markets", sa.Column("grace_hours", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("occupancy", sa.Column("feed_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_occupancy_feed_id", "occupancy", ["feed_id"], unique=False, postgresql_where="feed_id IS NOT NULL"
    )
    op.create_foreign_key(
        op.f("fk_occupancy_feed_id_calendar_feeds"), "occupancy", "calendar_feeds", ["feed_id"], ["feed_id"]
    )
    op.add_column("quotes", sa.Column("pets", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("quotes", sa.Column("charge_currency", sa.CHAR(length=3), nullable=True))
    op.add_column("quotes", sa.Column("charge_lines", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("quotes", sa.Column("charge_total_minor", sa.BigInteger(), nullable=True))
    op.add_column("quotes", sa.Column("exchange_rate", sa.Numeric(), nullable=True))
    op.add_column("quotes", sa.Column("exchange_day", sa.Date(), nullable=True))
    op.add_column("quotes", sa.Column("calendar_version", sa.BigInteger(), nullable=True))
    op.add_column("rate_plans", sa.Column("last_booking_hour", sa.BigInteger(), server_default="24", nullable=False))
    op.add_column("rate_plans", sa.Column("preparation_days", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("rate_plans", sa.Column("booking_window_days", sa.BigInteger(), server_default="365", nullable=False))
    op.add_column("rate_plans", sa.Column("min_gap_nights", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("rate_plans", sa.Column("fills_gaps", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("rate_plans", sa.Column("last_minute_days", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column(
        "rate_plans", sa.Column("last_minute_discount_bps", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("rate_plans", sa.Column("early_bird_days", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column(
        "rate_plans", sa.Column("early_bird_discount_bps", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("rate_plans", sa.Column("max_pets", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("rate_plans", sa.Column("pet_fee_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("rate_plans", sa.Column("check_in_hour", sa.BigInteger(), server_default="15", nullable=False))
    op.add_column("rate_plans", sa.Column("check_out_hour", sa.BigInteger(), server_default="11", nullable=False))
    op.add_column("rate_plans", sa.Column("approval_hours", sa.BigInteger(), server_default="24", nullable=False))
    op.add_column(
        "rate_plans", sa.Column("requires_verified_guest", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column(
        "rate_plans", sa.Column("requires_completed_stays", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("rate_plans", sa.Column("version", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("users", sa.Column("identity_verified", sa.Boolean(), server_default="false", nullable=False))
    op.execute(FILL_QUOTES)
    op.execute(FILL_BOOKINGS)
    for table, columns in FILLED.items():
        for column in columns:
            op.alter_column(table, column, nullable=False)
    op.drop_constraint("ck_bookings_status", "bookings")
    op.create_check_constraint(op.f("ck_bookings_status"), "bookings", BOOKING_STATES)
    for table in ("bookings", "quotes"):
        op.drop_constraint(f"ck_{table}_amounts", table)
        op.create_check_constraint(op.f(f"ck_{table}_amounts"), table, AMOUNTS)
    for table, name, condition in CHECKS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    op.execute(LEDGER_ENTRIES)
    op.execute(BEGIN_JOURNAL)
    for table in APPEND_ONLY_TABLES:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Undo."""
    op.execute("DROP VIEW ledger_entries")
    for table, name, _ in CHECKS:
        op.drop_constraint(f"ck_{table}_{name}", table)
    for table in ("bookings", "quotes"):
        op.drop_constraint(f"ck_{table}_amounts", table)
        op.create_check_constraint(op.f(f"ck_{table}_amounts"), table, FORMER_AMOUNTS)
    op.execute("DELETE FROM bookings WHERE NOT (" + FORMER_STATES + ")")
    op.drop_constraint("ck_bookings_status", "bookings")
    op.create_check_constraint(op.f("ck_bookings_status"), "bookings", FORMER_STATES)
    op.drop_column("users", "identity_verified")
    op.drop_column("rate_plans", "version")
    op.drop_column("rate_plans", "requires_completed_stays")
    op.drop_column("rate_plans", "requires_verified_guest")
    op.drop_column("rate_plans", "approval_hours")
    op.drop_column("rate_plans", "check_out_hour")
    op.drop_column("rate_plans", "check_in_hour")
    op.drop_column("rate_plans", "pet_fee_minor")
    op.drop_column("rate_plans", "max_pets")
    op.drop_column("rate_plans", "early_bird_discount_bps")
    op.drop_column("rate_plans", "early_bird_days")
    op.drop_column("rate_plans", "last_minute_discount_bps")
    op.drop_column("rate_plans", "last_minute_days")
    op.drop_column("rate_plans", "fills_gaps")
    op.drop_column("rate_plans", "min_gap_nights")
    op.drop_column("rate_plans", "booking_window_days")
    op.drop_column("rate_plans", "preparation_days")
    op.drop_column("rate_plans", "last_booking_hour")
    op.drop_column("quotes", "calendar_version")
    op.drop_column("quotes", "exchange_day")
    op.drop_column("quotes", "exchange_rate")
    op.drop_column("quotes", "charge_total_minor")
    op.drop_column("quotes", "charge_lines")
    op.drop_column("quotes", "charge_currency")
    op.drop_column("quotes", "pets")
    op.drop_constraint(op.f("fk_occupancy_feed_id_calendar_feeds"), "occupancy", type_="foreignkey")
    op.drop_index("ix_occupancy_feed_id", table_name="occupancy", postgresql_where="feed_id IS NOT NULL")
    op.drop_column("occupancy", "feed_id")
    op.drop_column("markets", "grace_hours")
    op.drop_column("markets", "host_fee_bps")
    op.drop_column("calendar_nights", "max_stay_through")
    op.drop_column("calendar_nights", "min_stay_through")
    op.drop_index("ix_bookings_to_complete", table_name="bookings", postgresql_where="status = 'confirmed'")
    op.drop_index("ix_bookings_due_requests", table_name="bookings", postgresql_where="status = 'requested'")
    op.drop_column("bookings", "refund")
    op.drop_column("bookings", "closed_because")
    op.drop_column("bookings", "closed_at")
    op.drop_column("bookings", "approved_at")
    op.drop_column("bookings", "respond_by")
    op.drop_column("bookings", "payment_method")
    op.drop_column("bookings", "cancellation_policy")
    op.drop_column("bookings", "exchange_rate")
    op.drop_column("bookings", "charge_total_minor")
    op.drop_column("bookings", "charge_lines")
    op.drop_column("bookings", "charge_currency")
    op.drop_column("bookings", "pets")
    op.drop_column("bookings", "ends_at")
    op.drop_column("bookings", "starts_at")
    op.drop_table("saga_steps")
    op.drop_index(op.f("ix_refunds_payment_id"), table_name="refunds")
    op.drop_table("refunds")
    op.drop_index(
        "ix_sagas_due", table_name="sagas", postgresql_where=sa.text("status IN ('running','compensating','stuck')")
    )
    op.drop_index(op.f("ix_sagas_booking_id"), table_name="sagas")
    op.drop_table("sagas")
    op.drop_index("ix_payouts_due", table_name="payouts", postgresql_where="status = 'scheduled'")
    op.drop_table("payouts")
    op.drop_index(op.f("ix_payments_processor_id"), table_name="payments")
    op.drop_index(op.f("ix_payments_booking_id"), table_name="payments")
    op.drop_table("payments")
    op.drop_index(
        "ux_modifications_open", table_name="modifications", postgresql_where=sa.text("status IN ('proposed','paying')")
    )
    op.drop_index("ix_modifications_due", table_name="modifications", postgresql_where=sa.text("status = 'proposed'"))
    op.drop_table("modifications")
    op.drop_index(op.f("ix_ledger_transactions_booking_id"), table_name="ledger_transactions")
    op.drop_table("ledger_transactions")
    op.drop_index(op.f("ix_booking_events_occurred_at"), table_name="booking_events")
    op.drop_table("booking_events")
    op.drop_table("feed_events")
    op.drop_index(op.f("ix_feed_tokens_listing_id"), table_name="feed_tokens")
    op.drop_table("feed_tokens")
    op.drop_index(op.f("ix_calendar_feeds_listing_id"), table_name="calendar_feeds")
    op.drop_index("ix_calendar_feeds_due", table_name="calendar_feeds", postgresql_where="status <> 'paused'")
    op.drop_table("calendar_feeds")
    op.drop_index(
        "ix_webhook_messages_waiting", table_name="webhook_messages", postgresql_where="status IN ('new','parked')"
    )
    op.drop_index(op.f("ix_webhook_messages_object_id"), table_name="webhook_messages")
    op.drop_table("webhook_messages")
    op.execute("DROP FUNCTION refuse_change")
    op.execute("DROP FUNCTION ledger_nets_to_zero")
