"""What a gate says: whether a challenger takes over, and why in sentences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """A gate's word.

    Attributes
    ----------
    promote
        The challenger becomes the champion.
    reasons
        One sentence for each comparison, in the order made; the ones that decided are among them.
    """

    promote: bool
    reasons: tuple[str, ...]
