"""What a foreign lock says of an archive's bytes, held against what the registry says today."""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.lockfile.foreign.lock import ForeignPackage
from graft.model.integrity import Integrity, parse_integrity

_WEAKEST_FIRST = ("sha1", "sha256", "sha384", "sha512")


def refuse_others(package: ForeignPackage, digests: str, registry: str, where: str) -> None:
    """Raises ``import-integrity`` where both have a digest of one algorithm and they differ.
    ``digests`` is what the registry says, as SRI text; ``where`` is the lock's path."""
    theirs = _by_algorithm(digests)
    for algorithm, ours in _by_algorithm(package.integrity).items():
        if algorithm in theirs and theirs[algorithm] != ours:
            raise GraftError(
                "import-integrity",
                f"{package.spec} is not the one that the lock was made with",
                where=where,
                why=[f"the lock says {ours}", f"{registry} says {theirs[algorithm]}"],
                fix="check that .npmrc names the registry that the lock was made with; if the "
                "registry really replaced it, take the new one with the tool that wrote the lock",
            )


def is_stronger(one: str, other: str) -> bool:
    """Whether SRI text ``one`` says more of the bytes than ``other``."""
    return _strength(one) > _strength(other)


def _strength(integrity: str) -> int:
    return max(
        (_WEAKEST_FIRST.index(algorithm) for algorithm in _by_algorithm(integrity)), default=-1
    )


def _by_algorithm(integrity: str) -> dict[str, Integrity]:
    found = {}
    for entry in integrity.split():
        try:
            digest = parse_integrity(entry)
        except ValueError:
            continue
        found[digest.algorithm] = digest
    return found
