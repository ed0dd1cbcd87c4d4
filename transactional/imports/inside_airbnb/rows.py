"""One record of a file, read column by column, with what could not be read put aside."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from lodestay.snapshot import Reject

Read = TypeVar("Read")

_NAMELESS: Final = re.compile(r"[\d\s$€£¥.,%:/+-]{1,16}")


def nameless(raw: str) -> str | None:
    """The value, where it is short and has no letter: all else might name somebody."""
    return raw if _NAMELESS.fullmatch(raw) else None


class BadRow(Exception):
    """A column that the record cannot do without is missing or unreadable."""

    def __init__(self, column: str, reason: str, raw: str) -> None:
        super().__init__(reason)
        self.column, self.reason, self.raw = column, reason, raw


class Row:
    """A record by column name.

    Parameters
    ----------
    file, line
        Where it stands; rejects say so.
    rejects
        Gets a reject for every optional value that cannot be read.
    """

    def __init__(self, record: Mapping[str, str], *, file: str, line: int, rejects: list[Reject]) -> None:
        self._record, self._file, self._line, self._rejects = record, file, line, rejects

    def raw(self, column: str) -> str:
        """What the file says; blank for a column that it does not have."""
        return self._record.get(column, "")

    def read(self, column: str, parse: Callable[[str], Read | None]) -> Read | None:
        """Read a value; what cannot be read is rejected and is None."""
        raw = self.raw(column)
        try:
            return parse(raw)
        except ValueError as reason:
            self._rejects.append(Reject(self._file, self._line, column, str(reason), nameless(raw)))
            return None

    def need(self, column: str, parse: Callable[[str], Read | None]) -> Read:
        """Read a value without which the record is of no use.

        Raises
        ------
        BadRow
            It is blank or cannot be read.
        """
        raw = self.raw(column)
        try:
            value = parse(raw)
        except ValueError as reason:
            raise BadRow(column, str(reason), raw) from None
        if value is None:
            raise BadRow(column, "missing", raw)
        return value
