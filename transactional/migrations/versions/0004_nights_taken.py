"""Nights that are taken are found by their index, before the lock as well; a ledger transaction is summed in a loop.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Nearly every transaction is in one currency: its sum needs no query, which each insert would have to set up anew.
NETS_TO_ZERO = """
CREATE OR REPLACE FUNCTION ledger_nets_to_zero(currencies text[], amounts bigint[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    amount bigint;
    total numeric := 0;
BEGIN
    IF currencies[1] = ALL (currencies) AND cardinality(currencies) = cardinality(amounts) THEN
        FOREACH amount IN ARRAY amounts LOOP
            total := total + amount;
        END LOOP;
        RETURN total IS NOT DISTINCT FROM 0;
    END IF;
    RETURN NOT EXISTS (
        SELECT FROM unnest(currencies, amounts) AS entry (currency, amount)
        GROUP BY entry.currency HAVING sum(entry.amount) <> 0
    );
END
$$
"""
# `spans` of the wanted nights that somebody has, null where nobody does. A due hold has to be expired, and a
# refusal for preparation to be explained: `is_for_rules`, so not by who asks this.
NIGHTS_TAKEN = """
CREATE OR REPLACE FUNCTION nights_taken(
    wanted_listing bigint, arrival date, departure date, preparation bigint, present timestamptz
) RETURNS TABLE (is_for_rules boolean, spans jsonb) LANGUAGE sql STABLE AS $$
    SELECT bool_or(expires_at <= present) OR preparation > 0,
           jsonb_agg(jsonb_build_array(greatest(lower(stay), arrival), least(upper(stay), departure)))
    FROM occupancy
    WHERE listing_id = wanted_listing AND is_live
      AND stay && daterange(arrival - preparation::integer, departure + preparation::integer)
$$
"""
# As before (0003), but for how it finds the nights that are taken.
BOOK_QUOTE = r"""
CREATE OR REPLACE FUNCTION book_quote(
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

    SELECT * INTO known FROM nights_taken(listing, arrival, departure, preparation, present);
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
    for statement in (NETS_TO_ZERO, NIGHTS_TAKEN, BOOK_QUOTE):
        op.execute(statement)


def downgrade() -> None:
    """Undo."""
    former = import_module("transactional.migrations.versions.0003_book_quote").BOOK_QUOTE
    summed = import_module("transactional.migrations.versions.0002_booking_core").NETS_TO_ZERO
    for statement in (former, summed):
        op.execute(statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.execute("DROP FUNCTION nights_taken")
