"""The command line: ``lodestay``.

The root knows no command itself: every package names a Typer app in the entry-point group
``lodestay.commands``, and :func:`main` merges them. Commands print through ``output``, so that each has
a table for people and ``--json`` for programs.
"""

from lodestay.cli.app import main

__all__ = ["main"]
