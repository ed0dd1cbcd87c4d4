"""A TCP proxy in front of a real service, to take the service away and bring it back."""

from __future__ import annotations

import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

_CHUNK = 65_536
_TICK_SECONDS = 0.05


class Proxy(socketserver.ThreadingTCPServer):
    """Passes bytes on; can be told to drop every connection, or to take requests and never answer.

    Attributes
    ----------
    url
        Address to use instead of the service's.
    is_down, is_silent
        Set by the test, at any time.
    """

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        parts = urlsplit(target)
        self.target = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.is_down = False
        self.is_silent = False
        self.is_closing = False
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.BaseRequestHandler):
    """One connection."""

    server: Proxy

    def handle(self) -> None:
        """Copy in both directions until either side, or the test, ends it."""
        with socket.create_connection(self.server.target) as service:
            other = {self.request: service, service: self.request}
            while not (self.server.is_down or self.server.is_closing):
                for ready in select.select(list(other), [], [], _TICK_SECONDS)[0]:
                    data = ready.recv(_CHUNK)
                    if not data or self.server.is_down:
                        return
                    if not self.server.is_silent:
                        other[ready].sendall(data)


@contextmanager
def proxy_to(target: str) -> Iterator[Proxy]:
    """Run a proxy in threads of its own; leaving waits for all of them."""
    with Proxy(target) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(_TICK_SECONDS,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.is_closing = True
            proxy.shutdown()
            thread.join()
