"""The MLflow server: runs and registered models in SQLite, artefacts in a folder."""

from __future__ import annotations

from typing import ClassVar

from lodestay.local import web
from lodestay.local.ports import LOOPBACK
from lodestay.local.process import Launch
from lodestay.local.python_service import python_launch
from lodestay.local.service import Service, Site


class MLflow(Service):
    """Where models are recorded and registered."""

    name: ClassVar[str] = "mlflow"
    title: ClassVar[str] = "MLflow 3"
    variable: ClassVar[str | None] = "LODESTAY_MLFLOW_TRACKING_URI"
    patience: ClassVar[float] = 120.0

    def launch(self, site: Site) -> Launch:
        """Say how to start the server."""
        folder = site.home / "mlflow"
        folder.mkdir(parents=True, exist_ok=True)
        arguments = (
            *("-m", "mlflow", "server", "--host", LOOPBACK, "--port", str(site.port)),
            # One worker: SQLite has one writer, and each further one costs 300 MB.
            *("--workers", "1"),
            *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
            *("--artifacts-destination", str(folder / "artifacts")),
        )
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        return python_launch(site, arguments, environment=quiet)

    def address(self, site: Site) -> str:
        """Tracking URI."""
        return f"http://{LOOPBACK}:{site.port}"

    def silence(self, address: str) -> str | None:
        """None when the server is healthy; a store that is no server (a file, a database) is taken as it is."""
        return web.silence(f"{address.rstrip('/')}/health") if address.startswith("http") else None
