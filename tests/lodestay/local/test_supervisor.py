"""Starting, stopping and describing services, on real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

import pytest

from lodestay.local import web
from lodestay.local.errors import ServiceDidNotStart, UnknownService
from lodestay.local.process import Launch, ProcessId
from lodestay.local.service import Site
from lodestay.local.state import State
from lodestay.settings import endpoints_file
from tests.lodestay.local.conftest import Echo, Reader, Starts, Supervise


def test_up_serves_and_tells_every_process_where(supervised: Supervise) -> None:
    """A started service answers at the address in the endpoints file, which its owner alone can read."""
    supervisor = supervised(services=[Echo()])
    (state,) = supervisor.up([])
    assert state.state is State.RUNNING
    address = supervisor.records.endpoints()["LODESTAY_ECHO_URL"]
    assert web.silence(address) is None
    assert endpoints_file(supervisor.home).stat().st_mode & 0o777 == 0o600


def test_up_again_leaves_it_alone_and_down_forgets_its_address(supervised: Supervise) -> None:
    """A second `up` starts nothing; `down` ends the process and takes its address back."""
    supervisor = supervised(services=[Echo()])
    first, second = supervisor.up([])[0], supervisor.up([])[0]
    assert first.pid == second.pid
    (state,) = supervisor.down([])
    assert state.state is State.STOPPED
    assert first.pid is not None
    assert ProcessId.of(first.pid) is None
    assert supervisor.records.endpoints() == {}


def test_what_is_needed_comes_along_and_stays(supervised: Supervise) -> None:
    """Naming a service starts what it needs; stopping it leaves what it needed."""
    supervisor = supervised(services=[Reader(), Echo()])
    assert [state.name for state in supervisor.up(["reader"])] == ["echo", "reader"]
    supervisor.down(["reader"])
    assert [state.state for state in supervisor.status()] == [State.STOPPED, State.RUNNING]


def test_a_killed_service_is_named_and_alone_restarted(supervised: Supervise) -> None:
    """After `kill -9`, status says which service died and how to restart it; `up` restarts just that, same port."""
    supervisor = supervised(services=[Echo(), Reader()])
    echo, reader = supervisor.up([])
    assert echo.pid is not None
    os.kill(echo.pid, signal.SIGKILL)
    while ProcessId.of(echo.pid) is not None:
        time.sleep(0.01)
    died = supervisor.status()[0]
    assert died.state is State.DIED
    assert died.hint is not None
    assert "lodestay up echo" in died.hint
    again_echo, again_reader = supervisor.up([])
    assert again_reader.pid == reader.pid
    assert again_echo.address == echo.address
    assert Starts(supervisor.home).of("echo") == 2


def test_a_port_that_somebody_took_is_given_up(supervised: Supervise) -> None:
    """The port of last time is not insisted on when another program listens there."""
    supervisor = supervised(services=[Echo()])
    before = supervisor.up([])[0].address
    supervisor.down([])
    port = supervisor.records.port("echo")
    assert port is not None
    with socket.create_server(("127.0.0.1", port)):
        after = supervisor.up([])[0].address
    assert after is not None
    assert after != before
    assert web.silence(after) is None


class Unlucky(Echo):
    """Somebody takes its port just after it was chosen, the first time."""

    thief: ClassVar[list[socket.socket]] = []

    def launch(self, site: Site) -> Launch:
        """Lose the race once."""
        if not self.thief:
            self.thief.append(socket.create_server(("127.0.0.1", site.port)))
        return super().launch(site)

    def silence(self, address: str) -> str | None:
        """The thief accepts connections but speaks no HTTP: do not wait for it."""
        port = int(address.rpartition(":")[2])
        return "stolen" if self.thief[0].getsockname()[1] == port else super().silence(address)


def test_a_port_lost_between_look_and_bind_is_replaced(supervised: Supervise) -> None:
    """A service that ends because its port went in the meantime is started once more, on another."""
    supervisor = supervised(services=[Unlucky()])
    try:
        (state,) = supervisor.up([])
    finally:
        Unlucky.thief.pop().close()
    assert state.state is State.RUNNING
    assert Starts(supervisor.home).of("echo") == 2


def test_an_outside_service_is_only_asked(supervised: Supervise, tmp_path: Path) -> None:
    """A service whose address is set is not started or stopped; status calls it outside."""
    theirs = supervised(home=tmp_path / "theirs", services=[Echo()])
    theirs.up([])
    address = theirs.records.endpoints()["LODESTAY_ECHO_URL"]
    ours = supervised(home=tmp_path / "ours", services=[Echo()], outside={"LODESTAY_ECHO_URL": address})
    assert ours.up([])[0].state is State.OUTSIDE
    assert ours.down([])[0].state is State.OUTSIDE
    assert Starts(ours.home).of("echo") == 0
    assert ours.records.endpoints() == {}


def test_an_outside_service_that_is_silent_stops_up(supervised: Supervise) -> None:
    """`up` fails, and names the setting, when nothing answers at the address that was set."""
    nowhere = {"LODESTAY_ECHO_URL": "http://127.0.0.1:1"}
    supervisor = supervised(services=[Echo()], outside=nowhere)
    assert supervisor.status()[0].state is State.OUTSIDE_SILENT
    with pytest.raises(ServiceDidNotStart, match="LODESTAY_ECHO_URL"):
        supervisor.up([])


class Broken(Echo):
    """Ends at once."""

    def launch(self, site: Site) -> Launch:
        """Say why on the way out."""
        command = ("/bin/sh", "-c", "echo there is no such thing >&2; exit 1")
        return Launch(command=command, environment={}, folder=site.home, account=None)


def test_a_service_that_ends_at_once_shows_its_last_words(supervised: Supervise) -> None:
    """The failure carries the end of the log and the command to try again."""
    with pytest.raises(ServiceDidNotStart) as caught:
        supervised(services=[Broken()]).up([])
    assert caught.value.hint is not None
    assert "there is no such thing" in caught.value.hint
    assert "lodestay up echo" in caught.value.hint


def test_a_stranger_with_a_recycled_pid_is_neither_believed_nor_killed(supervised: Supervise) -> None:
    """A pid file that names a living process started at another moment counts as dead, and `down` spares it."""
    supervisor = supervised(services=[Echo()])
    supervisor.up([])
    supervisor.down([])
    own = ProcessId.of(os.getpid())
    assert own is not None
    supervisor.records.remember_process("echo", ProcessId(own.pid, "another moment"))
    assert supervisor.status()[0].state is State.DIED
    supervisor.down([])  # this very process would be gone now


def test_without_the_start_mark_the_stranger_would_be_taken_for_ours(supervised: Supervise) -> None:
    """Negative control: the same pid file with the true moment makes the stranger ours."""
    supervisor = supervised(services=[Echo()])
    supervisor.up([])
    supervisor.down([])
    own = ProcessId.of(os.getpid())
    assert own is not None
    supervisor.records.remember_process("echo", own)
    assert supervisor.status()[0].state is State.SILENT
    supervisor.records.forget_process("echo")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', "12", '{"pid": -5, "started": "x"}'])
def test_a_broken_pid_file_counts_as_none(supervised: Supervise, text: str) -> None:
    """A pid file that a crash left in pieces does not keep a service from starting."""
    supervisor = supervised(services=[Echo()])
    supervisor.up([])
    supervisor.down([])
    (supervisor.home / "run" / "echo.pid").write_text(text, encoding="utf-8")
    assert supervisor.status()[0].state is State.STOPPED
    assert supervisor.up([])[0].state is State.RUNNING


@pytest.mark.parametrize("name", ["ports.json", "echo.pid", "endpoints.env"])
@pytest.mark.parametrize("content", [b'{"echo": null}', b"\xff\xfe"], ids=["null", "bytes"])
def test_damaged_records_count_as_none(supervised: Supervise, name: str, content: bytes) -> None:
    """Whatever stands in the files of `run`, the status can be asked for."""
    supervisor = supervised(services=[Echo()])
    supervisor.up([])
    supervisor.down([])
    record = supervisor.home / "run" / name
    record.write_bytes(content)
    assert supervisor.status()[0].state is State.STOPPED


def test_two_ups_at_once_start_it_once(supervised: Supervise, tmp_path: Path) -> None:
    """Two commands on one home wait for each other; the second finds the service running."""
    both = [supervised(home=tmp_path / "home", services=[Echo()]) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        states = list(pool.map(lambda supervisor: supervisor.up([])[0], both))
    assert states[0].pid == states[1].pid
    assert Starts(tmp_path / "home").of("echo") == 1


def test_two_homes_do_not_collide(supervised: Supervise, tmp_path: Path) -> None:
    """The same service of two checkouts runs twice, on two ports."""
    first, second = (supervised(home=tmp_path / name, services=[Echo()]).up([])[0] for name in ("one", "two"))
    assert first.address != second.address
    assert first.pid != second.pid


class Stubborn(Echo):
    """Does not listen to SIGTERM."""

    grace: ClassVar[float] = 0.3
    arguments: ClassVar[tuple[str, ...]] = ("stubborn",)


def test_a_service_that_will_not_end_is_ended(supervised: Supervise) -> None:
    """When asking does not help within the grace, the process is killed."""
    supervisor = supervised(services=[Stubborn()])
    (state,) = supervisor.up([])
    supervisor.down([])
    assert state.pid is not None
    assert ProcessId.of(state.pid) is None


def test_an_unknown_name_lists_the_known(supervised: Supervise) -> None:
    """A misspelt service is refused before anything is started."""
    supervisor = supervised(services=[Echo()])
    with pytest.raises(UnknownService, match="ecko") as caught:
        supervisor.up(["echo", "ecko"])
    assert caught.value.hint == "Choose from: echo."
    assert Starts(supervisor.home).of("echo") == 0


def test_states_are_plain_data(supervised: Supervise) -> None:
    """What `--json` prints is made of JSON's own types."""
    assert json.loads(json.dumps(asdict(supervised(services=[Echo()]).status()[0])))["state"] == "stopped"
