"""Reading from addresses that strangers name, against real servers.

127.0.0.2 stands for a public site in some tests, 127.0.0.1 for a service of our own network.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest

from lodestay.errors import LodestayError
from tests.transactional.feeds.calendars import AIRBNB
from tests.transactional.feeds.servers import Server, answer, certified, redirect, serving
from transactional.feeds import fetching
from transactional.feeds.errors import (
    AddressNotPublic,
    CalendarTooLarge,
    FeedRedirectRefused,
    FeedRefused,
    FeedUnreachable,
    InvalidFeedAddress,
    NotACalendar,
)
from transactional.feeds.fetching import Fetched, PublicFetcher, Validators
from transactional.feeds.lines import MAX_BYTES

BODY = AIRBNB.encode()
PUBLIC, OURS = "127.0.0.2", "127.0.0.1"


class Names:
    """A resolver that gives the answers of a list, the last one for ever, and counts."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        """Look a name up."""
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def fetcher_for(*servers: Server, allow_private: bool = True, names: Names | None = None) -> PublicFetcher:
    """A fetcher that may go to these servers' ports."""
    ports = {server.port for server in servers}
    return PublicFetcher(ports=ports, allow_private=allow_private, resolve=names or Names([OURS]), seconds=20)


async def fetch(server: Server, path: str, known: Validators | None = None) -> Fetched:
    """Read from a server on the loopback, the ban lifted."""
    return await fetcher_for(server).fetch(f"http://calendar.test:{server.port}{path}", known=known)


async def test_a_calendar_comes_with_what_to_ask_by_next_time() -> None:
    """Plain, packed or without a length, the bytes are the same; the Host header names the site."""
    answers = {
        "/plain?s=1": answer(BODY, 'ETag: "v1"', "Last-Modified: Mon, 15 Jun 2026 12:00:00 GMT"),
        "/packed": answer(gzip.compress(BODY), "Content-Encoding: gzip"),
        "/packed-and-more": answer(gzip.compress(BODY) + b"and more", "Content-Encoding: gzip"),
        "/open": answer(BODY, sized=False),
        "/same": answer(status="304 Not Modified"),
    }
    async with serving({**answers}) as server:
        found = await fetch(server, "/plain?s=1")
        assert found == Fetched(BODY, Validators('"v1"', "Mon, 15 Jun 2026 12:00:00 GMT"))
        assert (await fetch(server, "/packed")).body == BODY
        assert (await fetch(server, "/packed-and-more")).body == BODY
        assert (await fetch(server, "/open")).body == BODY
        assert await fetch(server, "/same", found.validators) == Fetched(None, found.validators)
        with pytest.raises(FeedRefused, match="304"):
            await fetch(server, "/same")
    assert f"Host: calendar.test:{server.port}" in server.seen[0]
    assert 'If-None-Match: "v1"' in next(request for request in server.seen if "/same" in request)
    assert "If-None-Match" not in server.seen[-1]
    assert not any(name in server.seen[0] for name in ("Cookie", "Authorization"))


async def test_no_address_is_written_into_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """What comes after the site's name lets anybody read the calendar: neither a log nor an error repeats it."""
    with caplog.at_level("INFO", logger=""):
        async with serving({"/on?s=secret": redirect("/?s=secret"), "/?s=secret": answer(status="500 No")}) as server:
            with pytest.raises(FeedRefused) as refused:
                await fetch(server, "/on?s=secret")
    assert len(server.seen) == 2
    assert "secret" not in caplog.text + str(refused.value) + str(refused.value.extensions)


@pytest.mark.parametrize("status", ["204 No Content", "401 Unauthorized", "404 Not Found", "500 Broken", "302 Found"])
async def test_other_answers_are_refused_by_their_status(status: str) -> None:
    """Anything but success is no calendar, and its text is not repeated to anybody."""
    async with serving({"/": answer(b"secret", status=status)}) as server:
        with pytest.raises(FeedRefused, match=status[:3]) as refused:
            await fetch(server, "/")
    assert "secret" not in refused.value.detail


async def test_redirects_are_followed_a_few_times() -> None:
    """Three hops, relative ones too, not a fourth; never from https to http."""
    hops = {f"/{n}": redirect(f"/{n - 1}") for n in range(1, 5)}
    async with serving({"/0": answer(BODY), **hops, "/back": redirect("ftp://a.test/")}) as server:
        assert (await fetch(server, "/3")).body == BODY
        with pytest.raises(FeedRedirectRefused):
            await fetch(server, "/4")
        with pytest.raises(InvalidFeedAddress):
            await fetch(server, "/back")


async def slowly(writer: asyncio.StreamWriter) -> None:
    """A byte now and then, for ever."""
    writer.write(answer(sized=False))
    while True:
        writer.write(b"B")
        await writer.drain()
        await asyncio.sleep(0.02)


async def endlessly(writer: asyncio.StreamWriter) -> None:
    """Bytes without end, and without a length."""
    writer.write(answer(sized=False))
    while True:
        writer.write(b" " * 65_536)
        await writer.drain()


NOTHING = b"\0\0\0\xff\xff"
"""A block of a packed text that holds nothing."""


async def test_b24_bytes_and_time_are_bounded() -> None:
    """Too long as announced, without end, as a bomb, drop by drop, cut off: each ends soon, by its name."""
    bomb = gzip.compress(bytes(40 * MAX_BYTES))
    assert len(bomb) < MAX_BYTES
    answers = {
        "/announced": answer(b"", f"Content-Length: {MAX_BYTES + 1}", sized=False),
        "/endless": endlessly,
        "/bomb": answer(bomb, "Content-Encoding: gzip"),
        "/nothing-packed": answer(b"\x78\x9c" + NOTHING * (MAX_BYTES // 5 + 1), "Content-Encoding: deflate"),
        "/half": answer(BODY)[:-40],
        "/half-packed": answer(gzip.compress(BODY)[:-20], "Content-Encoding: gzip"),
        "/garbage": answer(b"not packed", "Content-Encoding: gzip"),
        "/brotli": answer(BODY, "Content-Encoding: br"),
        "/nested": answer(gzip.compress(gzip.compress(BODY)), "Content-Encoding: gzip, gzip"),
        "/slow": slowly,
    }
    expected = {
        "/announced": CalendarTooLarge,
        "/endless": CalendarTooLarge,
        "/bomb": CalendarTooLarge,
        "/nothing-packed": CalendarTooLarge,
        "/half": FeedUnreachable,
        "/half-packed": FeedUnreachable,
        "/garbage": NotACalendar,
        "/brotli": NotACalendar,
        "/nested": NotACalendar,
    }
    async with serving(answers) as server:
        for path, error in expected.items():
            with pytest.raises(error):
                await fetch(server, path)
        hasty = PublicFetcher(ports={server.port}, allow_private=True, seconds=0.3)
        with pytest.raises(FeedUnreachable, match="seconds"):
            await hasty.fetch(f"http://127.0.0.1:{server.port}/slow", known=None)


async def test_b24_control_without_a_bound_the_bomb_goes_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limit lifted the bomb unpacks to what it promised."""
    size = 4 * MAX_BYTES
    monkeypatch.setattr(fetching, "MAX_BYTES", 2 * size)
    async with serving({"/": answer(gzip.compress(bytes(size)), "Content-Encoding: gzip")}) as server:
        found = await fetch(server, "/")
    assert found.body is not None
    assert len(found.body) == size


@pytest.fixture
def one_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 127.0.0.2 be a public address."""
    monkeypatch.setattr(fetching, "is_public", lambda address: address == PUBLIC)


async def reached(names: Names, ways: dict[str, str]) -> tuple[bytes | type[LodestayError] | None, Server]:
    """What a fetch from the public site brings, and our service with what it saw.

    Parameters
    ----------
    ways
        Paths of the public site that lead on, `{port}` standing for our service's port.
    """
    async with (
        serving({"/": answer(b"ours")}, host=OURS) as ours,
        serving({}, host=PUBLIC) as public,
    ):
        public.answers = {"/": answer(BODY)}
        public.answers |= {path: redirect(to.format(port=ours.port)) for path, to in ways.items()}
        # Both listen on the port that a rebound name would be asked at.
        fetcher = fetcher_for(ours, public, allow_private=False, names=names)
        path, port = (next(iter(ways)), public.port) if ways else ("/", ours.port)
        try:
            found = await fetcher.fetch(f"http://calendar.test:{port}{path}", known=None)
        except LodestayError as error:
            return type(error), ours
        return found.body, ours


@pytest.mark.usefixtures("one_is_public")
@pytest.mark.parametrize("to", ["http://127.0.0.1:{port}/", "http://inside.test:{port}/", "http://2130706433:{port}/"])
async def test_b24_a_redirect_into_our_network_is_refused(to: str) -> None:
    """A public site that leads to ours, by number or by name: nobody of ours is asked."""
    names = Names([PUBLIC], [OURS])
    found, ours = await reached(names, {"/on": to})
    assert (found, ours.seen) == (AddressNotPublic, [])


@pytest.mark.usefixtures("one_is_public")
async def test_b24_control_unchecked_redirects_reach_our_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """With only the first hop looked at, the same redirect is answered by our service."""
    pinned, looked_at = PublicFetcher._pinned, []

    async def once(self: PublicFetcher, url: httpx2.URL) -> str:
        if not looked_at:
            looked_at.append(url)
            return await pinned(self, url)
        return (await self._resolve(url.host, 0))[0]

    monkeypatch.setattr(PublicFetcher, "_pinned", once)
    found, ours = await reached(Names([PUBLIC], [OURS]), {"/on": "http://inside.test:{port}/"})
    assert (found, len(ours.seen)) == (b"ours", 1)


@pytest.mark.usefixtures("one_is_public")
async def test_b24_a_rebound_name_is_not_asked_again() -> None:
    """The connection goes to the address that was looked at, although the name leads to ours a moment later."""
    names = Names([PUBLIC], [OURS])
    found, ours = await reached(names, {})
    assert (found, ours.seen, names.asked) == (FeedUnreachable, [], 1)  # nobody listens there on that port


@pytest.mark.usefixtures("one_is_public")
async def test_b24_control_looking_up_twice_reaches_our_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the name looked up again to connect, the same name is answered by our service."""
    pinned = PublicFetcher._pinned

    async def twice(self: PublicFetcher, url: httpx2.URL) -> str:
        await pinned(self, url)
        return (await self._resolve(url.host, 0))[0]

    monkeypatch.setattr(PublicFetcher, "_pinned", twice)
    found, ours = await reached(Names([PUBLIC], [OURS]), {})
    assert (found, len(ours.seen)) == (b"ours", 1)


@pytest.mark.usefixtures("one_is_public")
async def test_b24_one_private_address_of_several_is_enough() -> None:
    """A name with a public and a private address is refused, whichever comes first."""
    for found in ([PUBLIC, OURS], [OURS, PUBLIC]):
        body, ours = await reached(Names(found), {})
        assert (body, ours.seen) == (AddressNotPublic, [])


async def test_the_systems_resolver_is_asked_and_believed_no_more_than_others() -> None:
    """`localhost`, and numbers that resolvers read as 127.0.0.1, are private; a name that is none is said so."""
    fetcher = PublicFetcher(ports={80})
    for host in ("localhost", "2130706433", "0x7f.1", "017700000001"):
        with pytest.raises(AddressNotPublic):
            await fetcher.fetch(f"http://{host}/", known=None)

    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError

    for resolve in (unknown, Names([])):
        with pytest.raises(FeedUnreachable, match="not known"):
            await PublicFetcher(resolve=resolve).fetch("https://nowhere.test/", known=None)


async def test_tls_speaks_of_the_name_although_the_address_is_pinned(tmp_path: Path) -> None:
    """The certificate is held against the site's name; another name on the same address does not pass."""
    server_tls, client_tls = certified(tmp_path, "calendar.test")
    asked: list[str | None] = []

    def note_name(_socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        asked.append(name)

    server_tls.sni_callback = note_name  # type: ignore[assignment]
    async with serving({"/": answer(BODY), "/down": redirect("http://calendar.test/")}, tls=server_tls) as server:
        fetcher = PublicFetcher(ports={80, server.port}, allow_private=True, resolve=Names([OURS]), tls=client_tls)
        assert (await fetcher.fetch(f"https://calendar.test:{server.port}/", known=None)).body == BODY
        with pytest.raises(FeedUnreachable):
            await fetcher.fetch(f"https://other.test:{server.port}/", known=None)
        with pytest.raises(FeedRedirectRefused, match="http://"):
            await fetcher.fetch(f"https://calendar.test:{server.port}/down", known=None)
    assert asked[:2] == ["calendar.test", "other.test"]
