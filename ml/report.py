"""What a training run hands back: to Dagster's metadata, the command line and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ml.gate import Decision


@dataclass(frozen=True)
class TrainingReport:
    """A trained, logged and judged model.

    Attributes
    ----------
    model, version
        Registered name and the version that was logged.
    decision
        The gate's word; the aliases are moved already.
    metrics
        What was logged to MLflow.
    rows
        Rows it was trained on.
    card
        The model card, Markdown.
    """

    model: str
    version: int
    decision: Decision
    metrics: Mapping[str, float]
    rows: int
    card: str


@dataclass(frozen=True)
class Skipped:
    """A model that was not trained, and why in a sentence; its champion, if it has one, stays."""

    model: str
    reason: str


def trees_in_words(rounds: int, leaves: int, learning_rate: float) -> str:
    """How a model's trees were grown, and how little was tuned."""
    return (
        f"{rounds} trees of at most {leaves} leaves, learning rate {learning_rate:g}; all parameters are in MLflow. "
        "They are set in the code, once for every market and day: none was searched for on this data, and a search may "
        "well find better ones."
    )


def verdict(decision: Decision) -> str:
    """What the gate said, as a section of a card."""
    word = (
        "**Promoted**: it is the champion." if decision.promote else "**Refused**: what served before goes on serving."
    )
    return "\n".join(("## The gate", "", word, "", *(f"- {reason}" for reason in decision.reasons)))


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Only the metrics that are numbers: one that nothing could be counted for is left out."""
    return {name: value for name, value in metrics.items() if np.isfinite(value)}


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
