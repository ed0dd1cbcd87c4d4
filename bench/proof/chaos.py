"""Processes killed in the middle of their work: workers, backends of PostgreSQL, PostgreSQL itself.

Only processes that the run has started are killed, by their number; nothing is told beforehand.
"""

from __future__ import annotations

import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from random import Random
from typing import Final

import psutil
import psycopg

from bench.proof import worker
from bench.proof.worker import Assignment
from lodestay.local.supervisor import Supervisor

WORKER, BACKEND, SERVER, SERVER_AT_ONCE = (
    "worker, kill -9",
    "a backend of PostgreSQL, kill -9",
    "PostgreSQL, kill -9",
    "PostgreSQL, immediate stop",
)
PROCESSOR = "payment processor, kill -9"
KINDS: Final = (WORKER, SERVER, WORKER, BACKEND, WORKER, SERVER_AT_ONCE, WORKER, WORKER, WORKER, WORKER)
"""What is killed, in turn."""
_context = get_context("forkserver")


@dataclass
class Crew:
    """The workers of a run: what dies is replaced.

    Attributes
    ----------
    deaths
        Workers that ended with an error of their own, with the exit code: a finding.
    """

    assignments: list[Assignment]
    processes: list[BaseProcess] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start all."""
        # The server process has everything loaded, so that a replacement is there in no time.
        _context.set_forkserver_preload([worker.__name__])
        self.processes = [self._spawn(assignment) for assignment in self.assignments]

    def replace_dead(self) -> None:
        """Start those again that were killed."""
        for number, process in enumerate(self.processes):
            if process.exitcode not in {None, 0}:
                if process.exitcode != -signal.SIGKILL:
                    self.deaths.append(f"worker {number} ended with code {process.exitcode}")
                process.close()
                self.processes[number] = self._spawn(self.assignments[number])

    def kill(self, draws: Random) -> bool:
        """Kill one of those that are at work."""
        living = [process for process in self.processes if process.is_alive()]
        if not living:
            return False
        victim = draws.choice(living)
        victim.kill()
        victim.join()
        return True

    @property
    def is_done(self) -> bool:
        """Whether all have ended by themselves."""
        return all(process.exitcode == 0 for process in self.processes)

    def stop(self) -> None:
        """End those that are left."""
        for process in self.processes:
            process.kill()
            process.join()

    def _spawn(self, assignment: Assignment) -> BaseProcess:
        process = _context.Process(target=worker.main, args=(assignment,), daemon=True)
        process.start()
        return process


@dataclass
class Chaos:
    """Kills by a seed."""

    crew: Crew
    services: Supervisor
    draws: Random
    kinds: Iterator[str]
    done: Counter[str] = field(default_factory=Counter)

    def strike(self) -> None:
        """Kill what is next, and bring back what does not come back by itself."""
        kind = next(self.kinds)
        attempts: dict[str, Callable[[], bool]] = {
            WORKER: lambda: self.crew.kill(self.draws),
            BACKEND: self._kill_backend,
            SERVER: lambda: self._end_server(signal.SIGKILL),
            PROCESSOR: self._end_processor,
            SERVER_AT_ONCE: lambda: self._end_server(signal.SIGQUIT),
        }
        if attempts[kind]():
            self.done[kind] += 1
        self.crew.replace_dead()

    def _kill_backend(self) -> bool:
        """One client's server process: PostgreSQL then ends all others and recovers by itself."""
        backends = [child for child in self._postmaster().children() if "lodestay" in " ".join(child.cmdline())]
        if not backends:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            self.draws.choice(backends).kill()
        return True

    def _end_server(self, by: signal.Signals) -> bool:
        postmaster = self._postmaster()
        postmaster.send_signal(by)
        postmaster.wait(timeout=30)
        self.services.up(["postgres"])
        self._tidy_up()
        return True

    def _tidy_up(self) -> None:
        """Vacuum: PostgreSQL forgets with a crash what autovacuum would go by, and this one crashes every minute."""
        with psycopg.connect(self.crew.assignments[0].database_url, autocommit=True) as connection:
            connection.execute("VACUUM")

    def _end_processor(self) -> bool:
        process = self.services.records.process("processor")
        assert process is not None  # noqa: S101 (the run has started it)
        victim = psutil.Process(process.pid)
        victim.kill()
        victim.wait(timeout=30)
        self.services.up(["processor"])
        return True

    def _postmaster(self) -> psutil.Process:
        process = self.services.records.process("postgres")
        assert process is not None  # noqa: S101 (the run has started it)
        return psutil.Process(process.pid)
