"""Conditional requests, and who may keep what."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from serving.suggest.shelf import SuggestionShelf
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn, hold


def test_what_is_kept_is_not_sent_again_until_it_changes(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """A listing's tag is answered with 304 and no body, in any form; a booking of its nights makes another tag."""
    url = f"/v1/listings/{marketplace.loft}?from=2026-06-25&to=2026-07-05"
    first = client.get(url)
    tag = first.headers["ETag"]
    assert (first.headers["Cache-Control"], first.headers["Vary"]) == ("public, no-cache", "Authorization")
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(url, headers={"If-None-Match": sent})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Cache-Control"] == "public, no-cache"
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    hold(client, signed_in, marketplace.guest, marketplace.loft)
    changed = client.get(url, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_what_somebody_signed_in_sees_is_theirs(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """No cache between us and a caller keeps what their token has opened."""
    answer = client.get(f"/v1/listings/{marketplace.loft}", headers=signed_in(marketplace.host))
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["reviews", "suggest"])
def test_reviews_and_suggestions_have_tags(path: str, client: TestClient, marketplace: Marketplace) -> None:
    """They come back as 304 too."""
    url = f"/v1/listings/{marketplace.loft}/reviews" if path == "reviews" else "/v1/suggest?q=lis"
    tag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.usefixtures("marketplace")
def test_poor_suggestions_are_kept_by_nobody(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the titles are read, listings are missing from them: a minute later they may be there."""
    monkeypatch.setattr(SuggestionShelf, "titles", None)
    answer = client.get("/v1/suggest?q=lis")
    assert answer.json()["degraded"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_answer_that_speaks_of_this_moment_is_kept_by_nobody(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """A search has an id, and proofs that it was shown; a booking is its guest's; a problem is nobody's."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    booking = client.get(f"/v1/bookings/{held['booking_id']}", headers=signed_in(marketplace.guest))
    answers = [client.get("/v1/search", params=STAY), booking, client.get("/v1/listings/999999")]
    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert [answer.headers["Cache-Control"] for answer in answers] == ["no-store"] * 3
