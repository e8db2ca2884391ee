"""Archives by their URL, without a registry: each is downloaded once a run."""

from __future__ import annotations

from collections.abc import Callable

from graft.base.diagnostics import GraftError
from graft.base.http import (
    Request,
    Response,
    Transfer,
    missing_offline,
    redact,
    without_user,
)
from graft.base.http_client import HttpClient
from graft.model.integrity import parse_integrity
from graft.model.manifest import Manifest
from graft.model.origins import TARBALL
from graft.project.credentials import parse_address, user_header
from graft.project.registries import Registries
from graft.sources.answers import refusal
from graft.sources.archive_manifest import ArchivePackage, digest_of, read_archive_package
from graft.versions.source_text import ArchiveSource

_MAX_ARCHIVE = 1 << 30


class RemoteArchives:
    """Credentials that an address was written with are known to whoever has seen the specifier: no
    lock holds any."""

    def __init__(self, client: HttpClient, registries: Registries, *, offline: bool) -> None:
        self._client = client
        self._registries = registries
        self._offline = offline
        self._transfers: dict[str, Transfer] = {}
        self._users: dict[str, str] = {}

    def learn(self, source: ArchiveSource) -> None:
        """Keep the credentials that an address was written with."""
        address = parse_address(source.url)
        if address is not None and address.user:
            self._users[source.origin] = address.user

    def prefetch(self, source: ArchiveSource) -> None:
        self.learn(source)
        self._transfer(source.origin)

    def package(self, source: ArchiveSource, *, local: str) -> ArchivePackage:
        """Waits for the archive. Raises ``integrity-mismatch`` where the specifier says what it
        should hold, and what ``archive`` and ``read_archive_package`` raise."""
        self.learn(source)
        body = self._client.wait(self._transfer(source.origin)).body
        if source.integrity:
            expected = parse_integrity(source.integrity)
            if not expected.matches(body):
                raise GraftError(
                    "integrity-mismatch",
                    f"the archive of {local} is not the one that was asked for",
                    where=redact(source.url),
                    why=(f"expected {expected}", f"received {digest_of(body)}"),
                    fix="find out why before you change what says so",
                )
        return read_archive_package(body, origin=source.origin, local=local)

    def archive(self, manifest: Manifest) -> Transfer:
        """The transfer fails with ``package-not-found``, ``registry-refused``,
        ``registry-unreachable``, ``registry-answer`` or ``offline-missing``. It is let go of here,
        with its body."""
        transfer = self._transfer(manifest.origin)
        self._transfers.pop(manifest.origin)
        return transfer

    def _transfer(self, origin: str) -> Transfer:
        known = self._transfers.get(origin)
        if known is not None:
            return known
        url = origin.removeprefix(TARBALL)
        request = Request(
            url=url,
            subject=redact(url),
            auth=self._authorization(origin, url),
            certificate=self._registries.certificate_for(without_user(url)),
            max_bytes=_MAX_ARCHIVE,
            compressed=False,
        )
        whole = self._transfers[origin] = Transfer(request)
        if parse_address(url) is None:
            whole.finish(_no_address(url))
        elif self._offline:
            whole.finish(missing_offline(redact(url), url))
        else:
            self._client.send(request).on_done(_checker(whole))
        return whole

    def _authorization(self, origin: str, url: str) -> str:
        user = self._users.get(origin)
        return user_header(user) if user else self._registries.authorization_for(without_user(url))


def _checker(whole: Transfer) -> Callable[[Transfer], None]:
    def received(transfer: Transfer) -> None:
        outcome: Response | GraftError
        try:
            outcome = transfer.result()
        except GraftError as error:
            outcome = error
        request = transfer.request
        if isinstance(outcome, Response) and outcome.status != 200:
            subject = "archive of this address"
            outcome = refusal(outcome, request.url, subject, authorized=bool(request.auth))
        whole.finish(outcome)

    return received


def _no_address(url: str) -> GraftError:
    return GraftError(
        "bad-specifier",
        f"'{redact(url)}' is not the address of an archive",
        fix="write it as https://host/path/package.tgz",
    )
