"""How a job's process reports to Dagster: through a file that is read when the process has ended.

Dagster's own reader follows the file while it is written, and takes a line that is half there for a whole
one: on a busy machine a long report, broken by the edge of a page, then fails a step that did its work.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster_pipes import PipesDefaultMessageWriter, PipesParams


class ReportsAtTheEnd(dg.PipesMessageReader):
    """Hands over what a process reported once it has ended, well or badly."""

    @contextmanager
    def read_messages(self, handler: dg.PipesMessageHandler) -> Iterator[PipesParams]:
        """Say where the process is to write, then read it all; the half line of a killed process is left out."""
        with tempfile.TemporaryDirectory(prefix="lodestay-pipes-") as folder:
            file = Path(folder) / "messages"
            file.touch()
            try:
                yield {PipesDefaultMessageWriter.FILE_PATH_KEY: str(file)}
            finally:
                for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
                    if line.endswith("\n"):
                        handler.handle_message(json.loads(line))

    def no_messages_debug_text(self) -> str:
        """Where messages were looked for, for the warning that there were none."""
        return "Read a temporary file after the process had ended."
