"""Write, audit, publish: what a job wrote waits until it was held against its contract, and only then is read.

What a job made is published whole or not at all: its tables speak of one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lodestay.lake import Dataset
from pipelines.checks.contracts import has_contract
from pipelines.checks.validate import Verdict, validate
from pipelines.errors import RowsRefused
from pipelines.writing import REFUSED, Waiting, publish


@dataclass(frozen=True)
class Settled:
    """What became of what a job wrote.

    Attributes
    ----------
    verdicts
        Of each dataset that has a contract.
    refusal
        None where everything was published.
    """

    verdicts: dict[Dataset, Verdict]
    refusal: RowsRefused | None


def settle(waiting: Sequence[Waiting], lake: str) -> Settled:
    """Publish all that waits if all of it holds, else set it aside in :data:`pipelines.writing.REFUSED`."""
    verdicts = {
        one.dataset: validate(one.dataset, one.incoming, one.partitions)
        for one in waiting
        if has_contract(one.dataset) and one.partitions
    }
    broken = {dataset: verdict for dataset, verdict in verdicts.items() if not verdict.passed}
    for one in waiting:
        publish(one, f"{lake}/{REFUSED}" if broken else lake)
    return Settled(verdicts, _refusal(broken, lake) if broken else None)


def _refusal(broken: dict[Dataset, Verdict], lake: str) -> RowsRefused:
    said = "; ".join(
        f"{dataset.layer}/{dataset.name}: {', '.join(verdict.failures)}" for dataset, verdict in broken.items()
    )
    return RowsRefused(
        f"New rows break their contract: {said}.",
        hint=f"What was there is still read, the new rows lie in {lake}/{REFUSED}: mend their source and run again.",
    )
