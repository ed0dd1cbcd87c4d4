"""Cancellation policies: what a listing may promise, and the words that mean each."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class CancellationPolicy(StrEnum):
    """How late a guest may cancel for nothing, from the kindest on."""

    FLEXIBLE = "flexible"
    MODERATE = "moderate"
    STRICT = "strict"


DEFAULT_POLICY: Final = CancellationPolicy.MODERATE
"""Where a source says nothing."""


def cancellation_policy(phrase: str | None) -> CancellationPolicy:
    """Read a source's phrase ("strict_14_with_grace_period", "super_strict_60", "flexible")."""
    words = (phrase or "").lower()
    return next(
        (policy for policy in (CancellationPolicy.STRICT, *CancellationPolicy) if policy in words), DEFAULT_POLICY
    )
