"""``python -m lodestay.cli`` is ``lodestay``."""

from lodestay.cli.app import main

main()
