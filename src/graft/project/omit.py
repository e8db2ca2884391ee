"""Which kinds of dependencies an install leaves out."""

from __future__ import annotations

from collections.abc import Mapping

from graft.base.diagnostics import GraftError
from graft.project.npmrc import Npmrc
from graft.project.values import boolean, words

_KINDS = frozenset({"dev", "optional", "peer"})


def read_omit(npmrc: Npmrc, environ: Mapping[str, str]) -> frozenset[str]:
    """npm's rules: ``include`` beats ``omit``; ``NODE_ENV`` counts only where ``omit`` is unset."""
    if "omit" in npmrc.settings:
        omitted = set(words(npmrc, "omit"))
    else:
        omitted = {"dev"} if environ.get("NODE_ENV") == "production" else set()
    if boolean(npmrc, "production") or npmrc.get("only") in ("prod", "production"):
        omitted.add("dev")
    if not boolean(npmrc, "dev", default=True):
        omitted.add("dev")
    if not boolean(npmrc, "optional", default=True):
        omitted.add("optional")
    if unknown := omitted - _KINDS:
        raise GraftError(
            "settings-unreadable",
            f"'omit' is '{min(unknown)}', which is not dev, optional or peer",
            where=npmrc.settings["omit"].where,
            fix="set omit to dev, optional or peer",
        )
    return frozenset(omitted) - set(words(npmrc, "include"))
