"""What goes wrong by chance: a seed and the number of a call decide, so that a seed replays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from simulation.processor.methods import Mishap

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=3600)]


class FaultPolicy(BaseModel):
    """How often each fault comes (0 never, 1 always), and how long what takes time takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decline: Share = 0
    refund_decline: Share = 0
    payout_decline: Share = 0
    timeout_before: Share = Field(0, description="No answer, and nothing was done.")
    timeout_after: Share = Field(0, description="No answer, and it was done.")
    error: Share = Field(0, description="Status 500, and nothing was done.")
    slow: Share = 0
    webhook_duplicate: Share = 0
    webhook_delay: Share = Field(0, description="Sent late, and so after those that came later.")
    webhook_drop: Share = Field(0, description="The first attempt is lost; it is sent again.")

    hang_seconds: Seconds = Field(30, description="How long a call that gets no answer is kept waiting.")
    slow_seconds: Seconds = 3
    late_seconds: Seconds = Field(5, description="When a late success happens.")
    webhook_delay_seconds: Seconds = Field(5, description="The longest that a delayed message is late.")


@dataclass(frozen=True, slots=True)
class Luck:
    """Draws of one call or one message: the same seed and number have the same."""

    seed: int
    of: str

    def draw(self, fault: str) -> float:
        """A number of [0, 1)."""
        digest = hashlib.sha256(f"{self.seed}:{self.of}:{fault}".encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64

    def has(self, fault: str, share: float) -> bool:
        """Whether a fault that comes so often comes now."""
        return self.draw(fault) < share


@dataclass(frozen=True, slots=True)
class Fate:
    """What goes wrong with one call.

    Attributes
    ----------
    unheard, broken
        Nothing is done: no answer, or status 500.
    after
        What goes wrong with the answer once it is done.
    """

    unheard: bool
    broken: bool
    declined: bool
    after: Mishap | None


def fate_of(policy: FaultPolicy, luck: Luck, *, decline: float) -> Fate:
    """Draw what goes wrong with a call whose operation is declined so often."""
    after = None
    if luck.has("timeout_after", policy.timeout_after):
        after = Mishap.TIMEOUT_AFTER
    elif luck.has("slow", policy.slow):
        after = Mishap.SLOW
    return Fate(
        unheard=luck.has("timeout_before", policy.timeout_before),
        broken=luck.has("error", policy.error),
        declined=luck.has("decline", decline),
        after=after,
    )


@dataclass(frozen=True, slots=True)
class Sending:
    """How a message is sent: seconds until each of its deliveries, and how many attempts each has lost already."""

    after_seconds: float
    lost: int


def sendings_of(policy: FaultPolicy, luck: Luck) -> list[Sending]:
    """Draw how a message is sent: once or twice, at once or late, its first attempt lost or not."""
    late = luck.draw("lateness") * policy.webhook_delay_seconds if luck.has("delay", policy.webhook_delay) else 0.0
    lost = int(luck.has("drop", policy.webhook_drop))
    sendings = [Sending(late + backoff_seconds(lost) if lost else late, lost)]
    if luck.has("duplicate", policy.webhook_duplicate):
        sendings.append(Sending(luck.draw("again") * policy.webhook_delay_seconds, 0))
    return sendings


def backoff_seconds(attempts: int) -> float:
    """How long a message waits after so many attempts that were not answered with success."""
    return float(min(60.0, 0.1 * 2**attempts))
