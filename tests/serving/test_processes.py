"""The worker and the relay as they are typed."""

from __future__ import annotations

from types import ModuleType

import pytest

from serving.relay import __main__ as relay
from serving.worker import __main__ as worker


@pytest.mark.parametrize("process", [worker, relay])
@pytest.mark.parametrize(("argument", "code"), [("--help", 0), ("--hlep", 2), ("stray", 2)])
def test_help_and_slips_start_nothing(
    process: ModuleType,
    argument: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A process that takes no arguments explains itself or refuses them, and opens no connection."""
    monkeypatch.setattr(process, "get_settings", lambda: pytest.fail("it was started"))
    with pytest.raises(SystemExit) as ended:
        process.main([argument])
    assert ended.value.code == code
    told = capsys.readouterr()
    assert "usage: python -m serving." in told.out + told.err
    assert ("until SIGTERM" in told.out) is (code == 0)
