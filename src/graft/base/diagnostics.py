"""The one form in which graft says that something is wrong."""

from __future__ import annotations

from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Every code that graft can print, with the exit code of its area. A page of the same name in
# docs/diagnostics explains each; a test holds the two lists against each other.
CODES: dict[str, int] = {
    # 0: notes; the command went on
    "deprecated": 0,
    "peer-mismatch": 0,
    "peer-missing": 0,
    "weak-integrity": 0,
    "displaced": 0,
    "copied": 0,
    "layout-chosen": 0,
    "engine-unsupported": 22,
    "lock-imported": 0,
    "setting-unknown": 0,
    "source-changed": 0,
    "link-bare": 0,
    "builds-ignored": 0,
    "build-left-out": 0,
    "prerelease-taken": 0,
    "optional-left-out": 0,
    "build-unconfined": 0,
    "git-not-prepared": 0,
    "manifest-key-unknown": 0,
    "namespace-dotted": 0,
    "index-key-unknown": 0,
    "donor-vanished": 0,
    "donor-needed": 0,
    "fleet-large": 0,
    # 1: the operation failed
    "interrupted": 130,
    "internal-error": 1,
    "system-refused": 1,
    "disk-full": 1,
    # 2: usage
    "usage": 2,
    # 10: lockfile
    "lock-missing": 10,
    "lock-stale": 11,
    "lock-unreadable": 12,
    "lock-version": 13,
    "lock-exists": 14,
    "import-missing": 15,
    "import-unreadable": 16,
    "import-version": 17,
    "import-integrity": 18,
    # 20: resolving
    "no-matching-version": 20,
    "package-not-found": 21,
    "platform-unsupported": 22,
    "override-unsupported": 23,
    "source-unsupported": 24,
    "not-a-dependency": 25,
    "bad-specifier": 26,
    "bad-version": 26,
    "bad-constraint": 26,
    "bad-package-name": 26,
    "override-conflict": 27,
    "extension-unsupported": 28,
    "peer-conflict": 29,
    "flat-conflict": 29,
    # 30: archives and the store
    "integrity-mismatch": 30,
    "integrity-missing": 31,
    "archive-refused": 32,
    "store-unwritable": 33,
    "source-missing": 34,
    "source-invalid": 35,
    "store-lacks": 36,
    "store-damaged": 37,
    "store-repaired": 38,
    "not-in-store": 38,
    "store-lockless": 39,
    # 40: registries
    "registry-unknown": 40,
    "registry-unreachable": 41,
    "registry-refused": 42,
    "registry-answer": 43,
    "offline-missing": 44,
    "registry-lacks": 45,
    "git-missing": 46,
    "git-unreachable": 47,
    "git-ref-missing": 48,
    # 50: scripts and tools
    "script-missing": 50,
    "command-missing": 51,
    "bin-unclear": 52,
    "build-unapproved": 53,
    "build-failed": 54,
    "script-failed": 55,
    "sandbox-missing": 55,
    "patch-failed": 56,
    # 60: links
    "link-refused": 60,
    "folder-not-empty": 61,
    "project-unwritable": 62,
    # 70: manifests
    "manifest-missing": 70,
    "manifest-unreadable": 71,
    "manifest-invalid": 72,
    "namespace-undeclared": 72,
    "dependency-twice": 72,
    "manifest-exists": 73,
    "workspace-invalid": 74,
    "catalog-unknown": 75,
    "member-unknown": 76,
    "patch-missing": 77,
    "patch-unused": 78,
    "patch-exists": 79,
    # 80: settings
    "settings-unreadable": 80,
    "credential-in-project": 81,
    "setting-in-project": 82,
    "tls-unverified": 83,
    # 90: indices
    "index-invalid": 90,
    "index-too-new": 91,
    "index-undeclared": 92,
    "index-conflict": 93,
    "index-commit-gone": 94,
    "index-rewritten": 95,
    "index-refused": 96,
    "index-missing": 97,
    "index-exists": 97,
    "version-yanked": 97,
    "publish-refused": 98,
    "version-published": 98,
    "tree-dirty": 98,
    "index-uncommitted": 99,
    # 100: donors
    "donor-missing": 100,
    "donor-required": 101,
    "donor-no-reflink": 102,
    "editable-has-work": 102,
    # 110: fleets
    "fleet-unreachable": 110,
    "fleet-unauthorized": 111,
    "fleet-not-found": 112,
    "fleet-busy": 113,
    "fleet-invalid": 114,
    "fleet-too-large": 115,
    "fleet-not-ready": 116,
    "fleet-blob-damaged": 117,
    "fleet-blob-missing": 118,
    "fleet-state": 119,
    "blob-store-failed": 120,
    "fleet-lost": 121,
    "fleet-run-refused": 122,
    "fleet-run-timeout": 123,
    "fleet-extra-missing": 124,
    "fleet-tree-damaged": 125,
}


class Diagnostic(Record):
    """What happened, where, because of what, and what to do.

    ``where`` is a path, a URL without credentials or a package; ``why`` lists the facts that led
    here, one line each; ``fix`` is a command or an edit that mends it.
    """

    code: str
    message: str
    where: str = ""
    why: tuple[str, ...] = ()
    fix: str = ""

    @property
    def exit_code(self) -> int:
        return CODES[self.code]

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "why": list(self.why),
            "fix": self.fix,
        }
        return {key: value for key, value in said.items() if value}


class GraftError(Exception):
    """Raised for everything that a user can cause or mend; holds the diagnostic to print."""

    def __init__(
        self, code: str, message: str, *, where: str = "", why: Iterable[str] = (), fix: str = ""
    ) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(
            code=code, message=message, where=where, why=tuple(why), fix=fix
        )
