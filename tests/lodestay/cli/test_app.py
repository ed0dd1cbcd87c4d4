"""The root command: merging, failing, telling."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from lodestay.cli import app as module
from lodestay.cli.app import GROUP, asked, build, main
from lodestay.cli.extras import extra_with
from lodestay.cli.failures import describe
from lodestay.settings import PROJECT_ROOT

_SAMPLE = '''
from typing import Annotated
import typer
from lodestay.errors import Conflict

app = typer.Typer()

@app.command()
def greet(*, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Greet."""
    print("hello")

@app.command()
def refuse(*, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Fail as a person may see it."""
    raise Conflict("The nights are [taken].", hint="Choose others.", listing_id=7)

@app.command()
def stumble() -> None:
    """Fail as nobody foresaw."""
    raise ZeroDivisionError("by nought")

@app.command()
def lack() -> None:
    """Need a package that is not there."""
    raise ModuleNotFoundError("No module named 'lightgbm'", name="lightgbm")
'''


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """Two packages' commands: one in order, one whose import lacks a package."""
    (tmp_path / "sample_commands.py").write_text(_SAMPLE, encoding="utf-8")
    (tmp_path / "poor_commands.py").write_text("import no_such_package_at_all", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = [EntryPoint(name, f"{name}:app", GROUP) for name in ("sample_commands", "poor_commands")]
    monkeypatch.setattr(module, "entry_points", lambda *, group: found if group == GROUP else [])
    return found


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["lodestay", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_commands_of_every_package_stand_at_the_root(plugins: list[EntryPoint]) -> None:
    """A package's commands need no prefix, and one broken package does not take the others down."""
    root, missing = build(plugins)
    assert CliRunner().invoke(root, ["greet"]).stdout == "hello\n"
    assert ["no_such_package_at_all" in failure.detail for failure in missing] == [True]


@pytest.mark.usefixtures("plugins")
def test_a_foreseen_failure_is_a_sentence_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong and how to mend it go to stderr, as written, brackets and all."""
    assert _run(monkeypatch, "refuse") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "Conflict: The nights are [taken]." in told.err
    assert "Choose others." in told.err
    assert "Traceback" not in told.err


@pytest.mark.usefixtures("plugins")
def test_for_programs_it_is_a_problem_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --json the failure has RFC 9457's fields and the error's own facts."""
    assert _run(monkeypatch, "refuse", "--json") == 1
    problem = json.loads(capsys.readouterr().err)
    assert problem == {
        "type": "/problems/conflict",
        "title": "Conflict",
        "status": 409,
        "detail": "The nights are [taken].",
        "hint": "Choose others.",
        "listing_id": 7,
    }


@pytest.mark.usefixtures("plugins")
def test_an_unforeseen_failure_shows_its_traceback_only_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --debug one line and the way to more; with it the exception itself."""
    monkeypatch.setenv("LODESTAY_DEBUG", "")
    assert _run(monkeypatch, "stumble") == 70
    assert "ZeroDivisionError: by nought" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["lodestay", "--debug", "stumble"])
    with pytest.raises(ZeroDivisionError):
        main()


@pytest.mark.usefixtures("plugins")
def test_a_missing_package_names_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that needs more than is installed says what to install."""
    assert _run(monkeypatch, "lack") == 3
    assert "lodestay[ml]" in capsys.readouterr().err


@pytest.mark.usefixtures("plugins")
def test_an_unknown_command_may_be_one_of_a_package_that_did_not_load(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason why some commands are missing is told when somebody misses one."""
    assert _run(monkeypatch, "elsewhere") == 2
    assert "no_such_package_at_all" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("missing", "extra"),
    [("lightgbm", "ml"), ("sklearn.metrics", "ml"), ("fastapi", "serving"), ("psutil", "local"), ("nowhere", None)],
)
def test_modules_are_traced_to_extras(missing: str, extra: str | None) -> None:
    """Module names lead to the extra in the installed metadata, also where the package has another name."""
    assert extra_with(missing) == extra


def test_a_missing_module_of_ours_is_a_fault_and_not_an_extra() -> None:
    """Nobody is told to install what the project itself should hold."""
    assert describe(ModuleNotFoundError("x", name="serving.nothing")).slug == "unexpected-error"


def test_only_the_app_of_the_command_asked_for_is_loaded(plugins: list[EntryPoint]) -> None:
    """A plugin's name picks it; help and unknown words load all."""
    assert [plugin.name for plugin in asked(["--debug", "poor_commands", "x"], plugins)] == ["poor_commands"]
    assert asked(["--help"], plugins) == plugins
    assert asked(["nonsense"], plugins) == plugins


def test_every_command_is_an_entry_point_of_its_name() -> None:
    """The installed entry points are exactly the commands that their apps offer."""
    named = {plugin.name for plugin in entry_points(group=GROUP)}
    root, missing = build(entry_points(group=GROUP))
    assert missing == []
    assert set(typer.main.get_command(root).commands) == named


def _leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from _leaves(child, (*path, name))
    if not isinstance(command, TyperGroup) or (path and command.invoke_without_command):
        yield path, command


def test_every_command_has_json() -> None:
    """House rule: programs can use each command. A server has no result to print."""
    root, _ = build(entry_points(group=GROUP))
    without = {
        " ".join(path)
        for path, command in _leaves(typer.main.get_command(root))
        if not any("--json" in option.opts for option in command.params)
    }
    assert without == {"serve"}


PAGES = [PROJECT_ROOT / "README.md", *sorted((PROJECT_ROOT / "docs").rglob("*.md"))]


def _typed(page: Path) -> Iterator[list[str]]:
    """Commands of ours that a page shows: after a prompt, or between backticks or $( )."""
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"(?:^\$ |`|\$\()lodestay ([a-z][^`\n]*)", text, re.MULTILINE):
        words = shlex.shlex(match[1], posix=True, punctuation_chars=True)
        yield list(takewhile(lambda word: word not in {"|", ")"}, words))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT_ROOT)))
def test_what_the_pages_show_can_be_typed(page: Path) -> None:
    """Every command in the README and the docs exists, with the options it is shown with."""
    root, _ = build(entry_points(group=GROUP))
    commands = dict(_leaves(typer.main.get_command(root)))
    for words in _typed(page):
        path = next(tuple(words[:n]) for n in (2, 1) if tuple(words[:n]) in commands)
        options = {option for parameter in commands[path].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


def test_the_pages_do_show_commands() -> None:
    """The search for commands finds those that it is about."""
    assert ["suggest-price", "42", "--from", "2027-02-01", "--to", "2027-02-08"] in list(
        _typed(PROJECT_ROOT / "docs" / "guides" / "host-tools.md")
    )
