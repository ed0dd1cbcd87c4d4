"""What can go wrong with local services."""

from __future__ import annotations

from lodestay.errors import Conflict, InvalidInput, ServiceUnavailable, SetupIncomplete


class UnknownService(InvalidInput):
    """A service was named that does not exist."""


class ServiceDidNotStart(ServiceUnavailable):
    """A service ended, or stayed silent, while it was being started."""


class SupervisorBusy(Conflict):
    """Another ``lodestay up`` or ``down`` of the same home has been at work for too long."""


class FolderInUse(Conflict):
    """A folder that is to go is still written to, or not ours to remove."""


class PrerequisiteMissing(SetupIncomplete):
    """A program that Lodestay does not bring itself is not on this machine, or too old."""


class DownloadFailed(SetupIncomplete):
    """A part could not be fetched, or arrived with other bytes than those that are pinned."""


class AccountUnusable(SetupIncomplete):
    """The account that services run under when root starts them is missing or unsafe."""
