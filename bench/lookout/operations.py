"""Every kind of operation, and how often it is drawn."""

from __future__ import annotations

from typing import Final

from bench.lookout import guests, hosts
from bench.lookout.turns import Operation

OPERATIONS: Final = (
    Operation("hold or book", 20, guests.book),
    Operation("request", 3, guests.request),
    Operation("answer a request", 4, guests.answer),
    Operation("confirm a hold", 8, guests.confirm),
    Operation("cancel", 10, guests.cancel),
    Operation("no-show or early departure", 4, guests.end_early),
    Operation("change a booking", 5, guests.modify),
    Operation("answer a proposal", 3, guests.answer_proposal),
    Operation("block", 6, hosts.block),
    Operation("unblock", 5, hosts.unblock),
    Operation("edit nights", 8, hosts.edit_nights),
    Operation("edit the rate plan", 7, hosts.edit_rate_plan),
    Operation("season", 3, hosts.season),
    Operation("on or off the market", 4, hosts.switch),
    Operation("import", 6, hosts.read_feeds),
    Operation("sweep", 3, hosts.sweep),
)
"""A new kind of operation is a function and a line here."""
WEIGHTS: Final = tuple(operation.weight for operation in OPERATIONS)
