"""Load over HTTP/1.1 that costs little itself: bytes made before, sockets kept open, answers read by their length.

The generator shares the cores with what it measures, so a client library would be part of the figure.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

import uvloop

_TICK = 0.001


@dataclass
class Outcome:
    """What calls came to.

    Attributes
    ----------
    statuses
        Answers by HTTP status; 0 where the connection broke.
    seconds
        Of each answer that was a 2xx, from when it was due.
    moments
        When each of them came, by `perf_counter`.
    calls
        What each of them answered.
    bodies
        Of the 2xx, where they are kept.
    elapsed
        Wall-clock seconds of the whole.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    calls: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    elapsed: float = 0.0

    @property
    def done(self) -> int:
        """How many were answered with a 2xx."""
        return len(self.seconds)

    @property
    def rate(self) -> float:
        """2xx a second."""
        return self.done / self.elapsed

    @property
    def attempts(self) -> float:
        """Answers a second, whatever they were."""
        return self.statuses.total() / self.elapsed

    @property
    def faults(self) -> int:
        """5xx and broken connections."""
        return sum(count for status, count in self.statuses.items() if status == 0 or status >= 500)


class Load:
    """Sends calls from an iterator to processes of this machine, each to the one with the fewest under way.

    Parameters
    ----------
    ports
        Where the processes listen.
    calls
        HTTP requests, whole.
    connections
        Sockets; each has one call under way at a time.
    rate
        Calls a second that fall due whether or not earlier ones are answered (an open loop); None sends
        the next as soon as one is answered (a closed loop).
    keep_bodies
        Whether to keep what the 2xx said.
    """

    def __init__(
        self,
        ports: Sequence[int],
        calls: Iterator[bytes],
        *,
        connections: int,
        rate: float | None,
        keep_bodies: bool = False,
    ) -> None:
        self.outcome = Outcome()
        self._ports = ports
        self._calls = calls
        self._connections = connections
        self._rate = rate
        self._keep_bodies = keep_bodies
        self._idle: list[deque[_Socket]] = [deque() for _ in ports]
        self._due: deque[float] = deque()
        self._until = 0.0
        self._open = 0
        self._finished: asyncio.Future[None]

    def run(self, seconds: float) -> Outcome:
        """Send for some seconds, or until the calls are used up, and wait for the last answers."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run(seconds))
        return self.outcome

    async def _run(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._finished = loop.create_future()
        sockets = [await self._connected(loop, number % len(self._ports)) for number in range(self._connections)]
        begun = perf_counter()
        self._until = begun + seconds
        self._open = len(sockets)
        if self._rate is None:
            for each in sockets:
                self.next_of(each)
        else:
            for each in sockets:
                self._idle[each.server].append(each)
            await self._tick(begun, self._rate)
        await self._finished
        self.outcome.elapsed = perf_counter() - begun
        for each in sockets:
            each.close()

    async def _connected(self, loop: asyncio.AbstractEventLoop, server: int) -> _Socket:
        return (await loop.create_connection(lambda: _Socket(self, server), "127.0.0.1", self._ports[server]))[1]

    async def _tick(self, begun: float, rate: float) -> None:
        sent = 0
        while (now := perf_counter()) < self._until:
            while begun + sent / rate <= now:
                self._due.append(begun + sent / rate)
                sent += 1
            while self._due and (idle := self._idlest()):
                self.next_of(idle.popleft())  # in turn: servers hang up on those that are idle for seconds
            await asyncio.sleep(_TICK)
        while idle := self._idlest():
            self.next_of(idle.popleft())

    def _idlest(self) -> deque[_Socket]:
        """Idle sockets of the server that has most of them; none where there are none."""
        return max(self._idle, key=len)

    def next_of(self, each: _Socket) -> None:
        """Give a socket its next call; or put it aside until one is due."""
        now = perf_counter()
        due = now
        if self._rate is not None:
            if not self._due and now < self._until:
                self._idle[each.server].append(each)
                return
            due = self._due.popleft() if self._due else self._until
        call = next(self._calls, None) if due < self._until else None
        if call is None:
            self._open -= 1
            if not self._open and not self._finished.done():
                self._finished.set_result(None)
            return
        each.send(call, due)

    def answered(self, each: _Socket, status: int, body: bytes, due: float) -> None:
        """Take an answer in."""
        self.outcome.statuses[status] += 1
        if 200 <= status < 300:
            now = perf_counter()
            self.outcome.seconds.append(now - due)
            self.outcome.moments.append(now)
            self.outcome.calls.append(each.call)
            if self._keep_bodies:
                self.outcome.bodies.append(body)
        self.next_of(each)

    def broken(self) -> None:
        """Count a connection that the server cut."""
        self.outcome.statuses[0] += 1
        self._open -= 1
        if not self._open and not self._finished.done():
            self._finished.set_result(None)


class _Socket(asyncio.Protocol):
    """One connection, to the server with that place in the list, with one call under way."""

    def __init__(self, load: Load, server: int) -> None:
        self._load = load
        self.server = server
        self._read = b""
        self._due: float | None = None
        self._transport: asyncio.Transport
        self.call = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def send(self, call: bytes, due: float) -> None:
        """Send a call."""
        self._due, self.call = due, call
        self._transport.write(call)

    def data_received(self, data: bytes) -> None:
        """Read until the answer is whole."""
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        if not end:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0])
        if len(body) < length or self._due is None:
            return
        self._read, due, self._due = b"", self._due, None
        self._load.answered(self, int(head[9:12]), body, due)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the interface)
        """Tell of a call that will never be answered."""
        if self._due is not None:
            self._due = None
            self._load.broken()

    def close(self) -> None:
        """Hang up."""
        self._transport.close()
