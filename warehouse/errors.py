"""What can go wrong in the warehouse."""

from __future__ import annotations

from typing import ClassVar

from lodestay.errors import InvalidInput, NotFound, SetupIncomplete


class InvalidQuery(InvalidInput):
    """SQL that the warehouse cannot run."""

    title = "Invalid query"


class NoSuchRelation(NotFound):
    """A query reads a relation that the warehouse does not have."""

    title = "No such relation"
    exit_code = 2


class EmptyLake(NotFound):
    """A dataset that a query reads has never been written."""

    title = "Nothing in the lake yet"
    exit_code = 3


class DamagedFile(SetupIncomplete):
    """A file of the lake is there and cannot be read."""

    title = "Damaged file in the lake"


class InvalidContract(SetupIncomplete):
    """A contract file and its model do not agree on their form."""

    title = "Invalid contract"


class BrokenContract(SetupIncomplete):
    """A model was built and its rows break its contract; the marts on disk stay as they were."""

    title: ClassVar[str] = "Broken contract"
