"""Every kind of operation, and how often it is drawn."""

from __future__ import annotations

from typing import Final

from bench.proof import feeds, hosts, modifying, money, stays
from bench.proof.turns import Operation

OPERATIONS: Final = (
    Operation("quote", 5, stays.quote),
    Operation("hold", 16, stays.hold),
    Operation("request", 7, stays.request),
    Operation("accept", 7, stays.accept),
    Operation("decline", 3, stays.decline),
    Operation("cancel", 7, stays.cancel),
    Operation("no-show or early departure", 3, stays.end_early),
    Operation("sweep", 6, stays.sweep),
    Operation("block", 3, hosts.block),
    Operation("unblock", 4, hosts.unblock),
    Operation("import", 3, feeds.read),
    Operation("propose a change", 6, modifying.propose),
    Operation("answer a proposal", 4, modifying.answer),
    Operation("pay", 12, money.pay),
    Operation("work", 20, money.work),
    Operation("webhook", 14, money.webhook),
    Operation("waiting webhooks", 1, money.take_waiting),
    Operation("challenge", 4, money.challenge),
    Operation("payouts", 2, money.payouts),
    Operation("mend", 1, money.mend),
)
"""A new kind of operation is a function and a line here."""
WEIGHTS: Final = tuple(operation.weight for operation in OPERATIONS)
RUSHED: Final = ("hold", "hold", "hold", "accept", "pay", "cancel", "propose a change", "answer a proposal", "block")
RUSHES: Final = tuple(operation for name in RUSHED for operation in OPERATIONS if operation.name == name)
"""What all lanes of a history do at the same time."""
FIRST: Final = OPERATIONS[0]
"""What is done where there is nothing yet to do anything to."""
