"""The settings that have a say in how scripts of packages run."""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.project.npmrc import Npmrc
from graft.project.values import boolean, number

_SANDBOXES = ("auto", "required", "off")
_TIMEOUT_SECONDS = 300.0


class BuildSettings(Record):
    """``sandbox`` is ``auto``, ``required`` or ``off``, which the user alone may say; ``strict``
    makes scripts that nobody approved an error; ``timeout`` is in seconds, for each script."""

    ignored: bool = False
    strict: bool = False
    timeout: float = _TIMEOUT_SECONDS
    sandbox: str = "auto"


def read_build_settings(npmrc: Npmrc) -> BuildSettings:
    """Raises ``settings-unreadable``."""
    sandbox = npmrc.get("sandbox", "auto")
    if sandbox not in _SANDBOXES:
        raise GraftError(
            "settings-unreadable",
            f"'sandbox' is '{sandbox}', which is not one of {', '.join(_SANDBOXES)}",
            where=npmrc.settings["sandbox"].where,
            fix="set it to one of them, or remove it",
        )
    return BuildSettings(
        ignored=boolean(npmrc, "ignore-scripts"),
        strict=boolean(npmrc, "strict-dep-builds"),
        timeout=number(npmrc, "build-timeout", _TIMEOUT_SECONDS, least=1.0),
        sandbox=sandbox,
    )
