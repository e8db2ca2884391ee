"""What a manifest asks for."""

from __future__ import annotations

from enum import StrEnum

from graft.base.records import Record


class Kind(StrEnum):
    PROD = "prod"
    DEV = "dev"
    OPTIONAL = "optional"
    PEER = "peer"


class Requirement(Record, unequal=("file",)):
    """One line of a manifest: the name that code imports, and the specifier as it was written.
    Where that was ``catalog:``, ``specifier`` is what the catalog says, and ``catalog`` what was
    written.

    ``optional`` is true for optional dependencies and for peers that a manifest marks as optional:
    the requirement may stay unmet. ``file`` is the name of the manifest that has the line, where
    that is another than ``package.json`` and it is known: no lock says it.
    """

    local: str
    specifier: str
    kind: Kind
    optional: bool = False
    catalog: str = ""
    file: str = ""
