"""The platform's own long-running processes: the API, the relay to the index, the worker, a processor."""

from __future__ import annotations

from typing import ClassVar

from lodestay.local import web
from lodestay.local.ports import LOOPBACK
from lodestay.local.process import Launch
from lodestay.local.python_service import python_launch
from lodestay.local.service import Service, Site


class Api(Service):
    """Search, prices and bookings over HTTP."""

    name: ClassVar[str] = "api"
    title: ClassVar[str] = "API"
    variable: ClassVar[str | None] = "LODESTAY_API_URL"
    needs: ClassVar[tuple[str, ...]] = ("postgres", "opensearch", "mlflow", "processor")
    patience: ClassVar[float] = 120.0

    def launch(self, site: Site) -> Launch:
        """Say how to start the web process."""
        arguments = ("-m", "uvicorn", "serving.app:create_app", "--factory", "--host", LOOPBACK, "--port")
        return python_launch(site, (*arguments, str(site.port)), environment={})

    def address(self, site: Site) -> str:
        """Base address; the documentation is at ``/docs``."""
        return f"http://{LOOPBACK}:{site.port}"

    def silence(self, address: str) -> str | None:
        """None when the process is alive.

        Whether each part it leans on answers is for ``/readyz`` to say: that waits for a schema, which `lodestay up`
        comes before, and says nothing of how soon models and columns are loaded.
        """
        return web.silence(f"{address.rstrip('/')}/healthz")


class Processor(Service):
    """The simulated payment processor; it finds the API, which its messages go to, by the API's setting."""

    name: ClassVar[str] = "processor"
    title: ClassVar[str] = "Payment processor"
    variable: ClassVar[str | None] = "LODESTAY_PROCESSOR_URL"

    def launch(self, site: Site) -> Launch:
        """Say how to start it."""
        database = site.home / "processor" / "processor.sqlite"
        arguments = ("-m", "simulation.processor", "--port", str(site.port), "--database", str(database))
        return python_launch(site, arguments, environment={})

    def address(self, site: Site) -> str:
        """Base address."""
        return f"http://{LOOPBACK}:{site.port}"

    def silence(self, address: str) -> str | None:
        """None when the process is alive."""
        return web.silence(f"{address.rstrip('/')}/healthz")


class Worker(Service):
    """Moves sagas, and does what falls due by itself."""

    name: ClassVar[str] = "worker"
    title: ClassVar[str] = "Worker"
    needs: ClassVar[tuple[str, ...]] = ("postgres", "processor")
    proving: ClassVar[float] = 2.0

    def launch(self, site: Site) -> Launch:
        """Say how to start it."""
        return python_launch(site, ("-m", "serving.worker"), environment={})


class Relay(Service):
    """Reads the outbox and keeps the index fresh."""

    name: ClassVar[str] = "relay"
    title: ClassVar[str] = "Outbox relay"
    needs: ClassVar[tuple[str, ...]] = ("postgres", "opensearch")
    proving: ClassVar[float] = 2.0

    def launch(self, site: Site) -> Launch:
        """Say how to start it."""
        return python_launch(site, ("-m", "serving.relay"), environment={})
