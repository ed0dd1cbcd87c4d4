"""Real services for tests.

One PostgreSQL and one OpenSearch node a test session, started by the same supervisor that
`lodestay up` uses, in a folder of the session's own; workers of pytest-xdist share them. A test gets a
fresh database, cloned from a template that was migrated once.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import psutil
import psycopg
import pytest
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from lodestay.clock import FixedClock
from lodestay.local.postgres import database_url as database_of
from lodestay.local.supervisor import Supervisor, supervise
from lodestay.settings import PROJECT_ROOT
from transactional.kit.connections import QuickConnections
from transactional.quotes import pages

_HOME_PREFIX = "lodestay-test-"


# A test asserts no wall-clock time; hypothesis would, 200 ms an example, and fail on a busy machine.
hypothesis.settings.register_profile("lodestay", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("lodestay")


def pytest_configure(config: pytest.Config) -> None:
    """Give the session a home of its own before any code of ours reads the settings."""
    if hasattr(config, "workerinput"):
        # A worker of pytest-xdist inherits the environment made here, and is told the width of somebody's
        # terminal, which commands would take for a wish.
        os.environ.pop("COLUMNS", None)
        return
    _sweep()
    for name in [name for name in os.environ if name.startswith("LODESTAY_") and name.endswith(("_URL", "_URI"))]:
        del os.environ[name]  # a test never touches the services somebody works with
    os.environ["LODESTAY_ENVIRONMENT"] = "test"
    os.environ.setdefault("LODESTAY_OPENSEARCH_HEAP", "768m")
    os.environ["LODESTAY_HOME"] = tempfile.mkdtemp(prefix=f"{_HOME_PREFIX}{os.getpid()}-")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests begin first: no worker is left alone with one while the other has nothing to do."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started and leave nothing behind."""
    if not hasattr(config, "workerinput") and "LODESTAY_HOME" in os.environ:
        _remove(Path(os.environ["LODESTAY_HOME"]))


def _sweep() -> None:
    """End the services of sessions that were killed before they could do so."""
    for home in Path(tempfile.gettempdir()).glob(f"{_HOME_PREFIX}*"):
        pid = home.name.removeprefix(_HOME_PREFIX).partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)) and home.stat().st_uid == os.geteuid():
            _remove(home)


def _remove(home: Path) -> None:
    supervisor = supervise(home, report=lambda _name, _text: None)
    supervisor.down([])
    for folder in supervisor.folders():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def services() -> Supervisor:
    """Supervisor of the session's services; workers of one session share its home."""
    return supervise(Path(os.environ["LODESTAY_HOME"]), report=lambda _name, _text: None)


@pytest.fixture(scope="session")
def postgres(services: Supervisor) -> str:
    """Address of the session's PostgreSQL server, as superuser."""
    services.up(["postgres"])
    return services.records.endpoints()["LODESTAY_DATABASE_URL"]


@pytest.fixture(scope="session")
def opensearch_url(services: Supervisor) -> str:
    """Address of the session's OpenSearch node; a test names its indexes so that no other test has the same."""
    services.up(["opensearch"])
    return services.records.endpoints()["LODESTAY_OPENSEARCH_URL"]


@pytest.fixture(scope="session")
def spark_remote(services: Supervisor) -> str:
    """Address of the session's Spark Connect server, for ``SparkSession.builder.remote``."""
    services.up(["spark"])
    return services.records.endpoints()["LODESTAY_SPARK_REMOTE"]


@pytest.fixture(scope="session")
def template_database(postgres: str, worker_id: str) -> Iterator[str]:
    """Name of a database with the whole schema and no rows (without a schema while there are no migrations)."""
    name = f"template_{worker_id}"
    _execute(postgres, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    _migrate(database_of(postgres, name))
    yield name
    _execute(postgres, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(postgres: str, template_database: str) -> Iterator[str]:
    """Address of a fresh database with the whole schema, dropped after the test."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    identifier = sql.Identifier(name)
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(identifier, sql.Identifier(template_database))
    _execute(postgres, statement)
    yield database_of(postgres, name)
    _execute(postgres, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """SQLAlchemy engine on the test's own database."""
    engine = create_async_engine(database_url, poolclass=NullPool)
    yield engine
    await engine.dispose()


@pytest.fixture
async def quick(database_url: str) -> AsyncIterator[QuickConnections]:
    """Connections to the test's own database that load listings."""
    connections = QuickConnections(database_url, pages.STATEMENTS, size=2, lock_timeout_ms=1_000)
    yield connections
    connections.close()


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """ORM session on the test's own database; the test commits what it wants others to see."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at noon UTC of 15 June 2026 until the test moves it."""
    return FixedClock(datetime(2026, 6, 15, 12, tzinfo=UTC))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real public data beside the checkout; tests on it skip, and say so, where it is not."""
    folder = PROJECT_ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    return folder


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """Name of this pytest-xdist worker, or `main`."""
    workerinput: dict[str, str] = getattr(request.config, "workerinput", {})
    return workerinput.get("workerid", "main")


def _execute(address: str, statement: sql.Composed) -> None:
    with psycopg.connect(database_of(address, "postgres"), autocommit=True) as connection:
        connection.execute(statement)


def _migrate(address: str) -> None:
    migrations = PROJECT_ROOT / "transactional" / "migrations"
    if not (migrations / "env.py").exists():
        return
    from alembic import command  # noqa: PLC0415 - only with migrations
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("sqlalchemy.url", address.replace("%", "%%"))
    command.upgrade(config, "head")
