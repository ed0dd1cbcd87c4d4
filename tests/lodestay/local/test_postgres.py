"""The embedded PostgreSQL."""

from __future__ import annotations

import subprocess
import time

import psutil
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.local import postgres as module
from lodestay.local.account import ground, service_account
from lodestay.local.errors import ServiceDidNotStart
from lodestay.local.postgres import Postgres
from lodestay.local.postgres import database_url as database_of
from lodestay.local.state import State
from lodestay.local.supervisor import Supervisor
from tests.lodestay.local.conftest import Supervise


def test_speaks_tcp_with_a_password_and_keeps_fsync_on(postgres: str) -> None:
    """The server is version 18, durable, and reached over the loopback as the password's owner."""
    with psycopg.connect(postgres) as connection:
        assert connection.info.server_version // 10_000 == 18
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.info.hostaddr == "127.0.0.1"


def test_refuses_a_wrong_password(postgres: str) -> None:
    """Nobody gets in without the password, not even over the loopback."""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres, password="wrong")


def test_each_test_has_a_database_of_its_own(database_url: str, postgres: str) -> None:
    """A fixture database is neither the platform's own nor the template."""
    assert database_url != postgres
    assert database_of(database_url, "lodestay") == postgres
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE left_behind ()")


async def test_session_reaches_the_same_database(session: AsyncSession, database_url: str) -> None:
    """The async session speaks to the test's own database."""
    assert (await session.execute(text("SELECT current_database()"))).scalar_one() == database_url.rpartition("/")[2]


def test_a_crash_loses_nothing_that_was_committed(supervised: Supervise) -> None:
    """After `kill -9` of the whole server, `up` brings it back with its data and at its old address."""
    supervisor = supervised(services=[Postgres()])
    before = _up(supervisor)
    with psycopg.connect(before, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    _kill(supervisor)
    assert supervisor.status()[0].state is State.DIED
    after = _up(supervisor)
    assert after == before
    with psycopg.connect(after) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_long_statement_of_a_killed_server_does_not_stand_in_the_way(supervised: Supervise) -> None:
    """A backend at work does not notice that its server was killed, and keeps the next one from the files."""
    supervisor = supervised(services=[Postgres()])
    orphan = _kill_in_the_middle_of_a_statement(supervisor)
    _up(supervisor)
    assert not orphan.is_running()


def test_control_left_to_itself_it_does(supervised: Supervise, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: PostgreSQL refuses the files while the backend lives."""
    supervisor = supervised(services=[Postgres()])
    orphan = _kill_in_the_middle_of_a_statement(supervisor)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_end_backends", lambda _data: None)
        with pytest.raises(ServiceDidNotStart, match="ended while it was starting") as caught:
            supervisor.up([])
    assert "shared memory" in (caught.value.hint or "")
    orphan.kill()


def test_a_stale_lock_file_that_names_a_living_stranger_is_survived(supervised: Supervise) -> None:
    """PostgreSQL refuses to start when its lock file names any living process of ours; we know better."""
    supervisor = supervised(services=[Postgres()])
    _up(supervisor)
    data = supervisor.folders()[-1] / "postgres"
    lock_file = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    _kill(supervisor)
    with subprocess.Popen(["sleep", "600"], user=data.stat().st_uid) as stranger:
        lock_file[0] = str(stranger.pid)
        (data / "postmaster.pid").write_text("\n".join(lock_file), encoding="utf-8")
        _up(supervisor)
        assert stranger.poll() is None
        stranger.kill()


def test_without_our_care_that_lock_file_would_stop_it(supervised: Supervise, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: with the lock file left as it is, PostgreSQL does refuse to start."""
    supervisor = supervised(services=[Postgres()])
    _up(supervisor)
    data = supervisor.folders()[-1] / "postgres"
    lock_file = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    _kill(supervisor)
    monkeypatch.setattr(module, "_clear_lock_file", lambda _data: None)
    with subprocess.Popen(["sleep", "600"], user=data.stat().st_uid) as stranger:
        lock_file[0] = str(stranger.pid)
        (data / "postmaster.pid").write_text("\n".join(lock_file), encoding="utf-8")
        with pytest.raises(ServiceDidNotStart, match="ended while it was starting") as caught:
            supervisor.up([])
        stranger.kill()
    assert "lock file" in (caught.value.hint or "")


def test_a_server_that_we_lost_track_of_is_replaced(supervised: Supervise) -> None:
    """When our record of a running server is gone, it is ended before another opens the same files."""
    supervisor = supervised(services=[Postgres()])
    _up(supervisor)
    lost = supervisor.records.process("postgres")
    assert lost is not None
    supervisor.records.forget_process("postgres")
    _up(supervisor)
    assert not lost.is_alive


def test_a_cluster_that_was_never_finished_is_made_again(supervised: Supervise) -> None:
    """A folder left by an interrupted initdb is not taken for a cluster."""
    supervisor = supervised(services=[Postgres()])
    supervisor.home.mkdir()
    half = ground(supervisor.home, service_account()) / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18", encoding="utf-8")
    _up(supervisor)
    assert not half.exists()


def test_its_password_is_for_the_owner_alone(supervised: Supervise) -> None:
    """Neither the password nor the data can be read by others, and no copy of the password is left."""
    supervisor = supervised(services=[Postgres()])
    _up(supervisor)
    data = supervisor.folders()[-1] / "postgres"
    assert (supervisor.home / "secrets" / "postgres_password").stat().st_mode & 0o777 == 0o600
    assert data.stat().st_mode & 0o077 == 0
    assert list(data.parent.glob("*.password")) == []


def _up(supervisor: Supervisor) -> str:
    supervisor.up(["postgres"])
    return supervisor.records.endpoints()["LODESTAY_DATABASE_URL"]


def _kill(supervisor: Supervisor) -> None:
    process = supervisor.records.process("postgres")
    assert process is not None
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        member.kill()
    psutil.wait_procs(family, timeout=10)
    assert not process.is_alive


def _kill_in_the_middle_of_a_statement(supervisor: Supervisor) -> psutil.Process:
    """Kill the server alone; return its child, which goes on counting."""
    connection = psycopg.connect(_up(supervisor), autocommit=True)
    orphan = psutil.Process(connection.info.backend_pid)
    connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000) AS n WHERE n % 3 = 1")
    while orphan.cpu_times().user < 0.2:
        time.sleep(0.05)
    server = orphan.parent()
    assert server is not None
    server.kill()
    server.wait(timeout=10)
    connection.close()
    assert orphan.is_running()
    return orphan
