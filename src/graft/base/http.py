"""What is asked over HTTP and what comes back. The client that does it is in http_client.

Nothing here imports libcurl, so that settings and types cost nothing to whoever needs no network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.base.retry import RetryPolicy


class HttpSettings(Record, unshown=("proxy", "https_proxy")):
    """Times are seconds. ``proxy`` serves http URLs and ``https_proxy`` https ones; empty is none.

    ``cafile`` replaces the system's certificates, ``extra_cafile`` adds to them (Node's
    ``NODE_EXTRA_CA_CERTS``), and ``ca`` (PEM text) wins over both. ``max_sockets`` bounds the
    connections to a server that speaks HTTP/1.1, ``max_streams`` what is under way at once.
    """

    user_agent: str = "graft"
    ca: str = ""
    cafile: str = ""
    extra_cafile: str = ""
    strict_ssl: bool = True
    proxy: str = ""
    https_proxy: str = ""
    noproxy: str = ""
    local_address: str = ""
    max_sockets: int = 32
    max_streams: int = 128
    connect_timeout: float = 10.0
    idle_timeout: float = 30.0
    retry: RetryPolicy = RetryPolicy()


class ClientCertificate(Record, unshown=("key",)):
    """What proves to a server who asks: paths of two PEM files or, if ``inline``, their texts."""

    certificate: str
    key: str
    inline: bool = False


class Request(Record, unshown=("auth",)):
    """A GET, or a POST of ``body``, or what ``method`` says instead. It must bear being sent twice:
    it is tried again as any.

    ``subject`` is what errors name (a package), ``max_bytes`` bounds the decoded answer.

    ``auth`` is the value of an Authorization header. It goes to the host, port and scheme of
    ``url`` alone and is dropped when an answer redirects elsewhere; so is ``certificate``. An
    ``urgent`` request starts before those that are not: packuments, on which the resolver waits,
    before archives. Without ``compressed`` the bytes come exactly as they lie on the server,
    whatever encoding it claims.
    """

    url: str
    headers: Mapping[str, str] = {}
    subject: str = ""
    auth: str = ""
    max_bytes: int = 1 << 30
    urgent: bool = False
    compressed: bool = True
    body: bytes | None = None
    method: str = ""
    certificate: ClientCertificate | None = None


class Response:
    """An answer, whatever its status. ``url`` is where it came from after redirects."""

    __slots__ = ("_headers", "_lines", "body", "status", "url")

    def __init__(self, *, status: int, url: str, body: bytes, lines: list[bytes]) -> None:
        self.status = status
        self.url = url
        self.body = body
        self._lines = lines
        self._headers: Mapping[str, str] | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """By lower-cased name. Parsed when first asked for: archives are never asked."""
        if self._headers is None:
            self._headers = _parse_headers(self._lines)
        return self._headers


class Transfer:
    """A request under way. Whoever waits for it pumps the client: see ``HttpClient.wait``."""

    __slots__ = ("_callbacks", "_error", "_response", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self._response: Response | None = None
        self._error: GraftError | None = None
        self._callbacks: list[Callable[[Transfer], None]] = []

    @property
    def done(self) -> bool:
        return self._response is not None or self._error is not None

    def on_done(self, callback: Callable[[Transfer], None]) -> None:
        """Call ``callback`` from the pump when finished; at once if it is finished already."""
        if self.done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def result(self) -> Response:
        """The response, or the error raised; only once it is done."""
        if self._error is not None:
            raise self._error
        if self._response is None:
            raise RuntimeError("the transfer is still under way: wait for it first")
        return self._response

    def finish(self, outcome: Response | GraftError) -> None:
        """Said once, by the client or by a source that answers for several requests."""
        if self.done:
            return
        if isinstance(outcome, GraftError):
            self._error = outcome
        else:
            self._response = outcome
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)


class HttpStats:
    """``requests`` counts every try; ``received`` is body bytes as they were on the wire."""

    requests: int = 0
    retries: int = 0
    received: int = 0
    connections: int = 0


def redact(url: str) -> str:
    """The URL without user, password, query and fragment: what a log or an error may show."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url.partition("?")[0].partition("#")[0]
    rest = rest.partition("?")[0].partition("#")[0]
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def missing_offline(subject: str, url: str) -> GraftError:
    return GraftError(
        "offline-missing",
        f"{subject} is not there, and offline it cannot be fetched",
        where=redact(url),
        fix="run the same command once without --offline",
    )


def without_user(text: str) -> str:
    """A URL, or a specifier that may hold one, without user and password."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return text
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def without_users(text: str) -> str:
    """What a program said, without users and passwords of the URLs in it."""
    import re  # only where something went wrong

    return re.sub(r"(?<=//)[^/\s]+@", "", text)


def _parse_headers(lines: list[bytes]) -> dict[str, str]:
    """The last answer's headers: redirects and 1xx answers leave their own before it."""
    headers: dict[str, str] = {}
    for line in lines:
        if line.startswith(b"HTTP/"):
            headers.clear()
            continue
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers
