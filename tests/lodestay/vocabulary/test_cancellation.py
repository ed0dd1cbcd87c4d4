"""Cancellation policies: phrases of sources, stays that are long, and the documentation's table."""

from __future__ import annotations

import pytest

from lodestay.settings import PROJECT_ROOT
from lodestay.vocabulary.cancellation import CancellationPolicy, cancellation_policy, policy_of_stay, terms_table


@pytest.mark.parametrize(
    ("phrase", "policy"),
    [
        ("strict_14_with_grace_period", CancellationPolicy.STRICT),
        ("Super Strict 60 Days", CancellationPolicy.STRICT),
        ("flexible", CancellationPolicy.FLEXIBLE),
        ("Firm", CancellationPolicy.FIRM),
        ("non-refundable", CancellationPolicy.NON_REFUNDABLE),
        ("no_refunds", CancellationPolicy.NON_REFUNDABLE),
        ("long_term", CancellationPolicy.LONG_STAY),
        ("who knows", CancellationPolicy.MODERATE),
    ],
)
def test_phrases_are_read(phrase: str, policy: CancellationPolicy) -> None:
    """Sources spell a policy in several ways; what none of them means is moderate."""
    assert cancellation_policy(phrase) is policy


def test_four_weeks_are_a_long_stay() -> None:
    """From 28 nights on a stay has the policy for long stays, in whatever listing."""
    assert policy_of_stay(CancellationPolicy.FLEXIBLE, 27) is CancellationPolicy.FLEXIBLE
    assert policy_of_stay(CancellationPolicy.FLEXIBLE, 28) is CancellationPolicy.LONG_STAY


def test_documentation_shows_the_terms() -> None:
    """The table in the documentation is the one that the data makes."""
    assert terms_table() in (PROJECT_ROOT / "docs" / "cancellation.md").read_text(encoding="utf-8")
