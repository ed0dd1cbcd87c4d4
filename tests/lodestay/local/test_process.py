"""Processes that outlive their starter."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from lodestay.local.process import Launch, ProcessId, end_orphans, spawn, stop


def _launch(code: str, folder: Path) -> Launch:
    return Launch(command=(sys.executable, "-c", code), environment={}, folder=folder, account=None)


def test_a_process_inherits_nothing_of_the_callers_environment(tmp_path: Path) -> None:
    """A service sees the environment it was given, and that alone."""
    process = spawn(_launch("import os; print(sorted(os.environ))", tmp_path), log=tmp_path / "log")
    while process.is_alive:
        time.sleep(0.01)
    assert "PATH" not in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_zombie_is_dead(tmp_path: Path) -> None:
    """A child that ended counts as gone even before anybody collected it."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert ProcessId.of(child.pid) is None


def _parent_and_child(folder: Path) -> tuple[ProcessId, int]:
    code = (
        "import subprocess, sys, time; "
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True); "
        "time.sleep(600)"
    )
    log = folder / "log"
    process = spawn(_launch(code, folder), log=log)
    while not log.read_text(encoding="utf-8").strip():
        time.sleep(0.01)
    child = int(log.read_text(encoding="utf-8"))
    assert psutil.pid_exists(child)
    return process, child


def test_orphans_of_a_killed_process_are_ended(tmp_path: Path) -> None:
    """What a killed server leaves in its session goes; while the server lives, nothing is touched."""
    process, child = _parent_and_child(tmp_path)
    assert end_orphans(process) == 0
    psutil.Process(process.pid).kill()
    while psutil.pid_exists(process.pid):
        ProcessId.of(process.pid)
        time.sleep(0.01)
    assert ProcessId.of(child) is not None
    assert end_orphans(process) == 1
    assert ProcessId.of(child) is None


def test_a_session_of_an_earlier_boot_is_a_strangers(tmp_path: Path) -> None:
    """After a restart the same number may lead a session that has nothing to do with us."""
    process, child = _parent_and_child(tmp_path)
    psutil.Process(process.pid).kill()
    while psutil.pid_exists(process.pid):
        ProcessId.of(process.pid)
        time.sleep(0.01)
    ticks = process.started.partition(":")[2]
    assert end_orphans(ProcessId(process.pid, f"another-boot:{ticks}")) == 0
    assert ProcessId.of(child) is not None
    assert end_orphans(process) == 1


def test_stop_takes_the_children_along(tmp_path: Path) -> None:
    """Processes that a service leaves behind are ended with it."""
    process, child = _parent_and_child(tmp_path)
    assert stop(process, by=signal.SIGTERM, grace=5)
    assert ProcessId.of(child) is None


def test_stop_takes_along_what_was_started_while_it_was_ending(tmp_path: Path) -> None:
    """A child born after the signal, as a scheduler's next run, does not outlive the service."""
    code = (
        "import signal, subprocess, sys, time\n"
        "def end(*_):\n"
        "    print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True)\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)"
    )
    log = tmp_path / "log"
    process = spawn(_launch(code, tmp_path), log=log)
    while "ready" not in log.read_text(encoding="utf-8"):
        time.sleep(0.01)
    assert stop(process, by=signal.SIGTERM, grace=10)
    born = int(log.read_text(encoding="utf-8").split()[-1])
    assert ProcessId.of(born) is None
