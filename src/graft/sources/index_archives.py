"""Archives of packages from indices: at mirrors, within the index itself, or packed from a commit.

``Manifest.tarball`` has the addresses, the one to try first in front.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from graft.base.diagnostics import GraftError
from graft.base.http import Request, Response, Transfer
from graft.base.records import replace
from graft.model.integrity import parse_integrity
from graft.model.manifest import Manifest
from graft.model.origins import INDEX, TARBALL, GitOrigin
from graft.sources.archive_manifest import digest_of
from graft.sources.git_packages import GitPackages
from graft.sources.remote_archives import RemoteArchives

if TYPE_CHECKING:
    from collections.abc import Sequence

_GIT = "git+"


class IndexArchives:
    """``read`` gives a file of an index, by the namespace that it is declared for and its path."""

    def __init__(
        self,
        remote: Callable[[], RemoteArchives],
        git: Callable[[], GitPackages],
        read: Callable[[str, str], bytes],
    ) -> None:
        self._remote = remote
        self._git = git
        self._read = read

    def archive(self, manifest: Manifest) -> Transfer:
        """From the first address that has what the integrity says. Fails as the last one does."""
        whole = Transfer(Request(url=manifest.origin, subject=manifest.id))
        self._try(whole, manifest, manifest.tarball.split(" "))
        return whole

    def packed(self, manifest: Manifest) -> str:
        """The integrity of what a commit is packed to."""
        return str(digest_of(self._git().packed(_commit(manifest.tarball), manifest.id)))

    def _try(self, whole: Transfer, manifest: Manifest, addresses: Sequence[str]) -> None:
        first, *others = addresses
        self._at(manifest, first).on_done(partial(self._received, whole, manifest, others))

    def _received(
        self, whole: Transfer, manifest: Manifest, others: Sequence[str], transfer: Transfer
    ) -> None:
        outcome: Response | GraftError
        try:
            outcome = transfer.result()
        except GraftError as error:
            outcome = error
        # What a mirror has in its place is told by whoever stores it, if no other has it.
        is_it = isinstance(outcome, Response) and parse_integrity(manifest.integrity).matches(
            outcome.body
        )
        if others and not is_it:
            self._try(whole, manifest, others)
        else:
            whole.finish(outcome)

    def _at(self, manifest: Manifest, address: str) -> Transfer:
        if "://" in address and not address.startswith(_GIT):
            return self._remote().archive(replace(manifest, origin=f"{TARBALL}{address}"))
        transfer = Transfer(Request(url=address, subject=manifest.id))
        try:
            body = self._bytes(manifest, address)
        except GraftError as error:
            transfer.finish(error)
        else:
            transfer.finish(Response(status=200, url=address, body=body, lines=[]))
        return transfer

    def _bytes(self, manifest: Manifest, address: str) -> bytes:
        if address.startswith(_GIT):
            return self._git().packed(_commit(address), manifest.id)
        return self._read(manifest.origin.removeprefix(INDEX), address)


def _commit(address: str) -> GitOrigin:
    url, _, commit = address.removeprefix(_GIT).partition("#")
    return GitOrigin(url=url, commit=commit)
