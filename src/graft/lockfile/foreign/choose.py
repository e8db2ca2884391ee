"""The reader of a lock, by the name that its tool gives it."""

from __future__ import annotations

import importlib
import re

from graft.base.diagnostics import GraftError
from graft.lockfile.foreign.faults import refuse_conflicts, unreadable
from graft.lockfile.foreign.lock import ForeignLock

TOOLS = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "npm-shrinkwrap.json": "npm",
    "package-lock.json": "npm",
}
_BERRY = re.compile(rb"^__metadata:", re.MULTILINE)


def read_foreign(name: str, data: bytes, *, where: str) -> ForeignLock:
    """Raises ``import-unreadable`` and ``import-version``."""
    refuse_conflicts(data, where)
    reader = TOOLS[name]
    if reader == "yarn":
        reader = "yarn_berry" if _BERRY.search(data) else "yarn_classic"
    module = importlib.import_module(f"graft.lockfile.foreign.{reader}")
    try:
        lock: ForeignLock = module.read(data, where)
    except UnicodeDecodeError:
        raise unreadable(where, "it is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise unreadable(where, str(error)) from None
    except GraftError as error:
        if error.diagnostic.code == "bad-specifier":
            raise unreadable(where, error.diagnostic.message) from None
        raise
    return lock
