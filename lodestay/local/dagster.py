"""Dagster: the web server with its UI, and the daemon that runs schedules, sensors and queued runs.

Both live in a ``DAGSTER_HOME`` of this home's own, so that two checkouts keep two histories; the
instance's configuration is the repository's ``dagster_home/dagster.yaml``.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from lodestay.local import web
from lodestay.local.files import write_whole
from lodestay.local.ports import LOOPBACK
from lodestay.local.process import Launch
from lodestay.local.python_service import python_launch
from lodestay.local.service import Service, Site
from lodestay.settings import PROJECT_ROOT

_DEFINITIONS = "pipelines.definitions"


class DagsterWebserver(Service):
    """Pipelines: the graph, its runs and their logs."""

    name: ClassVar[str] = "dagster"
    title: ClassVar[str] = "Dagster"
    variable: ClassVar[str | None] = "LODESTAY_DAGSTER_URL"
    needs: ClassVar[tuple[str, ...]] = ("postgres", "opensearch", "mlflow", "spark")
    patience: ClassVar[float] = 180.0

    def launch(self, site: Site) -> Launch:
        """Say how to start the web server."""
        address = ("--host", LOOPBACK, "--port", str(site.port))
        arguments = ("-m", "dagster_webserver", *address, *_workspace(), "--uvicorn-log-level", "warning")
        return python_launch(site, arguments, environment=_environment(site.home))

    def address(self, site: Site) -> str:
        """Address of the UI."""
        return f"http://{LOOPBACK}:{site.port}"

    def silence(self, address: str) -> str | None:
        """None when the UI answers, whether or not the definitions load: it is there that one sees why not."""
        return web.silence(f"{address.rstrip('/')}/server_info")


class DagsterDaemon(Service):
    """Schedules, sensors and the queue of runs."""

    name: ClassVar[str] = "dagster-daemon"
    title: ClassVar[str] = "Dagster daemon"
    needs: ClassVar[tuple[str, ...]] = ("dagster",)
    proving: ClassVar[float] = 2.0

    def launch(self, site: Site) -> Launch:
        """Say how to start the daemon."""
        return python_launch(site, ("-m", "dagster._daemon", "run", *_workspace()), environment=_environment(site.home))


def dagster_home(home: Path) -> Path:
    """``DAGSTER_HOME`` of this home, with the repository's instance configuration."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    source, target = PROJECT_ROOT / "dagster_home" / "dagster.yaml", folder / "dagster.yaml"
    text = source.read_text(encoding="utf-8")
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        write_whole(target, text)
    return folder


def _environment(home: Path) -> dict[str, str]:
    return {"DAGSTER_HOME": str(dagster_home(home)), "DAGSTER_DISABLE_TELEMETRY": "yes"}


def _workspace() -> tuple[str, ...]:
    workspace = PROJECT_ROOT / "workspace.yaml"
    return ("--workspace", str(workspace)) if workspace.exists() else ("--module-name", _DEFINITIONS)
