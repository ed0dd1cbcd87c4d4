"""Which addresses are gone to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transactional.feeds.calendars import PROPERTY, caught
from transactional.feeds import addresses
from transactional.feeds.addresses import checked, is_public
from transactional.feeds.errors import AddressNotPublic, InvalidFeedAddress

PRIVATE = st.sampled_from(
    [
        "10.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "0.0.0.0/8",
        "192.0.0.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "fe80::/10",
        "fc00::/7",
        "ff00::/8",
        "fec0::/10",
        "::1/128",
        "::/128",
    ]
).flatmap(lambda network: st.ip_addresses(network=network))
V4 = st.ip_addresses(v=4).map(int)
# Any IPv4 address in an IPv6 one: a gateway may take it out again, so that none of them is gone to.
HIDDEN = st.tuples(
    V4,
    st.sampled_from(
        [
            lambda v4: (0xFFFF << 32) | v4,  # mapped
            lambda v4: v4,  # compatible
            lambda v4: (0x0064FF9B << 96) | v4,  # NAT64
            lambda v4: (0x0064FF9B0001 << 80) | v4,  # NAT64, local
            lambda v4: (0x2002 << 112) | (v4 << 80),  # 6to4
            lambda v4: (0x20010000 << 96) | (v4 ^ 0xFFFFFFFF),  # Teredo
        ]
    ),
).map(lambda pair: IPv6Address(pair[1](pair[0])))


def refused(url: str) -> bool:
    """Whether an address is refused as one that is not public."""
    try:
        checked(url)
    except AddressNotPublic:
        return True
    return False


@PROPERTY
@given(address=st.one_of(PRIVATE, HIDDEN))
def no_private_address_is_public(address: IPv4Address | IPv6Address) -> None:
    """Not loopback, link-local, carrier's, multicast or reserved, and none of these in an IPv6 dress."""
    for written in (str(address), address.exploded):
        assert not addresses.is_public(written)
        assert refused(f"https://{f'[{written}]' if ':' in written else written}/calendar.ics")


def test_b24_no_private_address_is_gone_to() -> None:
    """However an address is dressed up, what is not plainly public is refused."""
    no_private_address_is_public()


def test_b24_control_the_usual_check_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `is_private` alone, as many services have it, the property does not hold (fluid-calendar#212)."""
    monkeypatch.setattr(addresses, "is_public", lambda address: not ip_address(address).is_private)
    caught(no_private_address_is_public)


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses_are(address: str) -> None:
    """Plain addresses of the internet pass."""
    assert is_public(address)


@pytest.mark.parametrize("address", ["localhost", "", "1.2.3", "fe80::1%eth0", "2606::1%lo", "::ffff:8.8.8.8"])
def test_what_is_no_plain_address_is_not_public(address: str) -> None:
    """Names, scoped and mapped addresses are nothing that a resolver gives for a public site."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://site.example/a.ics",
        "file:///etc/passwd",
        "gopher://site.example/",
        "https://",
        "https:///a.ics",
        "https://user@site.example/a.ics",
        "https://user:word@site.example/a.ics",
        "https://:@site.example/a.ics",
        "https://site.example:22/a.ics",
        "https://site.example:99999/a.ics",
        "https://site.example:x/a.ics",
        "https://site.example/a b.ics",
        "https://site.example\\@10.0.0.1/",
        "https://site.example/\r\nHost: other",
        "https://s\u00efte.example/",
        "https://[::1/",
        "https://site.example/" + "a" * 2_000,
        "//site.example/a.ics",
        "a.ics",
    ],
)
def test_other_addresses_are_refused_by_name(url: str) -> None:
    """Schemes, credentials, ports and characters that no calendar's address has."""
    with pytest.raises(InvalidFeedAddress):
        checked(url)


def test_an_address_is_kept_as_it_is_gone_to() -> None:
    """`webcal:` means https, a fragment goes nowhere, and a port must be allowed."""
    assert checked("webcal://site.example/a.ics?s=1#top") == "https://site.example/a.ics?s=1"
    assert checked("HTTPS://Site.example") == "https://Site.example/"
    assert checked("http://site.example:8080/a", ports={8080}) == "http://site.example:8080/a"
    assert checked("http://127.0.0.1/a", allow_private=True) == "http://127.0.0.1/a"


@PROPERTY
@given(url=st.one_of(st.text(max_size=60), st.text(max_size=40).map(lambda text: f"https://{text}")))
def test_any_text_is_an_address_or_refused(url: str) -> None:
    """Whatever a host pastes is refused by name, or begins with a scheme that is spoken."""
    try:
        address = checked(url)
    except (InvalidFeedAddress, AddressNotPublic):
        return
    assert address.startswith(("https://", "http://"))
