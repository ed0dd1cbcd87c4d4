"""A processor in a process of its own, which can be killed, and a place that takes its messages."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import orjson

from lodestay.settings import PROJECT_ROOT

KEY = "the key of a processor that only tests know"
SECRET = "the secret that messages of tests are signed with"


@dataclass
class Inbox:
    """Takes messages, unless it is told to refuse some first."""

    url: str = ""
    refuse: int = 0
    taken: list[tuple[str, bytes]] = field(default_factory=list)

    def kinds(self) -> list[str]:
        """Kinds of what was taken, in order."""
        return [orjson.loads(body)["kind"] for _, body in self.taken]

    def messages(self) -> list[dict[str, Any]]:
        """What was taken, in order."""
        return [orjson.loads(body) for _, body in self.taken]


@contextmanager
def inbox() -> Iterator[Inbox]:
    """A server that takes messages until the end of the block."""
    kept = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if kept.refuse:
                kept.refuse -= 1
                self.send_response(503)
            else:
                kept.taken.append((self.headers["Lodestay-Processor-Signature"], body))
                self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/messages"
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Processor:
    """A running processor and a client of it."""

    database: Path
    port: int
    options: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=20, trust_env=False))

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it on its file and wait until it answers."""
        command = [sys.executable, "-m", "simulation.processor", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--database", str(self.database), *self.options],
            cwd=PROJECT_ROOT,
            env=os.environ | {"LODESTAY_PROCESSOR_KEY": KEY, "LODESTAY_WEBHOOK_SECRET": SECRET},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self.answers)

    def answers(self) -> bool:
        """Whether it does."""
        with contextlib.suppress(httpx2.TransportError):
            return self.client.get(f"{self.address}/healthz").is_success
        assert self.process is None or self.process.poll() is None, "it ended while it was starting"
        return False

    def kill(self) -> None:
        """``kill -9``."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def post(self, path: str, body: dict[str, Any], *, key: str | None = None) -> httpx2.Response:
        """Send an unsafe call, under a fresh key unless one is given."""
        headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": key or str(uuid4())}
        return self.client.post(f"{self.address}{path}", json=body, headers=headers)

    def put(self, path: str, body: dict[str, Any]) -> httpx2.Response:
        """Say something anew."""
        headers = {"Authorization": f"Bearer {KEY}"}
        return self.client.put(f"{self.address}{path}", json=body, headers=headers)

    def get(self, path: str) -> Any:
        """Read something."""
        headers = {"Authorization": f"Bearer {KEY}"}
        return self.client.get(f"{self.address}{path}", headers=headers).json()

    def authorise(
        self, method: str = "pm_ok", *, reference: str = "r", key: str | None = None, **more: Any
    ) -> httpx2.Response:
        """Reserve a hundred euros."""
        body = {"payment_method": method, "amount_minor": 10_000, "currency": "EUR", "reference": reference, **more}
        return self.post("/v1/authorisations", body, key=key)

    def capture(self, number: str, amount_minor: int = 10_000, *, key: str | None = None) -> httpx2.Response:
        """Take a hundred euros, or so much."""
        body = {"amount_minor": amount_minor, "currency": "EUR"}
        return self.post(f"/v1/authorisations/{number}/capture", body, key=key)


@contextmanager
def processor(database: Path, *options: str) -> Iterator[Processor]:
    """A processor that is ended at the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Processor(database, port, options)
    running.start()
    try:
        yield running
    finally:
        running.kill()
        running.client.close()


def wait_for(condition: Callable[[], Any], patience: float = 30) -> None:
    """Wait until something is so; a test that waits in vain fails."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)
