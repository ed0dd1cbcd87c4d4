"""Read a calendar from an address that a stranger named.

Before each hop the name is looked up once, every address it has must be public, and the connection goes to
the address that was looked at: a name that leads elsewhere a moment later (DNS rebinding) is not asked again.
TLS and the Host header still speak of the name. Redirects are followed by hand, each through the same checks.
Everything is bounded: hops, bytes on the wire, bytes unpacked, and time as a whole, so that neither a bomb nor
a slow drip holds a worker. No proxy, cookie or credential of ours goes along.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import httpx2

from transactional.feeds.addresses import DEFAULT_PORTS, PUBLIC_PORTS, checked, is_public
from transactional.feeds.errors import (
    ASK_THE_SITE,
    AddressNotPublic,
    CalendarTooLarge,
    FeedRedirectRefused,
    FeedRefused,
    FeedUnreachable,
    InvalidFeedAddress,
    NotACalendar,
)
from transactional.feeds.lines import MAX_BYTES

MAX_REDIRECTS = 3
SECONDS = 20.0
"""For everything: looking up, connecting, each redirect and the whole text."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_VALIDATOR = 500
HEADERS = {
    "Accept": "text/calendar, text/plain;q=0.5, */*;q=0.1",
    "Accept-Encoding": "gzip",
    "User-Agent": "Lodestay-Calendar/1",
}
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
LATER = "It is read again by itself."

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks a name up: every IP address that it has."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What an answer gave to ask with whether it is still the same."""

    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A calendar's bytes; None where they are those of the last time."""

    body: bytes | None
    validators: Validators


class Fetcher(Protocol):
    """What reads calendars."""

    async def fetch(self, url: str, *, known: Validators | None) -> Fetched:
        """Read one.

        Parameters
        ----------
        known
            What the last answer gave; None for the whole text in any case.

        Raises
        ------
        LodestayError
            Why it cannot be read, in a sentence for the host: one of those of `transactional.feeds.errors`.
        """


async def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class PublicFetcher:
    """Reads calendars from the public internet, and from nowhere else.

    Parameters
    ----------
    ports
        Ports that are gone to.
    allow_private
        Lift the ban on private addresses: for tests against a server of their own, never in production.
    resolve
        Looks names up.
    tls
        What certificates are held against; None is the machine's authorities.
    """

    def __init__(
        self,
        *,
        ports: Collection[int] = PUBLIC_PORTS,
        allow_private: bool = False,
        resolve: Resolve = look_up,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._ports = ports
        self._allow_private = allow_private
        self._resolve = resolve
        self._tls = tls or ssl.create_default_context()
        self._seconds = seconds

    async def fetch(self, url: str, *, known: Validators | None) -> Fetched:
        """Read one (see :class:`Fetcher`)."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(url, known)
        except TimeoutError:
            raise FeedUnreachable(f"The site took more than {self._seconds:.0f} seconds.", hint=LATER) from None
        except httpx2.TransportError:
            raise FeedUnreachable("The site does not answer, or broke off.", hint=LATER) from None
        except (httpx2.InvalidURL, UnicodeError):
            raise InvalidFeedAddress("The address cannot be read.", hint=ASK_THE_SITE) from None

    async def _follow(self, address: str, known: Validators | None) -> Fetched:
        url = self._checked(address)
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._ask(url, known)
            if isinstance(answer, Fetched):
                return answer
            if url.scheme == "https" and answer.scheme != "https":
                raise FeedRedirectRefused("The site leads from https:// to http://.", hint=ASK_THE_SITE)
            url = self._checked(str(answer))
        raise FeedRedirectRefused(f"The site leads on more than {MAX_REDIRECTS} times.", hint=ASK_THE_SITE)

    def _checked(self, address: str) -> httpx2.URL:
        url = httpx2.URL(checked(address, ports=self._ports, allow_private=self._allow_private))
        if url.userinfo or _port(url) not in self._ports:  # whatever two readers of addresses disagree on
            raise InvalidFeedAddress("The address can be read in two ways.", hint=ASK_THE_SITE)
        return url

    async def _pinned(self, url: httpx2.URL) -> str:
        """The address to connect to: looked up once, and looked at."""
        host = url.raw_host.decode("ascii")
        try:
            found = await self._resolve(host, _port(url))
        except OSError:
            raise FeedUnreachable(f"The name {host} is not known.", hint=ASK_THE_SITE) from None
        if not found:
            raise FeedUnreachable(f"The name {host} is not known.", hint=ASK_THE_SITE)
        if not self._allow_private and not all(map(is_public, found)):
            raise AddressNotPublic(host)
        return found[0]

    async def _ask(self, url: httpx2.URL, known: Validators | None) -> Fetched | httpx2.URL:
        """One hop: the calendar, or the address that the site leads on to."""
        name = url.raw_host.decode("ascii")
        headers = {"Host": url.netloc.decode("ascii"), **HEADERS, **_conditions(known)}
        target = url.copy_with(host=await self._pinned(url))
        timeout = httpx2.Timeout(self._seconds).as_dict()
        request = httpx2.Request("GET", target, headers=headers, extensions={"sni_hostname": name, "timeout": timeout})
        # Not a client: that writes every address into the log, and a feed's is its host's secret.
        async with (
            httpx2.AsyncHTTPTransport(verify=self._tls, trust_env=False) as transport,
            aclosing(await transport.handle_async_request(request)) as answer,
        ):
            if answer.status_code in REDIRECTS and "Location" in answer.headers:
                return url.join(answer.headers["Location"])
            if answer.status_code == 304 and known is not None:  # noqa: PLR2004 - not modified
                return Fetched(None, known)
            if answer.status_code != 200:  # noqa: PLR2004 - success
                raise FeedRefused(name, answered=answer.status_code)
            validators = Validators(_short(answer.headers.get("ETag")), _short(answer.headers.get("Last-Modified")))
            return Fetched(await _whole(answer), validators)


async def _whole(answer: httpx2.Response) -> bytes:
    """The text, unpacked, never more than is read of a calendar."""
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > MAX_BYTES:
        raise CalendarTooLarge(limit=MAX_BYTES)
    packing = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise NotACalendar(f"The text is packed as {packing[:20]!r}.", hint=ASK_THE_SITE)
    parts: AsyncIterator[bytes] = answer.aiter_raw()
    if packing not in {"", "identity"}:
        parts = _unpacked(parts)
    body = bytearray()
    async for part in parts:
        body += part
        if len(body) > MAX_BYTES:
            raise CalendarTooLarge(limit=MAX_BYTES)
    return bytes(body)


async def _unpacked(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Unpack piece by piece, each piece no larger than a calendar may be: a bomb goes off outside of memory.

    What is packed may be no larger either, though it unpack to nothing; what follows its end is not read.
    """
    unpacker, packed = zlib.decompressobj(GZIP_OR_ZLIB), 0
    try:
        async for part in parts:
            packed += len(part)
            yield unpacker.decompress(part, MAX_BYTES + 1)
            if unpacker.unconsumed_tail or packed > MAX_BYTES:
                raise CalendarTooLarge(limit=MAX_BYTES)
            if unpacker.eof:
                return
    except zlib.error:
        raise NotACalendar("The text cannot be unpacked.", hint=LATER) from None
    if not unpacker.eof:
        raise FeedUnreachable("The site broke off.", hint=LATER)


def _conditions(known: Validators | None) -> dict[str, str]:
    if known is None:
        return {}
    said = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in said.items() if value is not None}


def _short(validator: str | None) -> str | None:
    """A validator that is worth keeping."""
    plain = (
        validator is not None and len(validator) <= MAX_VALIDATOR and validator.isascii() and validator.isprintable()
    )
    return validator if plain else None


def _port(url: httpx2.URL) -> int:
    return url.port or DEFAULT_PORTS[url.scheme]
