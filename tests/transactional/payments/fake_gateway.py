"""A processor in memory, with faults on request: for tests of what uses the gateway.

It behaves as the simulator over HTTP does (``simulation/processor``), by the same payment methods. Every
operation is done once a key; a key whose answer was not final yet (`action_required`, or no answer at
all) tells, sent again, what has become of it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from lodestay.money import Money
from transactional.payments.gateway import Outcome, ProcessorUnavailable, Result


class Fault(StrEnum):
    """What may go wrong with one call."""

    TIMEOUT_BEFORE = "timeout_before"
    """No answer, and nothing was done."""
    TIMEOUT_AFTER = "timeout_after"
    """No answer, and it was done."""
    DECLINE = "decline"


@dataclass
class Authorisation:
    """An authorisation, as the processor has it."""

    processor_id: str
    key: str
    reference: str
    amount: Money
    status: str
    code: str | None = None
    captured_minor: int = 0
    refunded_minor: int = 0


@dataclass
class FakeGateway:
    """Implements `PaymentGateway`.

    Attributes
    ----------
    calls
        Operation and key of every call, in order, whatever came of it.
    payouts
        Amounts sent, by reference.
    """

    calls: list[tuple[str, str]] = field(default_factory=list)
    authorisations: dict[str, Authorisation] = field(default_factory=dict)
    payouts: dict[str, list[Money]] = field(default_factory=lambda: defaultdict(list))
    _faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _final: dict[str, Outcome] = field(default_factory=dict)
    _open: dict[str, str] = field(default_factory=dict)

    def fail_next(self, operation: str, *faults: Fault) -> None:
        """Have the next calls of an operation, by its name in the port, go wrong, one after another."""
        self._faults[operation].extend(faults)

    def confirm(self, processor_id: str, *, approve: bool = True) -> None:
        """Have the cardholder pass (or fail) 3-D Secure."""
        authorisation = self.authorisations[processor_id]
        if authorisation.status == "action_required":
            authorisation.status = "authorised" if approve else "declined"
            authorisation.code = None if approve else "authentication_failed"

    def settle(self, processor_id: str) -> None:
        """Have a late success (``pm_late_success``) happen now."""
        if self.authorisations[processor_id].status == "processing":
            self.authorisations[processor_id].status = "authorised"

    def lapse(self, processor_id: str) -> None:
        """Have an authorisation lapse, as after seven days."""
        if self.authorisations[processor_id].status == "authorised":
            self.authorisations[processor_id].status = "expired"

    def of(self, reference: str) -> list[Authorisation]:
        """Every authorisation under a reference."""
        return [each for each in self.authorisations.values() if each.reference == reference]

    def charged(self, reference: str) -> int:
        """What the guest has paid under a reference and not got back."""
        return sum(each.captured_minor - each.refunded_minor for each in self.of(reference))

    def reserved(self, reference: str) -> int:
        """What is still reserved under a reference: nothing, once all is done or undone."""
        return sum(each.amount.minor for each in self.of(reference) if each.status in {"authorised", "processing"})

    async def authorise(self, key: str, *, payment_method: str, amount: Money, reference: str) -> Outcome:
        """Reserve an amount, as the payment method says."""

        def effect(*, decline: bool) -> Outcome:
            processor_id = f"auth_{len(self.authorisations) + 1}"
            status, code = _first_state(payment_method, decline=decline)
            self.authorisations[processor_id] = Authorisation(processor_id, key, reference, amount, status, code)
            self._open[key] = processor_id
            return self._present(key)

        return await self._once("authorise", key, effect)

    async def capture(self, key: str, *, processor_id: str, amount: Money) -> Outcome:
        """Take an authorised amount."""

        def effect(*, decline: bool) -> Outcome:
            authorisation = self.authorisations[processor_id]
            if decline or authorisation.status != "authorised":
                code = "capture_declined" if decline else _refusal(authorisation.status)
                return Outcome(Result.DECLINED, processor_id, code)
            if amount.minor > authorisation.amount.minor:
                return Outcome(Result.DECLINED, processor_id, "amount_exceeds_authorised")
            authorisation.status, authorisation.captured_minor = "captured", amount.minor
            return Outcome(Result.SUCCEEDED, processor_id)

        return await self._once("capture", key, effect)

    async def void(self, key: str, *, processor_id: str) -> Outcome:
        """Give an authorisation up."""

        def effect(*, decline: bool) -> Outcome:
            authorisation = self.authorisations[processor_id]
            if decline or authorisation.status not in {"authorised", "action_required"}:
                return Outcome(Result.DECLINED, processor_id, _refusal(authorisation.status))
            authorisation.status = "voided"
            return Outcome(Result.SUCCEEDED, processor_id)

        return await self._once("void", key, effect)

    async def refund(self, key: str, *, processor_id: str, amount: Money) -> Outcome:
        """Give captured money back."""

        def effect(*, decline: bool) -> Outcome:
            authorisation = self.authorisations[processor_id]
            number = f"ref_{len(self.calls)}"
            if decline:
                return Outcome(Result.DECLINED, number, "refund_declined")
            if amount.minor > authorisation.captured_minor - authorisation.refunded_minor:
                return Outcome(Result.DECLINED, number, "amount_exceeds_captured")
            authorisation.refunded_minor += amount.minor
            return Outcome(Result.SUCCEEDED, number)

        return await self._once("refund", key, effect)

    async def pay_out(self, key: str, *, host_id: UUID, amount: Money, reference: str) -> Outcome:  # noqa: ARG002
        """Send money to a host."""

        def effect(*, decline: bool) -> Outcome:
            number = f"po_{len(self.calls)}"
            if decline:
                return Outcome(Result.DECLINED, number, "account_closed")
            self.payouts[reference].append(amount)
            return Outcome(Result.SUCCEEDED, number)

        return await self._once("pay_out", key, effect)

    async def _once(self, operation: str, key: str, effect: Callable[..., Outcome]) -> Outcome:
        self.calls.append((operation, key))
        await asyncio.sleep(0)  # a call over a network lets others run
        fault = self._faults[operation].popleft() if self._faults[operation] else None
        if fault is Fault.TIMEOUT_BEFORE:
            raise unavailable()
        known = key in self._final or key in self._open
        outcome = self._present(key) if known else effect(decline=fault is Fault.DECLINE)
        if outcome.result is Result.SUCCEEDED or (outcome.result is Result.DECLINED and not _may_change(outcome)):
            self._final[key] = outcome
        if fault is Fault.TIMEOUT_AFTER or outcome.code == "processing":
            raise unavailable()
        return outcome

    def _present(self, key: str) -> Outcome:
        if key in self._final:
            return self._final[key]
        authorisation = self.authorisations[self._open[key]]
        number = authorisation.processor_id
        match authorisation.status:
            case "action_required":
                return Outcome(Result.ACTION_REQUIRED, number, action_url=f"https://processor.test/{number}/confirm")
            case "processing":
                return Outcome(Result.ACTION_REQUIRED, number, "processing")
            case "authorised" | "captured":
                return Outcome(Result.SUCCEEDED, number)
            case status:
                return Outcome(Result.DECLINED, number, authorisation.code or _refusal(status))


def unavailable() -> ProcessorUnavailable:
    """No answer."""
    return ProcessorUnavailable("The processor does not answer.", hint="Send it again with the same key.")


def _first_state(payment_method: str, *, decline: bool) -> tuple[str, str | None]:
    if decline:
        return "declined", "card_declined"
    return {
        "pm_declined": ("declined", "card_declined"),
        "pm_insufficient_funds": ("declined", "insufficient_funds"),
        "pm_3ds": ("action_required", None),
        "pm_late_success": ("processing", None),
    }.get(payment_method, ("authorised", None))


def _refusal(status: str) -> str:
    return {
        "expired": "authorisation_expired",
        "captured": "already_captured",
        "voided": "already_voided",
        "declined": "not_authorised",
        "processing": "still_processing",
        "action_required": "not_authorised",
    }.get(status, "declined")


def _may_change(outcome: Outcome) -> bool:
    return outcome.code in {"not_authorised", "still_processing"}
