"""Messages as the processor writes them, from a bank that runs a script."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from lodestay.clock import Clock
from simulation.processor.bank import Bank, Call
from simulation.processor.commands import Authorise, Capture, Confirm, GiveBack, PayOut
from simulation.processor.store import Store
from transactional.webhooks.rules import sign

KEY = "the secret that messages of tests are signed with"
DAY = 86_400


@dataclass(frozen=True)
class Played:
    """What a script led to.

    Attributes
    ----------
    number
        What the processor calls the authorisation.
    final
        The authorisation as it is in the end.
    messages
        All that was told, in order.
    """

    number: str
    final: dict[str, Any]
    messages: list[dict[str, Any]]


def play(clock: Clock, script: Sequence[str], *, payment_id: UUID, refunds: Sequence[UUID] = ()) -> Played:
    """Run a script on a payment of a hundred euros.

    Parameters
    ----------
    script
        A payment method, and then any of approve, deny, capture, void, lapse, and refund (3,000 each).
    """
    left = iter(refunds)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "bank.sqlite")
        bank = Bank(store, clock=clock, seed=0, secret=KEY, public_url="http://processor.test")
        order = Authorise(payment_method=script[0], amount_minor=10_000, currency="EUR", reference="r")
        answer = bank.authorise(call("authorise", f"{payment_id}:authorise"), order)
        number = str(answer.body["object"]["id"])
        for step in script[1:]:
            match step:
                case "approve" | "deny":
                    bank.confirm(number, Confirm(approve=step == "approve"))
                case "capture":
                    taking = Capture(amount_minor=9_000, currency="EUR")
                    bank.capture(call("capture", f"{payment_id}:capture"), number, taking)
                case "void":
                    bank.void(call("void", f"{payment_id}:void"), number)
                case "lapse":
                    bank.advance(7 * DAY)
                case "refund":
                    back = GiveBack(authorisation_id=number, amount_minor=3_000, currency="EUR")
                    bank.refund(call("refund", f"{next(left)}:refund"), back)
        played = Played(number, bank.look(number).body["object"], store.messages(after=0, limit=100))
        store.close()
    return played


def payout_message(clock: Clock, payout_id: UUID, *, declined: bool = False) -> dict[str, Any]:
    """What is told of a payout of a hundred euros."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "bank.sqlite")
        bank = Bank(store, clock=clock, seed=0, secret=KEY, public_url="http://processor.test")
        order = PayOut(host_id="h", amount_minor=10_000, currency="EUR", reference="r")
        bank.pay_out(Call("payout", f"{payout_id}:payout", "", declined), order)
        (message,) = store.messages(after=0, limit=10)
        store.close()
    return message


def call(kind: str, key: str) -> Call:
    """An operation under a key."""
    return Call(kind, key, "", declined=False)


def signed(message: dict[str, Any], clock: Clock, *, key: str = KEY) -> tuple[bytes, str]:
    """The body of a message, and the header with its signature."""
    body = orjson.dumps(message)
    return body, sign(body, key=key, at=int(clock.now().timestamp()))
