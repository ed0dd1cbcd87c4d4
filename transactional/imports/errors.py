"""What stops an import."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from lodestay.errors import Conflict, InvalidInput, NotFound


class UnreadableSource(InvalidInput):
    """A file of the source is missing, damaged or of another kind; nothing was written."""

    title = "The source cannot be read"

    def __init__(self, path: Path, problem: str, *, hint: str) -> None:
        super().__init__(f"{path}: {problem}", hint=hint, path=str(path))


class UnusableMarketName(InvalidInput):
    """A market's name of which no key can be made."""

    title = "The market needs another name"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"No key can be made of the market's name {name!r}.",
            hint="Give it a name with Latin letters or digits: --market Tokyo.",
        )


class OlderSnapshot(Conflict):
    """The market already holds a newer snapshot of the same source."""

    title = "A newer snapshot is already there"

    def __init__(self, market_key: str, *, given: date, held: date) -> None:
        super().__init__(
            f"The snapshot of {given} is older than the one of {held} that market {market_key!r} holds.",
            hint=f"Import a snapshot of {held} or later, or give this one its own market with --market.",
            market_key=market_key,
            given=given.isoformat(),
            held=held.isoformat(),
        )


class OtherCurrency(Conflict):
    """The market's prices are in another currency already."""

    title = "The market has another currency"

    def __init__(self, market_key: str, *, given: str, held: str) -> None:
        super().__init__(
            f"Market {market_key!r} is priced in {held}, the snapshot in {given}.",
            hint=f"Import with --currency {held}, or into another market with --market.",
            market_key=market_key,
        )


class UnknownRun(NotFound):
    """No import has that number."""

    title = "No such import"

    def __init__(self, run: str) -> None:
        super().__init__(f"There is no import run {run!r}.", hint="The summary of an import names its run.", run=run)
