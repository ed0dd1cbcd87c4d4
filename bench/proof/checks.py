"""What must hold once a history is closed, asked of the tables that it left.

Each check is a query over all listings of a range of histories, so that it costs little a history. None of
them uses what the services use to keep the promise: an overlap is looked for by joining nights with nights,
not by trusting the constraint.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from bench.proof.books import Books, Charged
from bench.proof.log import Entry
from bench.proof.plan import LISTINGS, seed_of
from transactional.bookings.records import COLUMNS, BookingRecord
from transactional.journal.errors import JournalBroken
from transactional.journal.projections import nights_expected
from transactional.journal.rules import Event, replay, verify_chain


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken.

    Attributes
    ----------
    seed
        Of the history, to be replayed.
    """

    rule: str
    seed: int
    what: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Some closed histories: the seeds from `first` up to, and without, `last`, and what was said of them."""

    connection: psycopg.Connection[Any]
    books: Books
    first: int
    last: int
    entries: Sequence[Entry] = field(default_factory=list)

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """Answer of a query; `%(first)s` and `%(last)s` are listings, half-open."""
        span = {"first": self.first * LISTINGS, "last": self.last * LISTINGS}
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, span | values).fetchall()


Check = Callable[[Evidence], Iterator[Violation]]

_SHARED = """
    SELECT a.listing_id, a.stay AS one, b.stay AS other, a.kind AS one_kind, b.kind AS other_kind
    FROM occupancy a JOIN occupancy b ON a.listing_id = b.listing_id AND a.occupancy_id < b.occupancy_id
     AND lower(a.stay) < upper(b.stay) AND lower(b.stay) < upper(a.stay)
    WHERE a.is_live AND b.is_live AND a.listing_id >= %(first)s AND a.listing_id < %(last)s
"""
# The same of the bookings themselves, whatever occupancy says.
_SHARED_BOOKINGS = """
    SELECT a.listing_id, a.reference AS one, b.reference AS other
    FROM bookings a JOIN bookings b ON a.listing_id = b.listing_id AND a.booking_id < b.booking_id
     AND a.check_in < b.check_out AND b.check_in < a.check_out
    WHERE a.status IN ('held','confirmed','completed','no_show')
      AND b.status IN ('held','confirmed','completed','no_show')
      AND a.listing_id >= %(first)s AND a.listing_id < %(last)s
"""
_LOST = """
    SELECT said.seed, said.booking_id, said.seq
    FROM unnest(%(seeds)s::bigint[], %(booking_ids)s::uuid[], %(seqs)s::bigint[]) AS said (seed, booking_id, seq)
    LEFT JOIN booking_events e ON e.booking_id = said.booking_id AND e.seq = said.seq
    LEFT JOIN bookings b ON b.booking_id = said.booking_id AND b.version >= said.seq
    WHERE e.seq IS NULL OR b.booking_id IS NULL
"""
_ROWS: Final = {
    "saga": "SELECT saga_id AS key FROM sagas WHERE saga_id = ANY(%(keys)s)",
    "modification": "SELECT modification_id AS key FROM modifications WHERE modification_id = ANY(%(keys)s)",
}
_BOOKINGS = f"""
    SELECT {", ".join(COLUMNS)} FROM bookings WHERE listing_id >= %(first)s AND listing_id < %(last)s
"""
_EVENTS = """
    SELECT e.booking_id, seq, kind, occurred_at, actor_id, side, cause, body, previous_hash, hash
    FROM booking_events e JOIN bookings USING (booking_id)
    WHERE listing_id >= %(first)s AND listing_id < %(last)s
    ORDER BY booking_id, seq
"""
_NIGHTS = """
    SELECT booking_id, kind, lower(stay) AS check_in, upper(stay) AS check_out, expires_at
    FROM occupancy
    WHERE kind IN ('hold','booking') AND is_live AND listing_id >= %(first)s AND listing_id < %(last)s
"""
_UNFINISHED = """
    SELECT listing_id, saga_id, kind, sagas.status, step, error FROM sagas JOIN bookings USING (booking_id)
    WHERE sagas.status NOT IN ('done','compensated') AND listing_id >= %(first)s AND listing_id < %(last)s
"""
_UNBALANCED = """
    SELECT listing_id, posting_key, entry.currency, sum(minor) AS minor
    FROM ledger_transactions JOIN bookings USING (booking_id)
    CROSS JOIN LATERAL unnest(currencies, amounts_minor) AS entry (currency, minor)
    WHERE listing_id >= %(first)s AND listing_id < %(last)s
    GROUP BY listing_id, transaction_id, posting_key, entry.currency HAVING sum(minor) <> 0
"""
_OWED = """
    SELECT listing_id, reference, status, entry.currency, sum(minor) AS minor
    FROM ledger_transactions JOIN bookings USING (booking_id)
    CROSS JOIN LATERAL unnest(accounts, currencies, amounts_minor) AS entry (account, currency, minor)
    WHERE listing_id >= %(first)s AND listing_id < %(last)s AND account = 'guest_receivable'
    GROUP BY bookings.booking_id, entry.currency HAVING sum(minor) <> 0
"""
# What a booking's guest must have paid in the end: where its payment came to its end, the price without
# what a cancellation gives back; where it did not, nothing, and then no stay stands.
_PAID = """
    SELECT listing_id, booking_id, reference, status, charge_currency,
           CASE WHEN is_paid THEN charge_total_minor - coalesce((
                    SELECT sum((line->>'minor')::bigint) FROM jsonb_array_elements(refund->'lines') AS line), 0)
                ELSE 0 END AS due_minor,
           status = 'confirmed' AND NOT is_paid AS stands_unpaid,
           captured, net_minor, paid_out_minor
    FROM bookings CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE captured_minor > 0) AS captured,
               coalesce(sum(captured_minor - refunded_minor), 0) AS net_minor
        FROM payments WHERE payments.booking_id = bookings.booking_id
    ) ours CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount_minor), 0) AS paid_out_minor
        FROM payouts WHERE payouts.booking_id = bookings.booking_id AND payouts.status = 'paid'
    ) hosts CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM sagas
            WHERE sagas.booking_id = bookings.booking_id AND kind = 'payment' AND sagas.status = 'done'
        ) AS is_paid
    ) saga
    WHERE listing_id >= %(first)s AND listing_id < %(last)s
"""


def nights_shared(evidence: Evidence) -> Iterator[Violation]:
    """No two live stays share a night."""
    for row in evidence.rows(_SHARED) + evidence.rows(_SHARED_BOOKINGS):
        what = f"listing {row['listing_id']}: {row['one']} and {row['other']} share a night"
        yield Violation("no two live stays share a night", seed_of(row["listing_id"]), what)


def answers_lost(evidence: Evidence) -> Iterator[Violation]:
    """What an answer has promised is there."""
    said = [
        (entry.seed, UUID(each.key), each.number)
        for entry in evidence.entries
        for each in entry.acknowledged
        if each.what == "booking"
    ]
    seeds, booking_ids, seqs = zip(*said, strict=True) if said else ((), (), ())
    rows = evidence.rows(_LOST, seeds=list(seeds), booking_ids=list(booking_ids), seqs=list(seqs))
    for row in rows:
        what = f"booking {row['booking_id']}: its change {row['seq']} was acknowledged and is not there"
        yield Violation("no acknowledged booking is lost", row["seed"], what)


def rows_lost(evidence: Evidence) -> Iterator[Violation]:
    """Sagas and modifications that an answer has named are there."""
    for what, query in _ROWS.items():
        said = {UUID(each.key): entry for entry in evidence.entries for each in entry.acknowledged if each.what == what}
        there = {row["key"] for row in evidence.rows(query, keys=list(said))}
        for key in said.keys() - there:
            yield Violation("no acknowledged booking is lost", said[key].seed, f"{what} {key} was acknowledged")


def faults(evidence: Evidence) -> Iterator[Violation]:
    """Nothing but a refusal with a name comes out of an operation."""
    for entry in evidence.entries:
        if entry.outcome == "fault":
            what = f"{entry.operation}, lane {entry.lane}, step {entry.step}: {entry.because}"
            yield Violation("every refusal has a name", entry.seed, what)


def replay_differs(evidence: Evidence) -> Iterator[Violation]:
    """The journal's chain holds, and its replay equals `bookings` and `occupancy`."""
    events: dict[UUID, list[Event]] = defaultdict(list)
    for row in evidence.rows(_EVENTS):
        events[row["booking_id"]].append(Event(**row))
    nights: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    for row in evidence.rows(_NIGHTS):
        nights[row.pop("booking_id")].append(tuple(row.values()))
    for row in evidence.rows(_BOOKINGS):
        stored = BookingRecord(**row)
        for what in _differences(stored, events[stored.booking_id], nights[stored.booking_id]):
            yield Violation("replay equals the tables", seed_of(stored.listing_id), f"{stored.reference}: {what}")


def _differences(stored: BookingRecord, events: Sequence[Event], nights: Sequence[tuple[Any, ...]]) -> Iterator[str]:
    try:
        verify_chain(stored.booking_id, events)
    except JournalBroken as broken:
        yield broken.detail
        return
    replayed = replay(events)
    for name in COLUMNS:
        if getattr(stored, name) != getattr(replayed, name):
            yield f"{name} is {getattr(stored, name)!r}, its events say {getattr(replayed, name)!r}"
    expected = nights_expected(replayed)
    if list(nights) != ([] if expected is None else [expected]):
        yield f"it has the nights {nights!r}, its events say {expected!r}"


def sagas_unfinished(evidence: Evidence) -> Iterator[Violation]:
    """Every saga is over once the processor answers again."""
    for row in evidence.rows(_UNFINISHED):
        what = f"{row['kind']} {row['saga_id']} is {row['status']} at {row['step']}: {row['error']}"
        yield Violation("every saga is over within a minute", seed_of(row["listing_id"]), what)


def ledger_unbalanced(evidence: Evidence) -> Iterator[Violation]:
    """Every transaction nets to zero in every currency, and whose booking is settled owes nothing."""
    for row in evidence.rows(_UNBALANCED):
        what = f"{row['posting_key']} leaves {row['minor']} {row['currency']}"
        yield Violation("every ledger transaction nets to zero", seed_of(row["listing_id"]), what)
    for row in evidence.rows(_OWED):
        what = f"{row['reference']} ({row['status']}): its guest is left with {row['minor']} {row['currency']}"
        yield Violation("a guest owes nothing and is owed nothing", seed_of(row["listing_id"]), what)


def charged_wrongly(evidence: Evidence) -> Iterator[Violation]:
    """The processor has taken what each booking costs, once, and says the same as our payments."""
    for row in evidence.rows(_PAID):
        charged = evidence.books.charged(str(row["booking_id"]))
        for what in _contradictions(row, charged):
            yield Violation("nothing is charged twice", seed_of(row["listing_id"]), f"{row['reference']}: {what}")


def _contradictions(row: Mapping[str, Any], charged: Charged) -> Iterator[str]:
    if charged.twice:
        yield f"captured {charged.captures} times for {row['captured']} payments"
    if charged.net_minor != row["due_minor"]:
        yield f"{row['status']}, {charged.net_minor} {row['charge_currency']} charged, {row['due_minor']} due"
    if row["stands_unpaid"]:
        yield "it is confirmed and no payment of it came to its end"
    if charged.net_minor != row["net_minor"]:
        yield f"the processor says {charged.net_minor}, our payments {row['net_minor']}"
    if charged.reserved_minor:
        yield f"{charged.reserved_minor} stay reserved"
    if charged.paid_out_minor != row["paid_out_minor"]:
        yield f"the processor paid out {charged.paid_out_minor}, our payouts say {row['paid_out_minor']}"


CHECKS: Final[tuple[Check, ...]] = (
    nights_shared,
    answers_lost,
    rows_lost,
    faults,
    replay_differs,
    sagas_unfinished,
    ledger_unbalanced,
    charged_wrongly,
)


def violations(evidence: Evidence) -> list[Violation]:
    """Every broken promise of some closed histories."""
    return [violation for check in CHECKS for violation in check(evidence)]
