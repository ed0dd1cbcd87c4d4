"""What is kept, logged and told of a fault that nobody foresaw."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.transactional.sagas.harness import World
from transactional.sagas.errors import PaymentUnderWay, public_reason
from transactional.sagas.runner import reason_of


async def test_of_a_database_error_only_its_name_is_kept(world: World) -> None:
    """Neither the statement nor a value of it gets into a saga's error; an engine hides values from every error."""
    with pytest.raises(DBAPIError) as caught:
        async with world.sessions() as session:
            await session.execute(text("SELECT 1 / 0 AS people, :value"), {"value": "ana@example.org"})
    assert "ana@example.org" not in str(caught.value)
    kept = reason_of(caught.value)
    assert kept.endswith("(SQLSTATE 22012)")
    assert "SELECT" not in kept
    assert "division" not in kept


def test_guests_are_told_reasons_and_no_faults() -> None:
    """A refusal is told as it is; a fault of the platform's own is not."""
    assert public_reason("insufficient_funds") == "insufficient_funds"
    assert public_reason(reason_of(PaymentUnderWay("7KQ2M9XH4D"))).startswith("Booking 7KQ2M9XH4D")
    assert "host=db" not in public_reason(reason_of(RuntimeError("host=db")))
    assert public_reason(None) == "given up"
