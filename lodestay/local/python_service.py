"""What the services that are Python programs of this very environment have in common."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from lodestay.local.errors import PrerequisiteMissing
from lodestay.local.java import find_java
from lodestay.local.process import Launch
from lodestay.local.service import Site
from lodestay.settings import PROJECT_ROOT


def python_launch(site: Site, arguments: tuple[str, ...], *, environment: Mapping[str, str]) -> Launch:
    """Start this Python with the caller's environment, the home, and `environment` on top."""
    return Launch(
        command=(sys.executable, *arguments),
        environment={**caller_environment(), "LODESTAY_HOME": str(site.home), "PYTHONUNBUFFERED": "1", **environment},
        folder=PROJECT_ROOT,
        account=None,
    )


def caller_environment() -> dict[str, str]:
    """The caller's environment, with this environment's programs first on the path and a JDK that Spark can use."""
    environment = dict(os.environ)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    try:
        environment["JAVA_HOME"] = str(find_java(os.environ, usable=lambda _home: True).home)
    except PrerequisiteMissing:
        environment.pop("JAVA_HOME", None)  # only Spark needs one, and asks for it itself
    return environment
