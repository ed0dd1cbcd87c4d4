"""The processor's business: each operation once, in one transaction with the message that tells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from lodestay.clock import Clock
from lodestay.ids import new_id
from simulation.processor.commands import Authorise, Capture, Confirm, GiveBack, PayOut
from simulation.processor.faults import FaultPolicy, Luck, sendings_of
from simulation.processor.methods import Status, method_of
from simulation.processor.objects import (
    LAPSE,
    Authorisation,
    Payout,
    Refund,
    refuse_capture,
    refuse_refund,
    refuse_void,
)
from simulation.processor.signing import sign_receipt
from simulation.processor.store import Operation, Store

DONE, PENDING, DECLINED, MISSING, REFUSED = 201, 202, 402, 404, 409
RECEIPT_LIFE = timedelta(hours=1)
"""How long an authorisation's receipt is taken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; `fresh` where the operation was done by this very call."""

    status: int
    body: dict[str, Any]
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """An operation asked for: under a key, by a body of which `fingerprint` is the hash."""

    kind: str
    key: str
    fingerprint: str
    declined: bool


class Bank:
    """Keeps authorisations, refunds and payouts; every method is one transaction.

    Parameters
    ----------
    clock
        The machine's; the processor's own runs ahead of it by as much as it was advanced.
    seed
        Decides, with a message's number, how that message is sent.
    """

    def __init__(self, store: Store, *, clock: Clock, seed: int, secret: str, public_url: str) -> None:
        self.store = store
        self._clock = clock
        self._seed = seed
        self._secret = secret
        self._public_url = public_url
        self._ahead = float(store.setting("ahead") or 0)
        kept = store.setting("policy")
        self.policy = FaultPolicy() if kept is None else FaultPolicy.model_validate_json(kept)

    def set_policy(self, policy: FaultPolicy) -> None:
        """Have other faults from now on, also after a restart."""
        self.policy = policy
        self.store.set_setting("policy", policy.model_dump_json())

    def advance(self, seconds: float) -> None:
        """Move the processor's clock forward, and let lapse what has lapsed by it."""
        self._ahead += seconds
        self.store.set_setting("ahead", repr(self._ahead))
        self.settle_due()

    def wall(self) -> float:
        """The machine's time: messages are sent and signed by it."""
        return self._clock.now().timestamp()

    def now(self) -> float:
        """The processor's time."""
        return self.wall() + self._ahead

    def authorise(self, call: Call, command: Authorise) -> Answer:
        """Reserve an amount, as the payment method says."""

        def effect() -> Answer:
            method = method_of(command.payment_method)
            declined = call.declined and method.first is not Status.DECLINED
            now = self.now()
            authorisation = Authorisation(
                id=f"auth_{new_id().hex}",
                key=call.key,
                payment_method=command.payment_method,
                amount_minor=command.amount_minor,
                currency=command.currency,
                reference=command.reference,
                status=Status.DECLINED if declined else method.first,
                code="card_declined" if declined else method.code,
                captured_minor=0,
                refunded_minor=0,
                created_at=now,
                expires_at=now + LAPSE.total_seconds(),
                resolves_at=self.wall() + self.policy.late_seconds if method.first is Status.PROCESSING else None,
            )
            self._keep(authorisation)
            return self._authorised(authorisation, with_receipt=command.receipt)

        def again(operation: Operation) -> Answer:
            authorisation = self.store.find(Authorisation, operation.object_id)
            assert authorisation is not None  # noqa: S101 (kept with its operation)
            return self._authorised(authorisation, with_receipt=command.receipt)

        return self._once(call, effect, again)

    def capture(self, call: Call, authorisation_id: str, command: Capture) -> Answer:
        """Take a reserved amount."""

        def effect() -> Answer:
            authorisation = self._find(authorisation_id)
            if authorisation is None:
                return _missing()
            refused = refuse_capture(authorisation, command.amount_minor, command.currency)
            if refused is not None:
                return _refused(REFUSED, refused, self._about(authorisation))
            if call.declined or method_of(authorisation.payment_method).capture_declined:
                self._tell("capture.failed", self._about(authorisation) | {"code": "capture_declined"})
                return _refused(DECLINED, "capture_declined", self._about(authorisation))
            captured = replace(authorisation, status=Status.CAPTURED, captured_minor=command.amount_minor)
            self._keep(captured)
            return _done(self._about(captured))

        return self._once(call, effect)

    def void(self, call: Call, authorisation_id: str) -> Answer:
        """Give a reservation up."""

        def effect() -> Answer:
            authorisation = self._find(authorisation_id)
            if authorisation is None:
                return _missing()
            refused = refuse_void(authorisation)
            if refused is not None:
                return _refused(REFUSED, refused, self._about(authorisation))
            voided = replace(authorisation, status=Status.VOIDED)
            self._keep(voided)
            return _done(self._about(voided))

        return self._once(call, effect)

    def refund(self, call: Call, command: GiveBack) -> Answer:
        """Give captured money back."""

        def effect() -> Answer:
            authorisation = self._find(command.authorisation_id)
            if authorisation is None:
                return _missing()
            refused = refuse_refund(authorisation, command.amount_minor, command.currency)
            if refused is not None:
                return _refused(REFUSED, refused, None)
            declined = call.declined or method_of(authorisation.payment_method).refund_declined
            refund = Refund(
                id=f"ref_{new_id().hex}",
                key=call.key,
                authorisation_id=authorisation.id,
                amount_minor=command.amount_minor,
                status="failed" if declined else "succeeded",
                code="refund_declined" if declined else None,
                created_at=self.now(),
            )
            if not declined:
                given_back = authorisation.refunded_minor + command.amount_minor
                authorisation = replace(authorisation, refunded_minor=given_back)
                self.store.save(authorisation)
            self.store.save(refund)
            told = refund.as_json(authorisation)
            self._tell(f"refund.{refund.status}", told)
            return _refused(DECLINED, "refund_declined", told) if declined else _done(told)

        return self._once(call, effect)

    def pay_out(self, call: Call, command: PayOut) -> Answer:
        """Send money to a host."""

        def effect() -> Answer:
            payout = Payout(
                id=f"po_{new_id().hex}",
                key=call.key,
                host_id=command.host_id,
                amount_minor=command.amount_minor,
                currency=command.currency,
                reference=command.reference,
                status="failed" if call.declined else "paid",
                code="account_closed" if call.declined else None,
                created_at=self.now(),
            )
            self.store.save(payout)
            told = payout.as_json()
            self._tell(f"payout.{payout.status}", told)
            return _refused(DECLINED, "account_closed", told) if call.declined else _done(told)

        return self._once(call, effect)

    def confirm(self, authorisation_id: str, command: Confirm) -> Answer:
        """Have the cardholder pass or fail 3-D Secure; asked again, it says what it is."""
        with self.store.transaction():
            authorisation = self._find(authorisation_id)
            if authorisation is None:
                return _missing()
            if authorisation.status == Status.ACTION_REQUIRED:
                status = Status.AUTHORISED if command.approve else Status.DECLINED
                code = None if command.approve else "authentication_failed"
                authorisation = replace(authorisation, status=status, code=code)
                self._keep(authorisation)
            return Answer(200, {"object": self._about(authorisation)})

    def settle_due(self) -> None:
        """Let happen what happens by itself: late successes, and authorisations that lapse."""
        with self.store.transaction():
            late = self.store.select(Authorisation, "status = 'processing' AND resolves_at <= ?", self.wall())
            for authorisation in late:
                self._keep(replace(authorisation, status=Status.AUTHORISED))
            lapsed = self.store.select(Authorisation, "status = 'authorised' AND expires_at <= ?", self.now())
            for authorisation in lapsed:
                self._keep(replace(authorisation, status=Status.EXPIRED, code="authorisation_expired"))

    def look(self, object_id: str) -> Answer:
        """What an authorisation, a refund or a payout is now."""
        self.settle_due()
        if (authorisation := self.store.find(Authorisation, object_id)) is not None:
            return Answer(200, {"object": self._about(authorisation)})
        if (refund := self.store.find(Refund, object_id)) is not None:
            authorisation = self.store.find(Authorisation, refund.authorisation_id)
            assert authorisation is not None  # noqa: S101 (a foreign key)
            return Answer(200, {"object": refund.as_json(authorisation)})
        payout = self.store.find(Payout, object_id)
        return _missing() if payout is None else Answer(200, {"object": payout.as_json()})

    def _find(self, authorisation_id: str) -> Authorisation | None:
        """An authorisation as it is by now, also where nothing has swept since it lapsed."""
        authorisation = self.store.find(Authorisation, authorisation_id)
        if authorisation is None:
            return None
        if authorisation.status == Status.AUTHORISED and authorisation.expires_at <= self.now():
            authorisation = replace(authorisation, status=Status.EXPIRED, code="authorisation_expired")
            self._keep(authorisation)
        return authorisation

    def _once(
        self, call: Call, effect: Callable[[], Answer], again: Callable[[Operation], Answer] | None = None
    ) -> Answer:
        """Do an operation, or answer as the first time; what was refused was not done and may be asked for again.

        Parameters
        ----------
        again
            Answers a call whose first answer was not final.
        """
        with self.store.transaction():
            known = self.store.operation(call.key)
            if known is not None and (known.kind, known.fingerprint) != (call.kind, call.fingerprint):
                return _refused(REFUSED, "key_reused", None)
            if known is not None and known.answer is not None and known.status is not None:
                return Answer(known.status, known.answer)
            answer = effect() if known is None or again is None else again(known)
            if answer.status in {DONE, DECLINED, PENDING}:
                final = answer.status != PENDING
                self.store.save_operation(
                    Operation(
                        key=call.key,
                        kind=call.kind,
                        fingerprint=call.fingerprint,
                        object_id=answer.body["object"]["id"],
                        status=answer.status if final else None,
                        answer=answer.body if final else None,
                    )
                )
            return replace(answer, fresh=known is None)

    def _authorised(self, authorisation: Authorisation, *, with_receipt: bool) -> Answer:
        told = self._about(authorisation)
        match Status(authorisation.status):
            case Status.PROCESSING | Status.ACTION_REQUIRED:
                return Answer(PENDING, {"object": told})
            case Status.AUTHORISED | Status.CAPTURED:
                return _done(told, receipt=self._receipt(authorisation) if with_receipt else None)
            case Status.VOIDED:
                return _refused(DECLINED, "already_voided", told)
            case Status.DECLINED | Status.EXPIRED:
                return _refused(DECLINED, authorisation.code or "declined", told)

    def _about(self, authorisation: Authorisation) -> dict[str, Any]:
        """An authorisation as it is answered and told: with the address at which its cardholder confirms."""
        if authorisation.status != Status.ACTION_REQUIRED:
            return authorisation.as_json()
        address = f"{self._public_url}/v1/authorisations/{authorisation.id}/confirm"
        return authorisation.as_json() | {"action_url": address}

    def _receipt(self, authorisation: Authorisation) -> str:
        facts = {
            "processor_id": authorisation.id,
            "amount_minor": authorisation.amount_minor,
            "currency": authorisation.currency,
            "reference": authorisation.reference,
            "expires_at": int(authorisation.created_at + RECEIPT_LIFE.total_seconds()),
        }
        return sign_receipt(self._secret, facts)

    def _keep(self, authorisation: Authorisation) -> None:
        self.store.save(authorisation)
        kind = {
            Status.ACTION_REQUIRED: "authorisation.action_required",
            Status.AUTHORISED: "authorisation.succeeded",
            Status.DECLINED: "authorisation.failed",
            Status.CAPTURED: "capture.succeeded",
            Status.VOIDED: "void.succeeded",
            Status.EXPIRED: "authorisation.expired",
        }.get(Status(authorisation.status))
        if kind is not None:
            self._tell(kind, self._about(authorisation))

    def _tell(self, kind: str, about: dict[str, Any]) -> None:
        """Write a message, and how it will be sent."""
        sequence = self.store.next_sequence()
        message_id = f"msg_{new_id().hex}"
        self.store.add_message(
            {"id": message_id, "kind": kind, "sequence": sequence, "occurred_at": self.now(), "object": about}
        )
        for sending in sendings_of(self.policy, Luck(self._seed, f"message {sequence}")):
            self.store.add_delivery(message_id, due_at=self.wall() + sending.after_seconds, attempts=sending.lost)


def _done(told: dict[str, Any], receipt: str | None = None) -> Answer:
    return Answer(DONE, {"object": told} | ({} if receipt is None else {"receipt": receipt}))


def _refused(status: int, code: str, told: dict[str, Any] | None) -> Answer:
    return Answer(status, {"error": {"code": code}, "object": told})


def _missing() -> Answer:
    return _refused(MISSING, "no_such_object", None)
