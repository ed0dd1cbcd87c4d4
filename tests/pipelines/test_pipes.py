"""What a job's process reports arrives whole, however slowly its file fills."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import dagster as dg
import pytest
from dagster_pipes import PipesDefaultMessageWriter

from pipelines.pipes import ReportsAtTheEnd


class Heard:
    """Notes the messages."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def handle_message(self, message: Any) -> None:
        """Note one."""
        self.messages.append(message)


@pytest.mark.parametrize("dies", [False, True])
def test_a_line_that_is_half_there_is_no_message(*, dies: bool) -> None:
    """Nothing is read before the end; then whole lines are, also those of a process that died in the next one."""
    heard = Heard()
    reading = ReportsAtTheEnd().read_messages(cast("dg.PipesMessageHandler", heard))
    params = reading.__enter__()
    file = Path(params[PipesDefaultMessageWriter.FILE_PATH_KEY])
    file.write_text('{"method": "opened"}\n{"method": "re', encoding="utf-8")
    assert heard.messages == []
    if not dies:
        with file.open("a", encoding="utf-8") as rest:
            rest.write('port"}\n')
    reading.__exit__(None, None, None)
    assert heard.messages == [{"method": "opened"}] + ([] if dies else [{"method": "report"}])
    assert not file.exists()
