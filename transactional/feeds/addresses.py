"""Which addresses a calendar may be read from: pure.

A host names an address and the platform goes there from inside its own network, so that every address is
somebody's try at that network until it was looked at (OWASP API7). A name is never judged, only the
addresses that it leads to, and of these only those that are plainly public are gone to.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from transactional.feeds.errors import ASK_THE_SITE, AddressNotPublic, InvalidFeedAddress

PUBLIC_PORTS = frozenset({80, 443})
MAX_LENGTH = 2_000
DEFAULT_PORTS = {"http": 80, "https": 443}

# Beside what the registries call "not global": ways to write a private address inside a public one, which a
# gateway on our side would undo, and networks that older Pythons do not know of.
_NEVER = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "240.0.0.0/4",
        "::/96",  # IPv4-compatible
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",  # Teredo, ORCHID and other protocols
        "2002::/16",  # 6to4
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)


def is_public(address: str) -> bool:
    """Whether an IP address lies on the public internet, whichever way it is written."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return False  # a resolver gives IPv4 addresses as such
    if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        return False
    return parsed.is_global and not parsed.is_multicast and not any(_lies_in(parsed, each) for each in _NEVER)


def checked(url: str, *, ports: Collection[int] = PUBLIC_PORTS, allow_private: bool = False) -> str:
    """An address as it is gone to, without a fragment, ``webcal:`` as ``https:``.

    Raises
    ------
    InvalidFeedAddress, AddressNotPublic
        Nothing is fetched from there.
    """
    if len(url) > MAX_LENGTH or not url.isascii() or not url.isprintable() or any(c in url for c in ' "<>\\^`{|}'):
        raise InvalidFeedAddress("The address has characters that no address has, or too many.", hint=ASK_THE_SITE)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidFeedAddress("The address cannot be read.", hint=ASK_THE_SITE) from None
    scheme = "https" if parts.scheme == "webcal" else parts.scheme
    if scheme not in DEFAULT_PORTS:
        raise InvalidFeedAddress("The address begins with neither https:// nor http://.", hint=ASK_THE_SITE)
    if not parts.hostname:
        raise InvalidFeedAddress("The address names no site.", hint=ASK_THE_SITE)
    if parts.username is not None or parts.password is not None:
        raise InvalidFeedAddress("The address carries a name or a password.", hint="Use one without.")
    if (port or DEFAULT_PORTS[scheme]) not in ports:
        raise InvalidFeedAddress(f"Nothing is read from port {port}.", hint=ASK_THE_SITE)
    if not allow_private and _is_literal(parts.hostname) and not is_public(parts.hostname):
        raise AddressNotPublic(parts.hostname)
    return SplitResult(scheme, parts.netloc, parts.path or "/", parts.query, "").geturl()


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _lies_in(address: IPv4Address | IPv6Address, network: IPv4Network | IPv6Network) -> bool:
    if isinstance(address, IPv4Address):
        return isinstance(network, IPv4Network) and address in network
    return isinstance(network, IPv6Network) and address in network
