"""Which of our extras brings a missing module."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

# Packages whose module has another name than they.
_PACKAGES = {
    "currency_converter": "currencyconverter",
    "dagster_dg_core": "dagster-dg-cli",
    "lingua": "lingua-language-detector",
    "sklearn": "scikit-learn",
    "torch": "sentence-transformers",
}
_EVERYTHING = "all"  # holds what the smaller extras hold: named only when none of them does
_REQUIREMENT = re.compile(r"""^(?P<package>[\w.-]+).*extra == ['"](?P<extra>[\w-]+)['"]""")


def extra_with(module: str) -> str | None:
    """Name of the extra whose packages hold `module`, or None when none does."""
    top = module.partition(".")[0]
    package = _PACKAGES.get(top, top.replace("_", "-"))
    try:
        requirements = requires("lodestay") or []
    except PackageNotFoundError:
        return None
    matches = [match for requirement in requirements if (match := _REQUIREMENT.match(requirement))]
    extras = [match["extra"] for match in matches if match["package"].lower() == package.lower()]
    return min(extras, key=lambda extra: extra == _EVERYTHING, default=None)
