"""Packages that only a fleet's server needs: the extra ``fleet``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from graft.base.diagnostics import GraftError


@contextmanager
def needed_for(what: str) -> Iterator[None]:
    """Around imports of such packages. ``what`` begins the sentence: "a state in PostgreSQL"."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise GraftError(
            "fleet-extra-missing",
            f"{what} needs the Python package '{error.name}', which is not installed",
            fix="run pip install 'graft[fleet]'",
        ) from None
