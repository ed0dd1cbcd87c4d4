"""A quote booked in one statement: the function `book_quote`.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What a booking is reckoned with, beside its quote.
BOOKING_PLACES = """
CREATE VIEW booking_places AS
SELECT listing_id, market_key, timezone, host_id, is_active, instant_book, cancellation_policy, check_in_hour,
       check_out_hour, approval_hours, requires_verified_guest, requires_completed_stays, preparation_days,
       min_gap_nights, fills_gaps, rate_plans.version AS calendar_version, host_fee_bps
FROM listings JOIN markets USING (market_key) JOIN rate_plans USING (listing_id)
"""
# The function guards and writes; what it writes was reckoned by the caller (transactional.bookings.composition),
# with the same functions as in a transaction of many statements. It answers `ask` wherever those have to
# decide: it has then written nothing.
#
#   call    actor, method, route, key, body_hash, lock_name: see transactional.kit.idempotency
#   answer  status and body, remembered under the call's key
#   seen    row of booking_places that the caller reckoned with: none of it may have changed
#   at      the caller's clock; `until`: when quote or receipt end
#   event   body of the journal's first event, whose data is the row of `bookings`
#   rows    of the other tables: outbox, posting, payment, saga
BOOK_QUOTE = r"""
CREATE FUNCTION book_quote(
    call jsonb, answer jsonb, seen jsonb, at timestamptz, until timestamptz, event text, rows jsonb,
    OUT outcome text, OUT detail jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    told CONSTANT jsonb := event;
    data CONSTANT jsonb := (told -> 'data') || '{"version": 1}';
    booking CONSTANT uuid := data ->> 'booking_id';
    quote CONSTANT uuid := data ->> 'quote_id';
    listing CONSTANT bigint := data -> 'listing_id';
    arrival CONSTANT date := data ->> 'check_in';
    departure CONSTANT date := data ->> 'check_out';
    preparation CONSTANT integer := seen -> 'preparation_days';
    is_claimed CONSTANT boolean := pg_try_advisory_xact_lock(hashtextextended(call ->> 'lock_name', 0));
    known record;
    facts jsonb;
    present timestamptz;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'book_quote needs READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
    END IF;

    SELECT body_hash, status, response INTO known FROM idempotency_keys
    WHERE actor = call ->> 'actor' AND method = call ->> 'method' AND route = call ->> 'route' AND key = call ->> 'key';
    IF FOUND THEN
        outcome := CASE WHEN known.body_hash = call ->> 'body_hash' THEN 'replayed' ELSE 'key_reused' END;
        detail := jsonb_build_object('status', known.status, 'body', known.response);
        RETURN;
    ELSIF NOT is_claimed THEN
        outcome := 'key_in_flight';
        RETURN;
    END IF;

    PERFORM FROM listings WHERE listing_id = listing FOR NO KEY UPDATE;
    -- Each statement from here on sees what whoever held the lock before has committed. The caller's clock
    -- has gone on while this waited.
    present := at + (clock_timestamp() - statement_timestamp());

    SELECT to_jsonb(place) INTO facts FROM booking_places place WHERE listing_id = listing;
    IF facts IS DISTINCT FROM seen OR present >= until
        OR EXISTS (
            SELECT FROM bookings
            WHERE listing_id = listing AND status = 'requested' AND check_in < departure AND check_out > arrival
        )
    THEN
        outcome := 'ask';
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM bookings WHERE quote_id = quote) THEN
        outcome := 'quote_booked';
        RETURN;
    END IF;

    -- A due hold has to be expired, and a refusal for preparation to be explained: not here.
    SELECT bool_or(expires_at <= present) OR preparation > 0 AS is_for_rules,
           jsonb_agg(jsonb_build_array(greatest(lower(stay), arrival), least(upper(stay), departure))) AS spans
    INTO known FROM occupancy
    WHERE listing_id = listing AND is_live
      AND lower(stay) < departure + preparation AND upper(stay) > arrival - preparation;
    IF known.spans IS NOT NULL THEN
        outcome := CASE WHEN known.is_for_rules THEN 'ask' ELSE 'nights_taken' END;
        detail := known.spans;
        RETURN;
    END IF;

    INSERT INTO bookings SELECT * FROM jsonb_populate_record(NULL::bookings, data);
    INSERT INTO occupancy (listing_id, stay, kind, booking_id, created_at)
    VALUES (listing, daterange(arrival, departure), 'booking', booking, at);
    INSERT INTO booking_events
        (booking_id, seq, kind, occurred_at, actor_id, side, cause, body, previous_hash, hash)
    VALUES (booking, 1, told ->> 'kind', at, (told ->> 'actor_id')::uuid, told ->> 'side', told ->> 'cause', event, '',
            sha256(int8send(1) || convert_to(event, 'UTF8')));
    INSERT INTO ledger_transactions (posting_key, kind, booking_id, occurred_at, accounts, currencies, amounts_minor)
    SELECT posting_key, kind, booking, at, accounts, currencies, amounts_minor
    FROM jsonb_populate_record(NULL::ledger_transactions, rows -> 'posting');
    INSERT INTO payments SELECT * FROM jsonb_populate_record(NULL::payments, rows -> 'payment');
    INSERT INTO sagas SELECT * FROM jsonb_populate_record(NULL::sagas, rows -> 'saga');
    INSERT INTO outbox (topic, market_key, listing_id, payload)
    VALUES (rows ->> 'topic', seen ->> 'market_key', listing, rows -> 'payload');
    INSERT INTO idempotency_keys (actor, method, route, key, body_hash, status, response, created_at)
    VALUES (call ->> 'actor', call ->> 'method', call ->> 'route', call ->> 'key', call ->> 'body_hash',
            (answer -> 'status')::bigint, answer -> 'body', at);
    outcome := 'booked';
END
$$
"""


def upgrade() -> None:
    """Apply."""
    op.execute(BOOKING_PLACES)
    op.execute(BOOK_QUOTE)


def downgrade() -> None:
    """Undo."""
    op.execute("DROP FUNCTION book_quote")
    op.execute("DROP VIEW booking_places")
