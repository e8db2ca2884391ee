"""What became of one package when a lock changed."""

from __future__ import annotations

from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ADDED, REMOVED = "added", "removed"
UPGRADED, DOWNGRADED, REPLACED = "upgraded", "downgraded", "replaced"


class Difference(Record):
    """``change`` is one of the words above; what is replaced has the same version, or none, from
    elsewhere. ``before`` and ``after`` are versions, followed by where they are from if that is not
    the default registry, or linked folders. ``direct`` are those that an importer asks for itself,
    as ``local`` where that is not their own name; ``shared`` says of one that came or went so that
    the graph had it already, or still has it, for others. ``major`` is another major version, and
    ``unanticipated`` a prerelease that no importer and no override asks for and the lock had not.
    """

    change: str
    name: str
    before: str = ""
    after: str = ""
    local: str = ""
    direct: bool = False
    shared: bool = False
    major: bool = False
    unanticipated: bool = False

    def as_json(self) -> dict[str, Any]:
        ends = {"from": self.before, "to": self.after, "as": self.local}
        return {
            "change": self.change,
            "name": self.name,
            **{key: text for key, text in ends.items() if text},
            "direct": self.direct,
            "shared": self.shared,
            "major": self.major,
            "unanticipated": self.unanticipated,
        }
