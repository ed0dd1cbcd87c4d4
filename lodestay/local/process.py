"""Processes that outlive the command that started them.

A process is known by its pid *and* the moment it started: pids are used again, and a stranger that got
the pid of a dead service must be neither believed nor killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from lodestay.local.account import Account

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# Children of this very process are kept here: polling them reaps those that died (a zombie would
# otherwise look alive), and a Popen that is collected while its process runs warns.
_children: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How to start a process: its whole environment, nothing inherited.

    Attributes
    ----------
    account
        Whose rights it gets; None: those of the caller.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    account: Account | None


@dataclass(frozen=True)
class ProcessId:
    """One process, for good: `started` tells it from a later owner of the same pid."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """The process that has this pid now, or None when there is none (a zombie is none)."""
        for child in _children:
            child.poll()
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(pid, _start_mark(pid))
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            return None

    @property
    def is_alive(self) -> bool:
        """Whether that same process still runs."""
        return ProcessId.of(self.pid) == self


def _start_mark(pid: int) -> str:
    if sys.platform != "linux":
        return f"{_boot()}:{psutil.Process(pid).create_time()}"
    # Ticks since boot, and which boot: unlike a time of day they do not move when the clock is set.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return f"{_boot()}:{fields[19]}"  # field 22 of proc(5), counted behind the name


def _boot() -> str:
    """Which run of the machine it is: after a restart every pid and session belongs to somebody else."""
    if sys.platform != "linux":
        return str(psutil.boot_time())
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def spawn(launch: Launch, *, log: Path) -> ProcessId:
    """Start a process in a session of its own (a terminal's Ctrl-C does not reach it), output to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    account = launch.account
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - commands are ours
            launch.command,
            env=dict(launch.environment),
            cwd=launch.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )
    _children.append(child)
    return ProcessId.of(child.pid) or ProcessId(child.pid, "ended at once")


def stop(process: ProcessId, *, by: signal.Signals, grace: float) -> bool:
    """Ask a process to end, and make it end after `grace` seconds, with the children it leaves behind.

    Returns
    -------
    bool
        Whether it ended by itself.
    """
    if not process.is_alive:
        return True
    root = psutil.Process(process.pid)
    leads = _session_of(process.pid) == process.pid
    family = set(root.children(recursive=True))
    root.send_signal(by)
    deadline = time.monotonic() + grace
    while process.is_alive and time.monotonic() < deadline:
        time.sleep(0.05)
    ended = not process.is_alive
    if leads and ProcessId.of(process.pid) in {None, process}:  # else the number is somebody else's by now
        family |= _members(process.pid)  # those, too, that it started while it was ending
    for member in (*(family - {root}), root):
        with contextlib.suppress(psutil.NoSuchProcess):
            if member.status() != psutil.STATUS_ZOMBIE:
                member.kill()
    psutil.wait_procs([*family, root], timeout=5)
    return ended


def end_orphans(process: ProcessId) -> int:
    """End what a dead process of ours left behind in its session, and say how many that were.

    The kernel gives a session's number to nobody while a member lives; where the number is a process
    again, or the machine was started again since, it is somebody else's, and nothing is touched.
    """
    if psutil.pid_exists(process.pid) or not process.started.startswith(f"{_boot()}:"):
        return 0
    orphans = _members(process.pid)
    kill_all(orphans)
    return len(orphans)


def kill_all(processes: Collection[psutil.Process]) -> None:
    """End processes at once, and wait until they are gone."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(list(processes), timeout=5)


def _members(session: int) -> set[psutil.Process]:
    return {member for member in psutil.process_iter() if _session_of(member.pid) == session}


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def run_as(launch: Launch, *, timeout: float) -> str:
    """Run a command to its end and return what it printed.

    Raises
    ------
    subprocess.CalledProcessError
        It failed; ``output`` holds what it printed.
    """
    account = launch.account
    return subprocess.run(  # noqa: S603 - commands are ours
        launch.command,
        env=dict(launch.environment),
        cwd=launch.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        timeout=timeout,
        check=True,
        encoding="utf-8",
        errors="replace",
    ).stdout
