"""How far each history is, in memory that all workers share and that outlives every one of them.

A file mapped by several processes: what a worker has written there is there after `kill -9`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.proof.plan import LANES, STEPS


@dataclass(frozen=True)
class Marks:
    """Counters by history: its place in the run, not its seed.

    Attributes
    ----------
    steps
        Next step of each lane; a lane is over at :data:`~bench.proof.plan.STEPS`.
    closed
        Whether everything that a history began has come to its end.
    started
        By worker: histories it has begun.
    """

    steps: npt.NDArray[np.uint8]
    closed: npt.NDArray[np.uint8]
    started: npt.NDArray[np.int64]

    @classmethod
    def create(cls, path: Path, *, histories: int, workers: int) -> Marks:
        """Make the file, all at the beginning."""
        path.write_bytes(bytes(8 * workers + histories * (LANES + 1)))
        return cls.open(path, histories=histories, workers=workers)

    @classmethod
    def open(cls, path: Path, *, histories: int, workers: int) -> Marks:
        """Map the file into memory."""
        counts = 8 * workers
        return cls(
            steps=np.memmap(path, np.uint8, "r+", counts + histories, (LANES, histories)),
            closed=np.memmap(path, np.uint8, "r+", counts, (histories,)),
            started=np.memmap(path, np.int64, "r+", 0, (workers,)),
        )

    def is_over(self, history: int) -> bool:
        """Whether all lanes of a history are over."""
        return bool((self.steps[:, history] >= STEPS).all())

    @property
    def closed_in_order(self) -> int:
        """Histories that are closed, up to the first that is not."""
        still_open = np.flatnonzero(self.closed == 0)
        return int(still_open[0]) if still_open.size else len(self.closed)
