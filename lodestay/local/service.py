"""What a local service is: how it is started, where it answers and how one sees that it does."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from lodestay.local.account import Account
from lodestay.local.process import Launch

Report = Callable[[str, str], None]
"""Called with a service's name and one line that says what it is doing."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a service is set up.

    Attributes
    ----------
    home
        Folder of everything local of this checkout.
    account
        Account of services that refuse root; None when we are not root.
    ground
        Folder for the files of that account: `home`, unless the account cannot enter it.
    port
        Free TCP port on the loopback that the service is to take.
    report
        Tells a person about long steps.
    """

    home: Path
    account: Account | None
    ground: Path
    port: int
    report: Callable[[str], None]


class Service(ABC):
    """One local service.

    Attributes
    ----------
    variable
        Setting that carries its address (set by a person: the service is outside), or None.
    needs
        Services that must answer before this one starts.
    patience, grace
        Seconds it may take to start, and to stop when asked to.
    proving
        Seconds that its process must live to count as started: for services without an address.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    variable: ClassVar[str | None] = None
    needs: ClassVar[tuple[str, ...]] = ()
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    patience: ClassVar[float] = 60.0
    proving: ClassVar[float] = 0.0
    grace: ClassVar[float] = 20.0

    @abstractmethod
    def launch(self, site: Site) -> Launch:
        """Prepare its files (quickly when they are there already) and say how to start it."""

    def address(self, site: Site) -> str | None:
        """Address under which it will answer, or None when it only works for others."""
        del site
        return None

    def silence(self, address: str) -> str | None:
        """None when it answers there, else why it does not, in a few words."""
        del address
        return None

    def settle(self, address: str) -> None:
        """Do what is to be done once it answers."""
        del address
