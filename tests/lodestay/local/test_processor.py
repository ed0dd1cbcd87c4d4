"""The payment processor as a local service."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from lodestay.local.platform import Api, Processor
from lodestay.local.state import State
from lodestay.settings import Settings, endpoints_file
from tests.lodestay.local.conftest import Supervise


def test_the_processor_comes_up_with_the_keys_of_its_home(supervised: Supervise, tmp_path: Path) -> None:
    """It answers, its address is a setting, and it knows the platform by the key that both read."""
    home = tmp_path / "home"
    (state,) = supervised(home=home, services=[Processor()]).up([])
    assert state.state is State.RUNNING
    settings = Settings(home=home, _env_file=endpoints_file(home))
    address = settings.require_processor_url()
    assert address == state.address
    asked = urllib.request.Request(  # noqa: S310 (an address of ours)
        f"{address}/v1/report", headers={"Authorization": f"Bearer {settings.payment_key()}"}
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked) as answer:
        assert json.load(answer)["captures"] == 0


def test_an_outside_processor_is_left_alone(supervised: Supervise, tmp_path: Path) -> None:
    """With its address set, nothing is started; where it does not answer, that is said."""
    outside = {"LODESTAY_PROCESSOR_URL": "http://127.0.0.1:1"}
    (state,) = supervised(services=[Processor()], outside=outside).status()
    assert state.state is State.OUTSIDE_SILENT
    assert not (tmp_path / "home" / "processor").exists()


def test_the_api_is_there_for_payments() -> None:
    """Whoever starts the API gets a processor with it."""
    assert Processor.name in Api.needs
