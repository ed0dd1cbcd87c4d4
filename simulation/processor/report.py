"""Who was charged what: for proofs that nobody was charged twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from simulation.processor.methods import Status
from simulation.processor.objects import Authorisation, Payout, Refund
from simulation.processor.store import Store


def report(store: Store, reference: str) -> dict[str, Any]:
    """Everything under a reference, and its sums by currency."""
    authorisations = store.select(Authorisation, "reference = ?", reference)
    numbers = [each.id for each in authorisations]
    marks = ", ".join("?" * len(numbers))
    refunds = store.select(Refund, f"authorisation_id IN ({marks})", *numbers)
    payouts = store.select(Payout, "reference = ?", reference)
    by_number = {each.id: each for each in authorisations}
    return {
        "reference": reference,
        **_sums(authorisations, payouts),
        "authorisations": [each.as_json() for each in authorisations],
        "refunds": [each.as_json(by_number[each.authorisation_id]) for each in refunds],
        "payouts": [each.as_json() for each in payouts],
    }


def report_all(store: Store) -> dict[str, Any]:
    """Sums over everything, and the references under which money was taken more than once.

    More than one capture is a question, not an answer: a change of what was bought may have a payment of its own.
    """
    authorisations = store.select(Authorisation, "true")
    captures = Counter(each.reference for each in authorisations if each.captured_minor)
    return {
        **_sums(authorisations, store.select(Payout, "true")),
        "captured_more_than_once": {reference: count for reference, count in captures.items() if count > 1},
        "undelivered": store.undelivered(),
    }


def _sums(authorisations: list[Authorisation], payouts: list[Payout]) -> dict[str, Any]:
    captured: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    reserved: Counter[str] = Counter()
    paid_out: Counter[str] = Counter()
    for each in authorisations:
        captured[each.currency] += each.captured_minor
        refunded[each.currency] += each.refunded_minor
        if each.status == Status.AUTHORISED:
            reserved[each.currency] += each.amount_minor
    for payout in payouts:
        if payout.status == "paid":
            paid_out[payout.currency] += payout.amount_minor
    return {
        "captures": sum(each.captured_minor > 0 for each in authorisations),
        "captured_minor": dict(captured),
        "refunded_minor": dict(refunded),
        "reserved_minor": dict(reserved),
        "paid_out_minor": dict(paid_out),
    }
