"""What hosts say of their calendars over HTTP: nights in bulk, the rate plan, seasons and blocks."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from serving.etags import versions
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn, hold, quote

NIGHTS = {"from": str(STAY["check_in"]), "to": str(STAY["check_out"])}


def test_a_host_sets_prices_and_blocks_nights(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """What a host says is what the next quote obeys, and can be taken back."""
    headers = signed_in(marketplace.host)
    calendar = f"/v1/listings/{marketplace.loft}/calendar"
    edit = {"ranges": [NIGHTS], "set": {"price_minor": 5_000}}
    assert client.patch(f"{calendar}/nights", headers=headers, json=edit).status_code == 200
    quoted = quote(client, signed_in(marketplace.guest), marketplace.loft).json()
    assert quoted["lines"][0]["price"]["minor"] == 15_000
    assert client.put(f"{calendar}/blocks", headers=headers, json=NIGHTS).status_code == 204
    assert quote(client, signed_in(marketplace.guest), marketplace.loft).status_code == 409
    assert client.delete(f"{calendar}/blocks", headers=headers, params=NIGHTS).status_code == 204
    hold(client, signed_in, marketplace.guest, marketplace.loft)
    refused = client.put(f"{calendar}/blocks", headers=headers, json=NIGHTS)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/nights-booked")


def test_a_host_sets_stay_rules(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """Each rule refuses the next quote by its name, said twice is the same, and goes again."""
    headers = signed_in(marketplace.host)
    path = f"/v1/listings/{marketplace.loft}/calendar/nights"
    arrival = {"from": NIGHTS["from"], "to": "2026-06-26"}
    second = {"from": "2026-06-26", "to": "2026-06-27"}
    departure = {"from": NIGHTS["to"], "to": "2026-06-29"}

    def refused_by(nights: dict[str, str], **said: object) -> str:
        for _ in range(2):
            answer = client.patch(path, headers=headers, json={"ranges": [nights], "set": said})
            assert answer.status_code == 200, answer.text
        refused = quote(client, signed_in(marketplace.guest), marketplace.loft)
        back = {name: False if value is True else None for name, value in said.items()}
        assert client.patch(path, headers=headers, json={"ranges": [nights], "set": back}).status_code == 200
        assert quote(client, signed_in(marketplace.guest), marketplace.loft).status_code == 201
        assert refused.status_code == 409
        return str(refused.json()["rule"])

    assert refused_by(arrival, min_stay=4) == "min_stay"
    assert refused_by(arrival, max_stay=2) == "max_stay"
    assert refused_by(second, min_stay_through=4) == "min_stay_through"
    assert refused_by(second, max_stay_through=2) == "max_stay_through"
    assert refused_by(arrival, closed_to_arrival=True) == "closed_to_arrival"
    assert refused_by(departure, closed_to_departure=True) == "closed_to_departure"


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        ({"ranges": [NIGHTS], "set": {}}, "invalid-calendar-edit"),
        ({"ranges": [NIGHTS], "set": {"min_stay": 0}}, "invalid-input"),
        ({"ranges": [NIGHTS], "set": {"min_stay": 366}}, "invalid-input"),
        ({"ranges": [NIGHTS], "set": {"closed_to_arrival": None}}, "invalid-input"),
        ({"ranges": [], "set": {"min_stay": 1}}, "invalid-input"),
        ({"ranges": [NIGHTS], "weekdays": ["someday"], "set": {"min_stay": 1}}, "invalid-input"),
        ({"ranges": [{"from": "2026-06-01", "to": "2026-06-20"}], "set": {"price_minor": 1}}, "nights-are-past"),
        ({"ranges": [{"from": "2026-06-20", "to": "2026-06-20"}], "set": {"price_minor": 1}}, "invalid-window"),
        ({"ranges": [NIGHTS], "set": {"min_stay": 61}}, "clashing-stay-rules"),
    ],
)
def test_edits_that_cannot_be_are_named(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, edit: dict[str, Any], problem: str
) -> None:
    """Each by its own type; nothing is half-done."""
    path, headers = f"/v1/listings/{marketplace.loft}/calendar", signed_in(marketplace.host)
    before = client.get(path, headers=headers).json()
    refused = client.patch(f"{path}/nights", headers=headers, json=edit)
    assert (refused.status_code, refused.json()["type"]) == (422, f"/problems/{problem}")
    assert client.get(path, headers=headers).json() == before


def test_a_preview_is_the_edit_without_its_effect(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Fridays and Saturdays of a month: same changes, guests' nights named, and If-Match holds the edit to it."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    path, headers = f"/v1/listings/{marketplace.loft}/calendar", signed_in(marketplace.host)
    edit = {
        "ranges": [{"from": "2026-06-22", "to": "2026-07-06"}],
        "weekdays": ["friday", "saturday"],
        "set": {"price_minor": 15_000, "min_stay": 2},
    }
    before = client.get(path, headers=headers)
    preview = client.patch(f"{path}/nights?preview=true", headers=headers, json=edit)
    assert preview.status_code == 200, preview.text
    after_preview = client.get(path, headers=headers)
    assert (after_preview.json(), after_preview.headers["ETag"]) == (before.json(), before.headers["ETag"])
    tag = preview.headers["ETag"]
    assert tag == before.headers["ETag"]
    done = client.patch(f"{path}/nights", headers=headers | {"If-Match": tag}, json=edit)
    assert done.json() == preview.json() | {"preview": False, "version": preview.json()["version"] + 1}
    assert (done.json()["nights"], done.json()["booked"]) == (4, ["2026-06-26", "2026-06-27"])
    assert [(run["from"], run["to"]) for run in done.json()["changes"]] == [
        ("2026-06-26", "2026-06-28"),
        ("2026-07-03", "2026-07-05"),
    ]
    stale = client.patch(f"{path}/nights", headers=headers | {"If-Match": tag}, json=edit)
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/calendar-changed")
    assert stale.json()["version"] == done.json()["version"]
    nights = client.get(path, headers=headers, params={"from": "2026-06-24", "to": "2026-06-29"}).json()["nights"]
    assert [(night["status"], night["price_minor"], night["own_price"]) for night in nights] == [
        ("free", 10_000, False),
        ("hold", 10_000, False),
        ("hold", 15_000, True),
        ("hold", 15_000, True),
        ("free", 10_000, False),
    ]
    assert nights[1]["occupant"]["reference"] == held["reference"]


def test_the_rate_plan_is_edited_from_the_version_that_was_read(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Read, change, and the version grows; without If-Match 428, with an old one 412, and then nothing changes."""
    path, headers = f"/v1/listings/{marketplace.loft}/rate-plan", signed_in(marketplace.host)
    read = client.get(path, headers=headers)
    tag, change = read.headers["ETag"], {"cleaning_fee_minor": 4_000, "weekend_price_minor": None}
    missing = client.patch(path, headers=headers, json=change)
    assert (missing.status_code, missing.json()["type"]) == (428, "/problems/if-match-missing")
    for wrong in ('"999"', f"W/{tag}", "7", '"x"'):
        stale = client.patch(path, headers=headers | {"If-Match": wrong}, json=change)
        assert (stale.status_code, stale.json()["type"]) == (412, "/problems/calendar-changed")
    assert client.get(path, headers=headers).json() == read.json()
    done = client.patch(path, headers=headers | {"If-Match": tag}, json=change)
    assert done.json() == read.json() | change | {"version": read.json()["version"] + 1}
    assert client.get(path, headers=headers).headers["ETag"] == done.headers["ETag"]
    quoted = quote(client, signed_in(marketplace.guest), marketplace.loft).json()
    assert {line["component"]: line["price"]["minor"] for line in quoted["lines"]}["cleaning"] == 4_000
    for bad in ({"min_stay": 0}, {"min_stay": None}, {"currency": "USD"}, {"weekly_discount_bps": 10_001}):
        assert client.patch(path, headers=headers | {"If-Match": "*"}, json=bad).status_code == 422


def test_seasons_over_http(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """Added once by its key, listed, changed and removed from the version that was read."""
    path, host = f"/v1/listings/{marketplace.loft}/seasons", signed_in(marketplace.host)
    season = NIGHTS | {"name": "Fair", "price_bps": 20_000, "min_stay": 2}
    added = client.post(path, headers=host, json=season)
    assert (added.status_code, client.post(path, headers=host, json=season).json()) == (201, added.json())
    one = f"{path}/{added.json()['season_id']}"
    listed = client.get(path, headers=host)
    assert listed.json()["items"] == [added.json()]
    assert added.headers["ETag"] == listed.headers["ETag"]
    assert quote(client, signed_in(marketplace.guest), marketplace.loft).json()["lines"][0]["price"]["minor"] == 68_000
    for bad in ({"name": "\0"}, {"name": " "}, {"name": "two\nlines"}, {"price_bps": 0}):
        refused = client.post(path, headers=signed_in(marketplace.host), json=season | bad)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, *bad)
    tag = {"If-Match": listed.headers["ETag"]}
    changed = client.put(one, headers=host | tag, json=season | {"price_bps": 30_000})
    assert changed.json() == added.json() | {"price_bps": 30_000}
    for call in (client.put(one, headers=host | tag, json=season), client.delete(one, headers=host | tag)):
        assert call.status_code == 412
    assert client.delete(one, headers=host).status_code == 428
    assert client.delete(one, headers=host | {"If-Match": changed.headers["ETag"]}).status_code == 204
    assert client.delete(one, headers=host | {"If-Match": "*"}).status_code == 404
    begun = client.post(path, headers=signed_in(marketplace.host), json=season | {"from": "2026-06-01"})
    assert (begun.status_code, begun.json()["type"]) == (422, "/problems/nights-are-past")


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        (None, None),
        ("*", None),
        ('"7"', {7}),
        ('"7", "8"', {7, 8}),
        ('W/"7"', set()),
        ('"7a", W/"8","9"', {9}),
        ("7", set()),
        ("", set()),
    ],
)
def test_which_versions_an_if_match_names(sent: str | None, named: set[int] | None) -> None:
    """Strong tags alone; what is no tag of ours names none, and so matches nothing."""
    assert versions(sent) == named
