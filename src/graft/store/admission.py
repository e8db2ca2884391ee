"""What must be known of an archive before the store takes it in."""

from __future__ import annotations

from collections.abc import Iterable

from graft.base.diagnostics import Diagnostic, GraftError
from graft.model.integrity import Integrity, parse_integrity
from graft.model.manifest import Manifest


def required_integrity(manifest: Manifest) -> Integrity:
    """The integrity that a package must have. Raises ``integrity-missing``."""
    try:
        return parse_integrity(manifest.integrity)
    except ValueError:
        raise GraftError(
            "integrity-missing",
            f"nothing says what the archive of {manifest.id} must contain",
            where=manifest.id,
            why=["the registry gives neither an integrity nor a shasum for it"],
            fix="use a version that was published with an integrity",
        ) from None


def weak_integrity_note(manifests: Iterable[Manifest]) -> list[Diagnostic]:
    weak = sorted(m.id for m in manifests if "sha1-" in m.integrity and required_integrity(m).weak)
    if not weak:
        return []
    return [
        Diagnostic(
            code="weak-integrity",
            message=f"verified by sha1 alone, as they were published: {', '.join(weak)}",
        )
    ]
