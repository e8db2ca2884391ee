"""Packages of npm registries: packuments and archives, fetched while others are still awaited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from graft.base.diagnostics import GraftError
from graft.base.http import Request, Response, Transfer, missing_offline
from graft.base.http_client import HttpClient
from graft.model.manifest import Manifest
from graft.project.credentials import parse_address
from graft.project.registries import Registries
from graft.sources.answers import NOT_FOUND, refusal
from graft.sources.inquiries import Inquiries, Mode, SourceStats
from graft.sources.packument import Packument
from graft.sources.packument_cache import PackumentCache
from graft.sources.resolutions import Consulted, Resolution, write_resolution
from graft.sources.version_document import usual_path

__all__ = ["Mode", "RegistrySource", "SourceStats"]

_MAX_ARCHIVE = 1 << 30


class RegistrySource:
    """``fresh`` names the packages whose cached packument is confirmed however young it is."""

    def __init__(
        self,
        client: HttpClient,
        registries: Registries,
        cache: PackumentCache,
        *,
        mode: Mode,
        clock: Callable[[], float],
        fresh: frozenset[str] | Literal["all"] = frozenset(),
    ) -> None:
        """``clock`` gives seconds since the epoch."""
        self.stats = SourceStats()
        self._client = client
        self._registries = registries
        self._cache = cache
        self._mode = mode
        self._places: dict[str, tuple[str, str]] = {}
        self._remembered: tuple[str, Resolution, list[Consulted]] | None = None
        self._inquiries = Inquiries(
            client,
            registries,
            cache,
            mode=mode,
            clock=clock,
            fresh=fresh,
            stats=self.stats,
        )

    def on_packument(self, callback: Callable[[Packument], None]) -> None:
        """Call ``callback`` with each packument as it arrives, from the network or the cache.

        It may prefetch others. It runs inside ``prefetch``, ``packument`` and the client's pump,
        but never inside itself.
        """
        self._inquiries.listeners.append(callback)

    def prefetch(self, name: str, *, full: bool = False) -> None:
        """Start to get a packument, unless that has happened. Errors wait for ``packument``."""
        try:
            registry, origin = self._place(name)
        except GraftError:
            return
        self._inquiries.ask(name, registry, origin, full=full)

    def packument(self, name: str, *, full: bool = False) -> Packument:
        """The packument of ``name``, waited for if need be.

        ``package-not-found``, ``registry-refused``, ``registry-answer``, ``registry-unreachable``,
        ``registry-unknown`` or ``offline-missing`` if it cannot be had. Only a ``full`` one is sure
        to hold more than an install needs.
        """
        return self._inquiries.wait(self._inquiries.ask(name, *self._place(name), full=full))

    def refresh(self, name: str) -> Packument:
        """The packument as the registry has it now: for a version that a cached one lacks.

        Asks at most once a run, and not at all where the mode forbids it.
        """
        return self._inquiries.wait(self._inquiries.ask_again(name, *self._place(name)))

    def archive(self, manifest: Manifest) -> Transfer:
        """Start the download of a version's archive; the transfer's body is the archive's bytes.

        Where the registry has nothing at the usual path, its packument is asked for the right one.
        The transfer fails with the same codes as ``packument``.
        """
        subject = f"{manifest.name}@{manifest.version}"
        path = manifest.tarball or usual_path(manifest.name, manifest.version)
        try:
            registry = self._registries.url_of_origin(manifest.origin)
        except GraftError as error:
            return _failed(Request(url=path, subject=subject), error)
        absolute = path.startswith(("https://", "http://"))
        request = self._archive_request(path if absolute else registry + path, registry, subject)
        if self._mode is Mode.OFFLINE:
            return _failed(request, missing_offline(subject, request.url))
        self.stats.archives += 1
        whole = Transfer(request)

        def received(transfer: Transfer) -> None:
            outcome = _outcome(transfer)
            if (
                isinstance(outcome, Response)
                and outcome.status == NOT_FOUND
                and not manifest.tarball
            ):
                self._look_up_archive(manifest, registry, whole)
            else:
                whole.finish(_checked(outcome, transfer.request))

        self._client.send(request).on_done(received)
        return whole

    def remember(self, inputs: str, resolution: Resolution) -> None:
        """Keep what was resolved for the next time that ``inputs`` are the same, if the packuments
        of this run are all that it stands on. Written by ``flush``."""
        consulted = self._inquiries.consulted()
        if consulted:
            self._remembered = (inputs, resolution, consulted)

    def forget(self) -> None:
        """Let go of the packuments of this run, once all is resolved."""
        self._inquiries.forget()

    def flush(self) -> None:
        """Write what was learnt to the cache: at the end of a run, in a thread if one is free."""
        self._cache.flush()
        remembered, self._remembered = self._remembered, None
        if remembered:
            write_resolution(self._cache.root, *remembered, self._cache.holds)

    def _place(self, name: str) -> tuple[str, str]:
        place = self._places.get(name)
        if place is None:
            place = self._registries.url_for(name), self._registries.origin_for(name)
            self._places[name] = place
        return place

    def _archive_request(self, url: str, registry: str, subject: str) -> Request:
        authorization = self._registries.authorization_for(url)
        certificate = self._registries.certificate_for(url)
        if _same_server(url, registry):
            # npm's rule: a registry's credentials hold for archives elsewhere on its own server.
            authorization = authorization or self._registries.authorization_for(registry)
            certificate = certificate or self._registries.certificate_for(registry)
        return Request(
            url=url,
            subject=subject,
            auth=authorization,
            certificate=certificate,
            max_bytes=_MAX_ARCHIVE,
            compressed=False,
        )

    def _look_up_archive(self, manifest: Manifest, registry: str, whole: Transfer) -> None:
        """Finish ``whole`` with what lies where the packument says that the archive is."""
        inquiry = self._inquiries.ask(manifest.name, registry, manifest.origin)

        def answered(_: Transfer | None) -> None:
            if inquiry.transfer is not None:
                inquiry.transfer.on_done(answered)
                return
            url = ""
            if inquiry.packument and manifest.version in inquiry.packument.versions:
                url = inquiry.packument.tarball_url(manifest.version)
            if not url or url == whole.request.url:
                whole.finish(_missing_archive(whole.request))
                return
            request = self._archive_request(url, registry, whole.request.subject)
            self._client.send(request).on_done(
                lambda transfer: whole.finish(_checked(_outcome(transfer), request))
            )

        answered(None)


def _failed(request: Request, error: GraftError) -> Transfer:
    transfer = Transfer(request)
    transfer.finish(error)
    return transfer


def _outcome(transfer: Transfer) -> Response | GraftError:
    try:
        return transfer.result()
    except GraftError as error:
        return error


def _checked(outcome: Response | GraftError, request: Request) -> Response | GraftError:
    if isinstance(outcome, GraftError) or outcome.status == 200:
        return outcome
    if outcome.status == NOT_FOUND:
        return _missing_archive(request)
    return refusal(outcome, request.url, request.subject, authorized=bool(request.auth))


def _missing_archive(request: Request) -> GraftError:
    response = Response(status=NOT_FOUND, url=request.url, body=b"", lines=[])
    return refusal(
        response, request.url, f"archive of {request.subject}", authorized=bool(request.auth)
    )


def _same_server(url: str, other: str) -> bool:
    one, two = parse_address(url), parse_address(other)
    return one is not None and two is not None and (one.scheme, one.host) == (two.scheme, two.host)
