"""Circuit breakers: what fails again and again is left alone, and found again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serving.search.breaker import FAILURES, FORGOTTEN_SECONDS, OPEN_SECONDS, Breaker, State

EVENTS = st.lists(st.tuples(st.booleans(), st.floats(0, 1.5)), max_size=80)


class Hands:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_failures_in_a_row_open_it_and_one_try_closes_it() -> None:
    """Closed through four failures, open with the fifth; then one at a time may try, and an answer closes it."""
    clock = Hands()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.state is State.CLOSED
        assert breaker.admits()
        breaker.fail()
    assert breaker.state is State.OPEN
    assert not breaker.admits()
    clock.now += OPEN_SECONDS
    assert breaker.state is State.HALF_OPEN
    assert breaker.admits()
    assert not breaker.admits(), "while one tries the others do not"
    breaker.fail()
    assert breaker.state is State.OPEN
    clock.now += OPEN_SECONDS
    assert breaker.admits()
    breaker.succeed()
    assert breaker.state is State.CLOSED


def test_a_try_that_nobody_tells_of_is_not_the_last() -> None:
    """A guest who hangs up while trying does not shut it for ever."""
    clock = Hands()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        breaker.fail()
    clock.now += OPEN_SECONDS
    assert breaker.admits()
    clock.now += OPEN_SECONDS
    assert breaker.admits()


def test_a_failure_long_ago_is_in_no_row_with_the_next() -> None:
    """Where few ask, one slow answer after an hour does not open what was open an hour ago."""
    clock = Hands()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        breaker.fail()
    clock.now += FORGOTTEN_SECONDS + 1
    assert breaker.admits()
    breaker.fail()
    assert breaker.state is State.CLOSED
    assert breaker.admits()


@given(EVENTS)
def test_it_asks_a_dead_service_seldom_and_a_living_one_always(events: list[tuple[bool, float]]) -> None:
    """Whatever happens: it is closed after an answer, and only failures in a row have it closed to anybody."""
    clock = Hands()
    breaker = Breaker(clock)
    in_a_row, last_asked = 0, -OPEN_SECONDS
    for answers, pause in events:
        clock.now += pause
        admitted = breaker.admits()
        assert admitted or in_a_row >= FAILURES
        if not admitted:
            assert clock.now - last_asked < OPEN_SECONDS
            continue
        assert in_a_row < FAILURES or clock.now - last_asked >= OPEN_SECONDS
        last_asked = clock.now
        (breaker.succeed if answers else breaker.fail)()
        in_a_row = 0 if answers else in_a_row + 1
        assert (breaker.state is State.CLOSED) is (in_a_row < FAILURES)
