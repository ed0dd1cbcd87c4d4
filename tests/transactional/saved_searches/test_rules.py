"""When a match is news."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from transactional.saved_searches.rules import COOLING, Match, judge

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
LOOKS = st.lists(st.tuples(st.booleans(), st.integers(0, 3 * 24 * 60)), max_size=30)
"""Whether a listing matches, and the minutes until the next look."""


@given(looks=LOOKS, was_there=st.booleans())
def test_each_alert_but_the_first_follows_a_cooling_time_away(
    looks: list[tuple[bool, int]], *, was_there: bool
) -> None:
    """The state follows the looks; alerts are numbered without gaps, and none comes sooner than it may."""
    now, known, alerts = NOON, None, 0
    if was_there:
        verdict = judge(None, matches=True, is_first_look=True, now=now)
        assert verdict is not None
        assert not verdict.is_news
        known = verdict.match
    away_since: datetime | None = None
    for matches, minutes in looks:
        before = known
        if (verdict := judge(known, matches=matches, is_first_look=False, now=now)) is not None:
            known = verdict.match
            if verdict.is_news:
                alerts += 1
                assert before is None or (away_since is not None and now - away_since >= COOLING)
            assert known.occasions == alerts
        else:
            assert known == before
        assert (known is not None and known.stopped_at is None) == matches
        away_since = None if known is None else known.stopped_at
        now += timedelta(minutes=minutes)
    first = next((matches for matches, _ in looks if matches), False)
    assert alerts >= (first and not was_there)


@given(away=st.timedeltas(timedelta(0), timedelta(days=3)), matches=st.booleans())
def test_a_first_look_tells_nothing(away: timedelta, *, matches: bool) -> None:
    """However long a listing was away: what is there when a search is taken up again is no news."""
    for known in (None, Match(1, NOON, None), Match(1, NOON, NOON)):
        verdict = judge(known, matches=matches, is_first_look=True, now=NOON + away)
        assert verdict is None or not verdict.is_news
