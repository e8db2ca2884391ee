"""What is said where archives cannot be had."""

from __future__ import annotations

from collections.abc import Sequence

from graft.base.diagnostics import GraftError


def store_failed(where: str, what: str, why: str) -> GraftError:
    """``what`` ends the sentence: "the blob store cannot be ..."."""
    return GraftError(
        "blob-store-failed",
        f"the blob store cannot be {what}",
        where=where,
        why=[why],
        fix="see that it is there and that the server may use it, then try again",
    )


def blob_missing(subject: str) -> GraftError:
    return GraftError(
        "fleet-blob-missing",
        f"no blob store has the archive of {subject}",
        fix="install the set again: what is missing is fetched",
    )


def blob_damaged(subject: str, where: Sequence[str]) -> GraftError:
    """``where`` names the stores whose copy is not what the integrity says."""
    return GraftError(
        "fleet-blob-damaged",
        f"the archive of {subject} is not what its integrity says",
        why=[f"the copy in the blob store '{store}' has other bytes" for store in where],
        fix="'graft fleet storage scrub' looks through all of them",
    )
