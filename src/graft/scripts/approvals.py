"""What the project says of packages that want to run scripts: ``graft.approvedBuilds``.

    "graft": {"approvedBuilds": {
        "esbuild@0.25.0": {"integrity": "sha512-…", "scripts": "3f9c…"},
        "core-js": false
    }}

An approval is for these bytes and these scripts. It must say both: a field that is not there would
let anything through. A denial is for a version, or for all of a name.
"""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from graft.model.manifest import Manifest

SECTION = "graft"
FIELD = "approvedBuilds"
_KNOWN = {"integrity", "scripts", "network"}


class Approval(Record):
    """``scripts`` is the digest of the scripts; ``network`` lets them use it."""

    integrity: str
    scripts: str
    network: bool = False

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"integrity": self.integrity, "scripts": self.scripts}
        return said | ({"network": True} if self.network else {})


class Approvals(Record):
    """Approvals by the package's id, and ids and names that are denied."""

    approved: Mapping[str, Approval] = {}
    denied: frozenset[str] = frozenset()

    def of(self, manifest: Manifest) -> Approval | None:
        """The approval of these bytes of this package. Whether its scripts are the approved ones,
        the bytes have to say."""
        if self.denies(manifest):
            return None
        approval = self.approved.get(manifest.id)
        if approval is None or not manifest.integrity or approval.integrity != manifest.integrity:
            return None
        return approval

    def denies(self, manifest: Manifest) -> bool:
        return not self.denied.isdisjoint((manifest.id, manifest.name))

    def __bool__(self) -> bool:
        return bool(self.approved)


def read_approvals(data: Mapping[str, Any], where: str) -> Approvals:
    """From a project's manifest. Raises ``manifest-invalid`` for what is only half an approval."""
    section = data.get(SECTION)
    said = section.get(FIELD) if isinstance(section, dict) else None
    if said is None:
        return Approvals()
    if not isinstance(said, dict):
        raise _invalid(where, [f"{SECTION}.{FIELD} is not an object"])
    approved: dict[str, Approval] = {}
    denied: set[str] = set()
    wrong: list[str] = []
    for id, value in said.items():
        if value is False:
            denied.add(id)
        elif fault := _fault(id, value):
            wrong.append(f"{SECTION}.{FIELD}: '{id}' {fault}")
        else:
            approved[id] = Approval(**value)
    if wrong:
        raise _invalid(where, wrong)
    return Approvals(approved=approved, denied=frozenset(denied))


def _fault(id: str, value: object) -> str:
    if not isinstance(value, dict):
        return "is neither false nor an object with integrity and scripts"
    if "@" not in id[1:]:
        return "names no version"
    for field in ("integrity", "scripts"):
        if not isinstance(value.get(field), str) or not value[field]:
            return f"has no {field}"
    if not isinstance(value.get("network", False), bool):
        return "says neither true nor false of network"
    if unknown := sorted(value.keys() - _KNOWN):
        return f"holds '{unknown[0]}', which means nothing there"
    return ""


def _invalid(where: str, why: list[str]) -> GraftError:
    return GraftError(
        "manifest-invalid",
        "package.json is not what it should be",
        where=where,
        why=why,
        fix="take these entries out, and approve with 'graft approve-builds'",
    )
