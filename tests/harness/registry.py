"""A small npm registry, real in every way that an installer can see."""

from __future__ import annotations

import base64
from typing import Any, Self

from harness.catalog import Catalog
from harness.closing import Closing
from harness.exchange import Reply, Request, RequestLog, Where
from harness.faults import Fault, Faults
from harness.offers import (
    ADVISORIES_PATH,
    SEARCH_PATH,
    advisory,
    posted_versions,
    search_answer,
)
from harness.packument import ABBREVIATED_TYPE
from harness.representation import BYTES, JSON, Representation, failure
from harness.server import Server


class LocalRegistry(Closing, Catalog):
    """Serves what is published to it, over HTTP, until it is closed.

    Settings may be changed at any time: ``etags``, ``compression`` and ``abbreviated`` (``plain()``
    turns all of these off), ``max_age`` (Cache-Control), ``base_path`` (where the registry's URL
    begins), ``tarball_path``, and ``tarball_host`` (whose URL ``dist.tarball`` starts with: another
    registry, which must have the package too, or a URL).

    ``offers`` says whether it has search and advisories, as the public registry does; ``plain()``
    takes them away too. Of a package's advisories it gives all, whichever versions are asked about.

    Every path that a test says, for a fault or a count, is below the registry's URL: ``/a``,
    ``/@acme/tool``, ``/a/-/a-1.0.0.tgz``.
    """

    def __init__(self, base_path: str = "/") -> None:
        super().__init__()
        self.base_path = base_path
        self.etags = True
        self.compression = True
        self.abbreviated = True
        self.offers = True
        self.max_age: int | None = None
        self.tarball_host: LocalRegistry | str | None = None
        self._documents: dict[str, Any] = {}
        self._advisories: dict[str, list[dict[str, Any]]] = {}
        self._credentials: set[str] = set()
        self._faults = Faults()
        self._log = RequestLog()
        self._server = Server(self._answer)

    @property
    def host(self) -> str:
        """``127.0.0.1:port``; ``localhost:port`` is the same server by another name."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """Ends in a slash."""
        return f"http://{self.host}{self._base}"

    def plain(self) -> Self:
        """Be the simplest registry there is: full packuments, no ETag, no compression."""
        self.etags = self.compression = self.abbreviated = self.offers = False
        return self

    def close(self) -> None:
        """Go away: from now on connections are refused."""
        self._server.close()

    def serve(self, path: str, document: Any) -> str:
        """Serve bytes, or anything else as JSON, at a path of its own; return its URL."""
        self._documents[path] = document
        return self.url + path.removeprefix("/")

    def advise(
        self, name: str, vulnerable: str, *, severity: str = "high", title: str = "it is unsafe"
    ) -> dict[str, Any]:
        """Publish an advisory; change the document that is returned to spoil it."""
        count = sum(map(len, self._advisories.values()))
        document = advisory(1001 + count, vulnerable, severity, title)
        self._advisories.setdefault(name, []).append(document)
        return document

    @property
    def audited(self) -> list[dict[str, list[str]]]:
        """What each request for advisories has named: package -> versions."""
        asked = [request for request in self.requests if request.path == ADVISORIES_PATH]
        return [posted_versions(request) for request in asked]

    def require_token(self, token: str) -> None:
        self._credentials.add(f"Bearer {token}")

    def require_basic(self, user: str, password: str) -> None:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._credentials.add(f"Basic {pair}")

    def fault(
        self,
        where: Where,
        *,
        times: int | None = 1,
        status: int | None = None,
        retry_after: int | str | None = None,
        drop: bool = False,
        truncate: int | None = None,
        delay: float = 0.0,
        redirect: str = "",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Fault:
        """Spoil the next ``times`` requests (None: all) for a path, or that a predicate holds for.

        Faults for the same request are used one after the other, before credentials are looked at.
        ``drop`` resets the connection after half of the body, ``truncate`` closes it after that
        many bytes. ``status``, ``redirect`` and ``body`` replace the answer; the others spoil it.
        """
        return self._faults.add(
            Fault(
                where=where,
                left=times,
                status=status,
                retry_after=retry_after,
                drop=drop,
                truncate=truncate,
                delay=delay,
                redirect=redirect,
                body=body,
                headers=headers or {},
            )
        )

    def clear_faults(self) -> None:
        self._faults.clear()

    @property
    def requests(self) -> list[Request]:
        return self._log.all()

    @property
    def packument_requests(self) -> list[Request]:
        return [request for request in self.requests if request.kind == "packument"]

    @property
    def tarball_requests(self) -> list[Request]:
        return [request for request in self.requests if request.kind == "tarball"]

    @property
    def connections(self) -> int:
        """How many connections were ever opened to it."""
        return self._server.connections

    def count(self, path: str) -> int:
        return sum(request.path == path for request in self.requests)

    def clear_log(self) -> None:
        self._log.clear()

    def wait_for(self, where: Where, timeout: float = 10.0) -> Request:
        """Block until a matching request has come: the moment at which to kill who sent it."""
        return self._log.wait_for(where, timeout)

    # Everything below runs in the server's threads.

    @property
    def _base(self) -> str:
        return f"/{self.base_path.strip('/')}/".replace("//", "/")

    def _answer(self, request: Request) -> Reply:
        if not request.path.startswith(self._base):
            self._log.add(request)
            return failure(404, "Not below the registry's URL")
        request.path = request.path[len(self._base) - 1 :]
        if request.path.endswith(".tgz") or self.at_tarball_path(request.path):
            request.kind = "tarball"
        elif request.path not in self._documents and "/-/" not in request.path:
            request.kind = "packument"
        self._log.add(request)
        fault = self._faults.take(request)
        return fault.spoil(lambda: self._honest(request)) if fault else self._honest(request)

    def _honest(self, request: Request) -> Reply:
        if self._credentials and request.authorization not in self._credentials:
            return failure(401, "credentials are needed")
        form = Representation(etags=self.etags, compression=self.compression, max_age=self.max_age)
        if request.path in self._documents:
            document = self._documents[request.path]
            return form.reply(request, document, BYTES if isinstance(document, bytes) else JSON)
        if self.offers and request.path == SEARCH_PATH and request.method == "GET":
            return form.reply(request, search_answer(request, self.packuments()), JSON)
        if self.offers and request.path == ADVISORIES_PATH and request.method == "POST":
            said = {
                n: self._advisories[n] for n in posted_versions(request) if n in self._advisories
            }
            return form.reply(request, said, JSON)
        if release := self.at_tarball_path(request.path):
            return form.reply(request, release.archive, BYTES)
        short = self.abbreviated and ABBREVIATED_TYPE in request.headers.get("accept", "")
        host = self.tarball_host or self
        tarballs = host if isinstance(host, str) else host.url
        packument = self.packument(request.path[1:], short=short, tarballs=tarballs)
        if packument is None or request.method not in {"GET", "HEAD"}:
            return failure(404, "Not found")
        return form.reply(request, packument, ABBREVIATED_TYPE if short else JSON)
