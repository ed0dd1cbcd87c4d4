"""The commands that the demo types for the reader."""

from __future__ import annotations

import shlex
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.cli.commands import CommandFailed, run_command, typed


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=0x24F), max_size=30), min_size=1, max_size=4))
def test_what_is_shown_can_be_pasted(command: list[str]) -> None:
    """Whatever the words hold, a shell reads the line back as the command."""
    assert shlex.split(typed(command)) == ["lodestay", *command]


def test_sql_is_shown_as_a_person_writes_it() -> None:
    """No quote in a quote in a quote."""
    assert typed(("sql", "SELECT 1 WHERE market = 'paris'")) == "lodestay sql \"SELECT 1 WHERE market = 'paris'\""


def test_a_command_that_fails_ends_what_needed_it() -> None:
    """The error names the command; what the command said stands above it."""
    with pytest.raises(CommandFailed, match="no-such-command"):
        run_command(("no-such-command",), title="Nothing", output=sys.__stdout__)
