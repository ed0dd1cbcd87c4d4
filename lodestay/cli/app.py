"""The root command and what happens when one fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated

import typer

from lodestay.cli.failures import Failure, describe, show

GROUP = "lodestay.commands"
DEBUG = "LODESTAY_DEBUG"
_USAGE_ERROR = 2  # exit code of Typer and of most programs


def main() -> None:
    """Run the command line; never ends in a traceback unless ``--debug`` or ``LODESTAY_DEBUG`` asks for one."""
    missing: list[Failure] = []
    try:
        root, missing = build(asked(sys.argv[1:], list(entry_points(group=GROUP))))
        root(prog_name="lodestay")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader (`| head`) has gone; pointing stdout elsewhere keeps Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except SystemExit as end:
        if end.code == _USAGE_ERROR and missing:  # perhaps the command asked for is in one of those
            for failure in missing:
                show(failure, as_json=False)
        raise
    except Exception as error:  # the edge: everything becomes a message and an exit code
        if os.environ.get(DEBUG):
            raise
        failure = describe(error)
        show(failure, as_json="--json" in sys.argv)
        sys.exit(failure.exit_code)


def asked(arguments: Sequence[str], plugins: Sequence[EntryPoint]) -> Sequence[EntryPoint]:
    """The plugin of the command that is asked for, or all of them, for the help.

    A plugin is named for a command of its app: loading one app instead of all saves two seconds a call.
    """
    command = next((argument for argument in arguments if not argument.startswith("-")), None)
    return [plugin for plugin in plugins if plugin.name == command] or plugins


def build(plugins: Iterable[EntryPoint]) -> tuple[typer.Typer, list[Failure]]:
    """Merge the commands of every package.

    Returns
    -------
    tuple[typer.Typer, list[Failure]]
        The root, and why some package's commands are not in it.
    """
    root = typer.Typer(
        help="Lodestay: search and prices for a lodging marketplace, on one machine or many.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    root.callback()(_options)
    missing = []
    for plugin in {plugin.value: plugin for plugin in plugins}.values():  # an app stands once for each command
        try:
            plugged: typer.Typer = plugin.load()
        except ModuleNotFoundError as error:
            missing.append(describe(error))
            continue
        # Not `add_typer`: the callback that keeps the name of a lone command is for the app's own use.
        root.registered_commands.extend(plugged.registered_commands)
        root.registered_groups.extend(plugged.registered_groups)
    return root, missing


def _options(
    *,
    debug: Annotated[bool, typer.Option("--debug", envvar=DEBUG, help="Show the traceback of a failure.")] = False,
) -> None:
    if debug:
        os.environ[DEBUG] = "1"
