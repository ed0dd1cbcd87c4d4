"""Homes and small services to try the supervisor on."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from lodestay.local import web
from lodestay.local.process import Launch
from lodestay.local.service import Service, Site
from lodestay.local.supervisor import Supervisor

Supervise = Callable[..., Supervisor]

_SERVER = """
import sys, signal
from http.server import HTTPServer, SimpleHTTPRequestHandler
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(sys.argv[2], "a") as starts:
    starts.write("started\\n")
HTTPServer(("127.0.0.1", int(sys.argv[1])), SimpleHTTPRequestHandler).serve_forever()
"""


class Echo(Service):
    """A web server of the standard library: starts in a blink."""

    name: ClassVar[str] = "echo"
    title: ClassVar[str] = "Echo"
    variable: ClassVar[str | None] = "LODESTAY_ECHO_URL"
    patience: ClassVar[float] = 20.0
    grace: ClassVar[float] = 2.0
    arguments: ClassVar[tuple[str, ...]] = ()

    def launch(self, site: Site) -> Launch:
        """Count the start in a file, then serve."""
        command = (sys.executable, "-c", _SERVER, str(site.port), str(site.home / f"{self.name}.starts"))
        return Launch(command=(*command, *self.arguments), environment={}, folder=site.home, account=None)

    def address(self, site: Site) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{site.port}"

    def silence(self, address: str) -> str | None:
        """Whether it does."""
        return web.silence(address)


class Reader(Echo):
    """A second service, which needs the first."""

    name: ClassVar[str] = "reader"
    title: ClassVar[str] = "Reader"
    variable: ClassVar[str | None] = None
    needs: ClassVar[tuple[str, ...]] = ("echo",)


@dataclass(frozen=True)
class Starts:
    """How often services were started in one home."""

    home: Path

    def of(self, name: str) -> int:
        """Starts of one service."""
        path = self.home / f"{name}.starts"
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervise]:
    """Makes supervisors; stops all they started and removes what they put beside their homes."""
    made: list[Supervisor] = []

    def make(
        *, home: Path = tmp_path / "home", services: Sequence[Service], outside: Mapping[str, str] | None = None
    ) -> Supervisor:
        supervisor = Supervisor(home, services=services, outside=outside or {}, report=lambda _name, _text: None)
        made.append(supervisor)
        return supervisor

    yield make
    for supervisor in made:
        supervisor.down([])
        for folder in supervisor.folders()[1:]:
            shutil.rmtree(folder)
