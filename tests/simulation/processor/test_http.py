"""The processor over real HTTP: operations once, refusals by code, faults, messages, a kill at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from lodestay.money import Money
from tests.simulation.processor.running import KEY, SECRET, Processor, inbox, processor, wait_for
from transactional.payments.errors import InvalidReceipt
from transactional.payments.receipts import verify_receipt
from transactional.webhooks.errors import InvalidWebhookSignature
from transactional.webhooks.rules import verify_signature

QUIET: dict[str, Any] = {"hang_seconds": 0.05, "slow_seconds": 0.05, "late_seconds": 0.2}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processor]:
    """One processor for the tests that do not kill it."""
    with processor(tmp_path_factory.mktemp("processor") / "bank.sqlite") as running:
        running.put("/v1/admin/faults", QUIET)
        yield running


@pytest.fixture
def bank(shared: Processor) -> Iterator[Processor]:
    """The shared processor, without faults before and after."""
    yield shared
    shared.put("/v1/admin/faults", QUIET)


def code_of(answer: httpx2.Response) -> str:
    """Why it was refused."""
    return str(answer.json()["error"]["code"])


def test_an_operation_happens_once_a_key(bank: Processor) -> None:
    """The same key and body have the same answer, whatever happened since; another body is refused."""
    reference, key = str(uuid4()), str(uuid4())
    first = bank.authorise(reference=reference, key=key)
    number = first.json()["object"]["id"]
    assert (first.status_code, first.json()["object"]["status"]) == (201, "authorised")
    taken = str(uuid4())
    for _ in range(3):
        assert bank.capture(number, key=taken).status_code == 201
    assert bank.authorise(reference=reference, key=key).json() == first.json()
    assert code_of(bank.authorise("pm_declined", reference=reference, key=key)) == "key_reused"
    assert code_of(bank.capture(number, 9_999, key=taken)) == "key_reused"
    report = bank.get(f"/v1/report?reference={reference}")
    assert (report["captures"], report["captured_minor"], report["reserved_minor"]) == (1, {"EUR": 10_000}, {})
    assert bank.get(f"/v1/operations/{key}")["object"]["status"] == "captured"


def test_what_cannot_be_done_is_refused_by_a_code(bank: Processor) -> None:
    """Too much, twice, after the fact: refused, nothing done, and possible later under the same key."""
    number = bank.authorise().json()["object"]["id"]
    assert code_of(bank.capture(number, 10_001)) == "amount_exceeds_authorised"
    give_back = {"authorisation_id": number, "amount_minor": 6_000, "currency": "EUR"}
    key = str(uuid4())
    assert code_of(bank.post("/v1/refunds", give_back, key=key)) == "not_captured"
    assert bank.capture(number, 9_000).json()["object"]["captured_minor"] == 9_000
    assert code_of(bank.capture(number)) == "already_captured"
    assert code_of(bank.post(f"/v1/authorisations/{number}/void", {})) == "already_captured"
    assert bank.post("/v1/refunds", give_back, key=key).json()["object"]["status"] == "succeeded"
    assert code_of(bank.post("/v1/refunds", give_back)) == "amount_exceeds_captured"
    assert code_of(bank.capture("auth_none")) == "no_such_object"
    assert bank.get(f"/v1/objects/{number}")["object"]["refunded_minor"] == 6_000


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("pm_declined", "card_declined"),
        ("pm_insufficient_funds", "insufficient_funds"),
        ("pm_of_nobody", "unknown_payment_method"),
    ],
)
def test_cards_are_declined_for_a_reason(bank: Processor, method: str, code: str) -> None:
    """Status 402 with the bank's word, the same again for the same key."""
    key = str(uuid4())
    answers = [bank.authorise(method, key=key) for _ in range(2)]
    assert [(answer.status_code, code_of(answer)) for answer in answers] == [(402, code)] * 2


@pytest.mark.parametrize("approve", [True, False])
def test_a_cardholder_confirms_without_a_key(bank: Processor, *, approve: bool) -> None:
    """3-D Secure: open until the cardholder speaks; then the first key tells what came of it."""
    key = str(uuid4())
    asked = bank.authorise("pm_3ds", key=key)
    told = asked.json()["object"]
    assert (asked.status_code, told["status"]) == (202, "action_required")
    assert code_of(bank.capture(told["id"])) == "not_authorised"
    page = bank.client.get(told["action_url"])
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Approve" in page.text
    said = bank.client.post(told["action_url"], json={"approve": approve}).json()["object"]
    assert said["status"] == ("authorised" if approve else "declined")
    again = bank.authorise("pm_3ds", key=key)
    assert (again.status_code == 201) if approve else (code_of(again) == "authentication_failed")


def test_a_card_may_succeed_late(bank: Processor) -> None:
    """Nobody knows at first; seconds later it is authorised, by itself."""
    key = str(uuid4())
    asked = bank.authorise("pm_late_success", key=key)
    assert (asked.status_code, asked.json()["object"]["status"]) == (202, "processing")
    bank.put("/v1/admin/faults", QUIET | {"late_seconds": 3600})
    later = bank.authorise("pm_late_success").json()["object"]["id"]
    assert code_of(bank.post(f"/v1/authorisations/{later}/void", {})) == "still_processing"
    wait_for(lambda: bank.authorise("pm_late_success", key=key).status_code == 201)


def test_a_timeout_after_success_took_the_money_once(bank: Processor) -> None:
    """No answer the first time; the same key then tells that it was done."""
    reference, key, taken = str(uuid4()), str(uuid4()), str(uuid4())
    assert bank.authorise("pm_timeout_after_success", reference=reference, key=key).status_code == 504
    number = bank.authorise("pm_timeout_after_success", reference=reference, key=key).json()["object"]["id"]
    other = bank.authorise("pm_capture_timeout", reference=reference).json()["object"]["id"]
    assert bank.capture(other, key=taken).status_code == 504
    assert bank.capture(other, key=taken).status_code == 201
    report = bank.get(f"/v1/report?reference={reference}")
    assert (report["captured_minor"], report["reserved_minor"]) == ({"EUR": 10_000}, {"EUR": 10_000})
    assert bank.post(f"/v1/authorisations/{number}/void", {}).status_code == 201


def test_an_authorisation_lapses_after_seven_days(bank: Processor) -> None:
    """Six days on it can be captured, seven days on it cannot, and a message says so."""
    early, late = (bank.authorise().json()["object"]["id"] for _ in range(2))
    bank.post("/v1/admin/clock", {"seconds": 6 * 86_400})
    assert bank.capture(early).status_code == 201
    bank.post("/v1/admin/clock", {"seconds": 86_400})
    assert code_of(bank.capture(late)) == "authorisation_expired"
    told = [each["kind"] for each in bank.get("/v1/messages")["messages"] if each["object"]["id"] == late]
    assert told == ["authorisation.succeeded", "authorisation.expired"]


def test_payouts_are_paid_or_fail(bank: Processor) -> None:
    """Money to a host goes out once a key, or not at all."""
    reference, key = str(uuid4()), str(uuid4())
    body = {"host_id": str(uuid4()), "amount_minor": 8_700, "currency": "EUR", "reference": reference}
    for _ in range(2):
        assert bank.post("/v1/payouts", body, key=key).json()["object"]["status"] == "paid"
    bank.put("/v1/admin/faults", QUIET | {"payout_decline": 1})
    assert code_of(bank.post("/v1/payouts", body)) == "account_closed"
    assert bank.get(f"/v1/report?reference={reference}")["paid_out_minor"] == {"EUR": 8_700}


def test_faults_come_by_chance_and_never_twice_the_money(bank: Processor) -> None:
    """Half of the calls get no answer or a wrong one: sent again with their key, each is done once."""
    bank.put("/v1/admin/faults", QUIET | {"timeout_before": 0.3, "timeout_after": 0.3, "error": 0.2, "hang_seconds": 0})
    reference, statuses = str(uuid4()), set()
    for _ in range(10):
        key, taken = str(uuid4()), str(uuid4())
        while (answer := bank.authorise(reference=reference, key=key)).status_code != 201:
            statuses.add(answer.status_code)
        number = answer.json()["object"]["id"]
        while (answer := bank.capture(number, key=taken)).status_code != 201:
            statuses.add(answer.status_code)
    report = bank.get(f"/v1/report?reference={reference}")
    assert (report["captures"], report["captured_minor"]) == (10, {"EUR": 100_000})
    assert statuses == {500, 504}
    assert reference in bank.get("/v1/report")["captured_more_than_once"]


def test_strangers_and_nonsense_are_refused(bank: Processor) -> None:
    """Without the key nothing is told; what is not understood is refused before anything is done."""
    assert bank.client.get(f"{bank.address}/v1/report").status_code == 401
    assert bank.authorise(currency="EURO").status_code == 400
    assert bank.authorise(amount_minor=0).status_code == 400
    assert bank.authorise(card_number="4242").status_code == 400
    assert bank.authorise(key="k" * 201).status_code == 400
    assert bank.put("/v1/admin/faults", {"decline": 2}).status_code == 400


def test_a_receipt_can_be_checked_without_asking(bank: Processor) -> None:
    """The platform takes exactly what was authorised, for exactly what it was authorised for, for an hour."""
    answer = bank.authorise(reference="quote-1", receipt=True).json()
    now, amount = datetime.fromtimestamp(bank.post("/v1/admin/clock", {"seconds": 1}).json()["now"], UTC), 10_000

    def check(receipt: str = answer["receipt"], *, key: str = SECRET, minor: int = amount, of: str = "quote-1") -> str:
        return verify_receipt(receipt, key=key, now=now, amount=Money(minor, "EUR"), reference=of).processor_id

    assert check() == answer["object"]["id"]
    with pytest.raises(InvalidReceipt, match="another quote"):
        check(of="quote-2")
    with pytest.raises(InvalidReceipt, match="not of"):
        check(minor=9_999)
    with pytest.raises(InvalidReceipt, match="not signed"):
        check(key="another key")
    assert "receipt" not in bank.authorise("pm_3ds", receipt=True).json()


def test_messages_come_signed_in_spite_of_refusals_and_a_kill(tmp_path: Path) -> None:
    """What was acknowledged is told at least once: through refusals, and through kill -9 before it was sent."""
    with inbox() as taking, processor(tmp_path / "bank.sqlite") as bank:  # it knows no address yet
        number = bank.authorise(reference="r").json()["object"]["id"]
        bank.capture(number)
        bank.kill()  # between the answers and the messages
        taking.refuse = 2
        bank.options = ("--webhook-url", taking.url)
        bank.start()
        wait_for(lambda: len(set(taking.kinds())) == 2)
        assert set(taking.kinds()) == {"authorisation.succeeded", "capture.succeeded"}
        assert bank.get("/v1/report?reference=r")["captured_minor"] == {"EUR": 10_000}
        header, body = taking.taken[0]
        now = datetime.now(UTC)
        verify_signature(header, body, key=SECRET, now=now)
        for forged, key in ((body + b" ", SECRET), (body, KEY)):
            with pytest.raises(InvalidWebhookSignature):
                verify_signature(header, forged, key=key, now=now)
        wait_for(lambda: bank.get("/v1/report")["undelivered"] == 0)


def test_messages_are_duplicated_delayed_and_reordered_on_request(tmp_path: Path) -> None:
    """With every message sent twice and late, the inbox gets them twice and in another order."""
    faults = '{"webhook_duplicate": 1, "webhook_delay": 1, "webhook_drop": 0.5, "webhook_delay_seconds": 1}'
    with inbox() as taking, processor(tmp_path / "b.sqlite", "--faults", faults, "--webhook-url", taking.url) as bank:
        for _ in range(8):
            bank.authorise()
        wait_for(lambda: len(taking.taken) == 16)
        order = [message["sequence"] for message in taking.messages()]
        assert sorted(order) == sorted([*range(1, 9)] * 2)
        assert order != sorted(order)
