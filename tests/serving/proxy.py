"""A TCP proxy in front of a real service, to take the service away and bring it back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class Proxy:
    """Passes bytes on; can be told to drop every connection, or to take requests and never answer.

    Attributes
    ----------
    url
        Address to use instead of the service's.
    is_down, is_silent
        Set by the test, at any time.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.is_down = False
        self.is_silent = False
        self.url = ""

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        """Run until `stop`."""
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.url = "http://{}:{}".format(*server.sockets[0].getsockname()[:2])
        ready.set()
        await stop.wait()
        server.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.read(65_536):
                if self.is_down:
                    break
                if self.is_silent:
                    continue
                await self._exchange(request, reader, writer)
        finally:
            writer.close()

    async def _exchange(self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join the caller to the service from here on."""
        service_reader, service_writer = await asyncio.open_connection(*self._target)
        service_writer.write(request)
        there = asyncio.create_task(self._copy(reader, service_writer))
        back = asyncio.create_task(self._copy(service_reader, writer))
        await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        for task in (there, back):
            task.cancel()
        service_writer.close()

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            if self.is_down:
                return
            if not self.is_silent:
                sink.write(data)
                await sink.drain()


@contextmanager
def proxy_to(target: str) -> Iterator[Proxy]:
    """Run a proxy in a thread of its own."""
    proxy, ready, loop, stop = Proxy(target), threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(proxy.serve(ready, stop)))
    thread.start()
    ready.wait()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()
