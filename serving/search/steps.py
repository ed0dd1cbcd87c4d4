"""Does the steps of one search: each in its time, behind its breaker, and told to the metrics."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import structlog

from lodestay.crowding import TooBusy
from lodestay.errors import InvalidInput, ServiceUnavailable
from search.errors import SearchUnavailable
from serving.observability.metrics import Metrics
from serving.search.budget import Budget, Step, within
from serving.search.guards import Guards

T = TypeVar("T")

LATE, BUSY, SHUT, FAILED = "late", "busy", "shut", "failed"
"""Why a step gave nothing."""
_SAID: Final[Mapping[str, str]] = {
    LATE: "gave no answer in time",
    BUSY: "has too much to do",
    SHUT: "gave no answer again and again and is left alone for a moment",
    FAILED: "gave no answer",
}
"""The same in words for the guest."""

log = structlog.get_logger(__name__)


def told(who: str, effect: str) -> dict[str, str]:
    """Say for each reason why a step may give nothing what the guest is told: who gave nothing and why, and its effect.

    Guests and operators do different things about an index that is late and one that is down.
    """
    return {why: f"{who} {said}: {effect}" for why, said in _SAID.items()}


class Steps:
    """The steps of one search.

    Attributes
    ----------
    missing
        What had to be left out, in words for the guest.
    took
        Milliseconds of each step that was begun.
    why
        Why a step gave nothing, of each that did not.
    """

    def __init__(self, guards: Guards, metrics: Metrics, budget: Budget) -> None:
        self._guards = guards
        self._metrics = metrics
        self._budget = budget
        self.missing: list[str] = []
        self.took: dict[str, float] = {}
        self.why: dict[str, str] = {}

    def left(self, step: Step) -> float:
        """Seconds that a step may take from now on."""
        return self._budget.left(step)

    async def attempt(
        self, step: Step, work: Callable[[], Coroutine[Any, Any, T]], *, system: str | None = None
    ) -> T | None:
        """Do a step that there is another way around; None where it gives nothing in its time.

        Parameters
        ----------
        system
            The service that it asks (:meth:`serving.observability.metrics.Metrics.step`).

        Raises
        ------
        InvalidInput
            The search cannot be answered as asked, by nobody.
        """
        seconds = self._budget.left(step)
        if not self._admits(step, seconds):
            return None
        try:
            with self._timed(step, system):
                found = await within(seconds, work())
        except InvalidInput:
            self._tell(step, None)
            raise
        except SearchUnavailable as error:
            log.warning("search degraded", step=step, reason=error.detail)
            self._tell(step, FAILED)
            return None
        except (TimeoutError, TooBusy) as error:
            self._tell(step, LATE if isinstance(error, TimeoutError) else BUSY)
            return None
        except Exception:
            log.exception("search degraded", step=step)
            self._tell(step, FAILED)
            return None
        self._tell(step, None)
        return found

    def compute(self, step: Step, work: Callable[[], T]) -> T | None:
        """Do a step of this processor's that can be left out; None where it fails.

        It cannot be stopped halfway. One that takes longer than it may is used all the same, and counts as a failure:
        when that goes on its breaker opens, and searches do without it.
        """
        seconds, started = self._budget.left(step), self._budget.time()
        if not self._admits(step, seconds):
            return None
        try:
            with self._timed(step, None):
                made = work()
        except Exception:
            log.exception("search degraded", step=step)
            self._tell(step, FAILED)
            return None
        if self._budget.time() - started <= seconds:
            self._tell(step, None)
        else:
            self._guards.breakers[step].fail()
            self._metrics.without.labels(step, LATE).inc()
        return made

    async def require(self, step: Step, work: Callable[[], Coroutine[Any, Any, T]], *, system: str | None = None) -> T:
        """Do a step that there is no answer without.

        Raises
        ------
        ServiceUnavailable
            It gives nothing in its time.
        """
        with self._timed(step, system):
            try:
                return await within(self._budget.left(step), work())
            except TimeoutError:
                self._tell(step, LATE)
                raise ServiceUnavailable(
                    "The database does not answer in the time that a search has.", hint="Try again in a moment."
                ) from None
            except TooBusy:
                self._tell(step, BUSY)
                raise

    @contextmanager
    def _timed(self, step: Step, system: str | None) -> Iterator[None]:
        started = self._budget.time()
        try:
            with self._metrics.step(step, system=system):
                yield
        finally:
            self.took[step] = (self._budget.time() - started) * 1000

    def _admits(self, step: Step, seconds: float) -> bool:
        if seconds <= 0:
            self._tell(step, LATE, at_fault=False)
            return False
        breaker = self._guards.breakers.get(step)
        if breaker is None or breaker.admits():
            return True
        self._tell(step, SHUT, at_fault=False)
        return False

    def _tell(self, step: Step, why: str | None, *, at_fault: bool = True) -> None:
        """Tell how a step went to its breaker, the log and the metrics.

        Parameters
        ----------
        why
            It gave nothing; None: it gave what it should.
        at_fault
            Whether it was asked, and is to blame.
        """
        breaker = self._guards.breakers.get(step)
        if why is None:
            if breaker is not None:
                breaker.succeed()
            return
        if breaker is not None and at_fault:
            breaker.fail()
        self.why[step] = why
        self._metrics.degraded.labels(step).inc()
        self._metrics.without.labels(step, why).inc()
        if why != FAILED:
            log.warning("search degraded", step=step, reason=why)
