"""The command line over a running API."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from inspect import signature

import pytest
import uvicorn
from pydantic import SecretStr
from typer.testing import CliRunner

from lodestay.clock import FixedClock, SystemClock
from lodestay.errors import Forbidden, InvalidInput, LodestayError, ServiceUnavailable
from lodestay.settings import Environment, Settings
from serving.app import create_app
from serving.auth import verify
from serving.cli import app
from serving.commands import search as search_command
from serving.commands import suggest_price as suggest_command
from serving.commands.api import ApiUnavailable
from serving.commands.token import mint_token
from serving.search.retrieval import NO_TILES
from serving.search.schemas import SearchQuery
from serving.search.wording import FITS
from tests.serving.conftest import SECRET, no_cities
from tests.serving.marketplace import Marketplace
from transactional.users.actors import Role

runner = CliRunner()


@pytest.fixture
def running(
    settings: Settings, clock: FixedClock, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """A real server on a free port, and settings that name it."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(create_app(settings, clock, no_cities), log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.02)
        known = settings.model_copy(update={"api_url": f"http://127.0.0.1:{port}"})
        for module in (search_command, suggest_command):
            monkeypatch.setattr(module, "get_settings", lambda: known)
        monkeypatch.setattr(suggest_command, "SystemClock", lambda: clock)
        yield known
        server.should_exit = True
        thread.join()


def test_search_prints_a_table_and_json(running: Settings) -> None:
    """People get ranks, totals and reasons; programs the API's own answer."""
    asked = ["search", "--market", "lisbon", "--check-in", "2026-06-25", "--check-out", "2026-06-28"]
    table = runner.invoke(app, asked)
    assert table.exit_code == 0, table.output
    assert "3 places to stay in lisbon" in table.output
    answer = json.loads(runner.invoke(app, [*asked, "--json"]).stdout)
    assert [result["rank"] for result in answer["results"]] == [1, 2, 3]
    weekend = runner.invoke(app, ["search", "--market", "lisbon", "--flexible", "weekend", "--month", "2026-07"])
    assert "2 nights, the best of 4 stays" in " ".join(weekend.output.split())
    assert "2026-07-03 to 2026-07-05" in weekend.output


def test_everything_that_a_search_may_ask_is_an_option(running: Settings) -> None:
    """But `debug`, which needs a caller; and options change the answer."""
    options = signature(search_command.search).parameters.keys() - {"as_json"}
    assert options == SearchQuery.model_fields.keys() - {"debug", "debug_listing"}
    asked = ["search", "--market", "lisbon", "--json"]
    everything = json.loads(runner.invoke(app, asked).stdout)
    filtered = ["--min-bedrooms", "2", "--no-superhost", "--cancellation-policy", "flexible", "--map-zoom", "10"]
    narrowed = json.loads(runner.invoke(app, [*asked, *filtered]).stdout)
    assert narrowed["total_count"] < everything["total_count"]
    assert NO_TILES in narrowed["degraded"]  # there are no columns here, but tiles were asked for
    first = json.loads(runner.invoke(app, [*asked, "--page-size", "1"]).stdout)
    after = json.loads(runner.invoke(app, [*asked, "--page-size", "1", "--cursor", first["next_cursor"]]).stdout)
    assert [result["rank"] for result in after["results"]] == [2]


def test_suggest_price_signs_in_as_the_host_itself(running: Settings, marketplace: Marketplace) -> None:
    """In development the command needs no token: it speaks for the listing's host."""
    asked = ["suggest-price", str(marketplace.loft), "--from", "2026-07-01", "--to", "2026-07-03"]
    answer = json.loads(runner.invoke(app, [*asked, "--json"]).stdout)
    assert [night["night"] for night in answer["nights"]] == ["2026-07-01", "2026-07-02"]
    assert "suggested by rule" in runner.invoke(app, asked).output


def test_a_refusal_is_told_in_words(running: Settings) -> None:
    """What the API says is wrong is what the command raises."""
    failed = runner.invoke(app, ["search", "--market", "lisbon", "--currency", "nothing"])
    assert isinstance(failed.exception, InvalidInput)
    assert "currency" in failed.exception.detail


@pytest.mark.parametrize(
    ("asked", "detail", "hint"),
    [
        (["--check-in", "2026-12-28"], "--check-in and --check-out go together", "--help"),
        (["--currency", "nothing"], "--currency: String", "--help"),
        (["--radius-km", "5"], "--radius-km has no centre", "latitude and longitude"),
        (["--amenity", "teleporter"], "--amenity has no value 'teleporter'", "`facets`"),
        (["--market", "atlantis"], "no market 'atlantis'", "`lodestay markets`"),
        (["--place", "Xyzzyville"], "No place of that name", "`lodestay markets`"),
    ],
)
def test_a_refusal_speaks_of_options(running: Settings, asked: list[str], detail: str, hint: str) -> None:
    """Who typed a command is told of what can be typed, not of parameters, of `errors` and of pages of the API."""
    error = runner.invoke(app, ["search", *asked]).exception
    assert isinstance(error, LodestayError)
    assert detail in error.detail
    assert hint in str(error.hint)
    assert not any(word in f"{error.detail} {error.hint}" for word in ("/docs", "`errors`", "Not valid", "/v1/"))


def test_what_counts_for_nothing_in_the_score_is_no_minus() -> None:
    """Fitting the words comes with 0.0, since words order before the ranker does: no reason against a result."""
    signs = [search_command._sign({"contribution": contribution}) for contribution in (0.4, FITS.contribution, -0.1)]
    assert signs == ["+", "+", "\N{MINUS SIGN}"]


def test_prices_that_are_estimated_are_whole() -> None:
    """A suggestion has no hundredths that anybody knew; what is asked now is said as it is."""
    suggested, low, high, now = ({"amount": amount} for amount in ("4124.58", "2288.81", "6966.15", "1999.50"))
    night = {"night": "2026-07-01", "available": True, "current": now, "suggested": suggested, "market": None}
    shown = list(map(str, suggest_command._row(night | {"low": low, "high": high})))
    assert shown[2:] == ["1,999.50", "4,125", "2,289 to 6,966", "None"]


def test_an_absent_api_is_told_with_what_to_do(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """No address, or nobody there: the hint says how to start it."""
    for address in (None, "http://127.0.0.1:1"):
        monkeypatch.setattr(
            search_command, "get_settings", lambda found=address: settings.model_copy(update={"api_url": found})
        )
        failed = runner.invoke(app, ["search"])
        assert isinstance(failed.exception, ApiUnavailable)
        assert "lodestay up" in str(failed.exception.hint)


async def test_tokens_speak_for_whom_they_are_asked(settings: Settings, marketplace: Marketplace) -> None:
    """By user, by listing, or for anybody of the role; a role that a user has not is refused."""
    clock = SystemClock()

    async def minted(role: Role, **whom: object) -> object:
        asked = {"user_id": None, "listing_id": None} | whom
        token = (await mint_token(settings, clock, role=role, hours=1, **asked)).token  # type: ignore[arg-type]
        return verify(token, key=SECRET, clock=clock).user_id

    assert await minted(Role.HOST, listing_id=marketplace.house_of_other_host) == marketplace.other_host.user_id
    assert await minted(Role.GUEST, user_id=marketplace.other_guest.user_id) == marketplace.other_guest.user_id
    assert await minted(Role.ADMIN) == marketplace.admin.user_id
    with pytest.raises(InvalidInput):
        await minted(Role.ADMIN, user_id=marketplace.guest.user_id)


def test_production_mints_no_development_tokens(settings: Settings) -> None:
    """Outside development a token needs somebody who signs in."""
    production = settings.model_copy(update={"environment": Environment.PRODUCTION})
    with pytest.raises(Forbidden):
        asyncio.run(mint_token(production, SystemClock(), role=Role.GUEST, user_id=None, listing_id=None, hours=1))


def test_a_token_without_a_database_says_what_is_away(settings: Settings) -> None:
    """`token`, and `suggest-price` that mints one, name PostgreSQL and how to start it."""
    away = settings.model_copy(update={"database_url": SecretStr("postgresql://nobody@127.0.0.1:1/none")})
    with pytest.raises(ServiceUnavailable, match="PostgreSQL does not answer"):
        asyncio.run(mint_token(away, SystemClock(), role=Role.GUEST, user_id=None, listing_id=None, hours=1))
