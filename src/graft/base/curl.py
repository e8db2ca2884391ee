"""libcurl's handles set up for graft, and its error numbers in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graft.base.certificates import Trust
from graft.base.diagnostics import GraftError
from graft.base.http import ClientCertificate, HttpSettings, Request, redact, without_users
from graft.base.light_pycurl import pycurl
from graft.base.records import replace

_HTTP_ONLY = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
_MAX_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What libcurl reads from a socket at once. At 512 KB the archives of a large install need a tenth
# of the system calls that they need at the default of 16 KB.
_BUFFER = 512 * 1024
# Bytes a second: less than this, for as long as nothing at all would be borne, is a server that
# keeps a connection busy. And no try lasts longer than an hour, however well it goes.
_SLOWEST = 100
_LONGEST_SECONDS = 3600
# Addresses are kept for a whole run: name look-ups in bursts can stall for seconds.
_DNS_SECONDS = 600

# CURLE_HTTP2_STREAM: the server reset one stream. pycurl has no name for it.
_HTTP2_STREAM = 92
# CURLE_WEIRD_SERVER_REPLY and CURLE_TOO_LARGE, likewise: a head that is no HTTP, or has no end.
_NO_HTTP = 8
_TOO_LARGE = 100
_RETRYABLE = frozenset(
    {
        pycurl.E_COULDNT_RESOLVE_PROXY,
        pycurl.E_COULDNT_RESOLVE_HOST,
        pycurl.E_COULDNT_CONNECT,
        pycurl.E_HTTP2,
        pycurl.E_PARTIAL_FILE,
        pycurl.E_OPERATION_TIMEDOUT,
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_GOT_NOTHING,
        pycurl.E_SEND_ERROR,
        pycurl.E_RECV_ERROR,
        pycurl.E_BAD_CONTENT_ENCODING,
        _HTTP2_STREAM,
    }
)
_WORDS = {
    pycurl.E_COULDNT_RESOLVE_PROXY: "the proxy's name is not known",
    pycurl.E_COULDNT_RESOLVE_HOST: "the host's name is not known",
    pycurl.E_COULDNT_CONNECT: "no connection could be made",
    pycurl.E_PARTIAL_FILE: "the answer broke off",
    pycurl.E_OPERATION_TIMEDOUT: "too little came for too long",
    pycurl.E_SSL_CONNECT_ERROR: "no secure connection could be made",
    pycurl.E_GOT_NOTHING: "the connection was closed without an answer",
    pycurl.E_RECV_ERROR: "the connection broke",
    pycurl.E_SEND_ERROR: "the connection broke",
    pycurl.E_BAD_CONTENT_ENCODING: "the compressed answer is damaged",
    pycurl.E_TOO_MANY_REDIRECTS: f"more than {_MAX_REDIRECTS} redirects",
    pycurl.E_UNSUPPORTED_PROTOCOL: "not http or https, or a redirect from https to http",
    pycurl.E_URL_MALFORMAT: "not a URL",
    _NO_HTTP: "the answer is not HTTP",
    _TOO_LARGE: "the answer has far too many headers",
    pycurl.E_PEER_FAILED_VERIFICATION: "the server's certificate is not trusted",
    pycurl.E_SSL_CACERT_BADFILE: "the file of trusted certificates cannot be read",
}
_CERTIFICATES = frozenset({pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CACERT_BADFILE})
# Of a client's own: the second is what a key that cannot be read, or is another's, comes to.
_OWN_CERTIFICATE = frozenset({pycurl.E_SSL_CERTPROBLEM, pycurl.E_BAD_FUNCTION_ARGUMENT})
_ANSWERS = frozenset(
    {
        pycurl.E_TOO_MANY_REDIRECTS,
        pycurl.E_UNSUPPORTED_PROTOCOL,
        pycurl.E_URL_MALFORMAT,
        _NO_HTTP,
        _TOO_LARGE,
    }
)


def new_multi(settings: HttpSettings) -> Any:
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
    multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, settings.max_streams)
    multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, settings.max_sockets)
    multi.setopt(pycurl.M_MAXCONNECTS, settings.max_sockets * 2)
    return multi


def new_handle(settings: HttpSettings, trusted: Trust) -> Any:
    """A handle with all that is the same for every request."""
    handle = pycurl.Curl()
    put = handle.setopt
    put(pycurl.NOSIGNAL, 1)
    put(pycurl.USERAGENT, settings.user_agent)
    put(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
    # Wait for the first connection to say whether it multiplexes before opening more.
    put(pycurl.PIPEWAIT, 1)
    put(pycurl.BUFFERSIZE, _BUFFER)
    put(pycurl.PROTOCOLS, _HTTP_ONLY)
    put(pycurl.FOLLOWLOCATION, 1)
    put(pycurl.MAXREDIRS, _MAX_REDIRECTS)
    # libcurl drops an Authorization header when a redirect leaves the host, the port or the scheme
    # of the first URL. This is its default; it is said here because tokens depend on it.
    put(pycurl.UNRESTRICTED_AUTH, 0)
    put(pycurl.CONNECTTIMEOUT_MS, _milliseconds(settings.connect_timeout))
    put(pycurl.LOW_SPEED_LIMIT, _SLOWEST)
    put(pycurl.TIMEOUT, _LONGEST_SECONDS)
    put(pycurl.LOW_SPEED_TIME, max(1, round(settings.idle_timeout)))
    put(pycurl.DNS_CACHE_TIMEOUT, _DNS_SECONDS)
    # Said even when empty, or libcurl would read the environment by itself.
    put(pycurl.NOPROXY, settings.noproxy)
    if settings.local_address:
        put(pycurl.INTERFACE, settings.local_address)
    if not settings.strict_ssl:
        put(pycurl.SSL_VERIFYPEER, 0)
        put(pycurl.SSL_VERIFYHOST, 0)
    elif trusted.folder:
        put(pycurl.CAPATH, trusted.folder)
        # Said even where there is none, or libcurl would read the bundle that it was built for.
        handle.unsetopt(pycurl.CAINFO)
        if trusted.beside:
            put(pycurl.CAINFO, trusted.beside)
    elif trusted.path:
        put(pycurl.CAINFO, trusted.path)
    elif trusted.pem:
        put(pycurl.CAINFO_BLOB, trusted.pem)
    return handle


def aim(
    handle: Any,
    request: Request,
    settings: HttpSettings,
    *,
    on_body: Callable[[bytes], int | None],
    on_header: Callable[[bytes], None],
) -> None:
    """Point a handle, new or used before, at ``request``. One that was given a certificate is not
    to be used again."""
    secure = request.url[:6].lower() == "https:"
    headers = [_header(name, value) for name, value in request.headers.items()]
    if request.auth:
        headers.append(_header("Authorization", request.auth))
    put = handle.setopt
    put(pycurl.URL, request.url if request.url.isascii() else _escaped(request.url))
    if request.body is None:
        put(pycurl.HTTPGET, 1)  # the last request may have been another
    else:
        put(pycurl.POSTFIELDS, request.body)
        headers.append(b"Expect:")  # without it libcurl waits for leave to send what is long
    if request.method:
        put(pycurl.CUSTOMREQUEST, request.method)
    else:
        handle.unsetopt(pycurl.CUSTOMREQUEST)
    # pycurl takes an empty list for no change: the last request's headers, with its token, would
    # be sent again.
    handle.unsetopt(pycurl.HTTPHEADER)
    if headers:
        put(pycurl.HTTPHEADER, headers)
    if request.compressed:
        put(pycurl.ACCEPT_ENCODING, "")  # all that this libcurl can decode
    else:
        handle.unsetopt(pycurl.ACCEPT_ENCODING)
    put(pycurl.PROXY, settings.https_proxy if secure else settings.proxy)
    # What was asked for securely never comes from a place that anyone on the way may rewrite.
    put(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTPS if secure else _HTTP_ONLY)
    if request.certificate:
        _present(handle, request.certificate)
    put(pycurl.WRITEFUNCTION, on_body)
    put(pycurl.HEADERFUNCTION, on_header)


def _header(name: str, value: str) -> bytes:
    """One line. What a server said, an ETag among it, is sent back byte for byte."""
    line = f"{name}: {value}"
    try:
        return line.encode("latin-1")
    except UnicodeEncodeError:
        return line.encode()


def _escaped(url: str) -> str:
    """As browsers send it; of a host's name it makes one that nobody has."""
    data = url.encode(errors="surrogateescape")
    return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in data)


def _present(handle: Any, own: ClientCertificate) -> None:
    put = handle.setopt
    if own.inline:
        put(pycurl.SSLCERT_BLOB, own.certificate.encode())
        put(pycurl.SSLKEY_BLOB, own.key.encode())
    else:
        put(pycurl.SSLCERT, own.certificate)
        put(pycurl.SSLKEY, own.key)
    # Said, or OpenSSL would ask the terminal for a passphrase and wait.
    put(pycurl.KEYPASSWD, "")
    # Libcurls from before the middle of 2026 show it to whomever a redirect leads to: see
    # ``redirected``.
    put(pycurl.FOLLOWLOCATION, 0)


def redirected(handle: Any, request: Request, hops: int) -> Request | GraftError | None:
    """What to ask next, where ``request`` has a certificate and its answer leads elsewhere.

    ``hops`` were made before. Certificate and token stay with the server that they were for.
    """
    if handle.getinfo(pycurl.RESPONSE_CODE) not in _REDIRECTS or request.body is not None:
        return None
    url = handle.getinfo(pycurl.REDIRECT_URL)
    if not url:
        return None
    if hops >= _MAX_REDIRECTS:
        return failure(request, pycurl.E_TOO_MANY_REDIRECTS, "", 1)
    if not url.startswith("https://"):
        return failure(request, pycurl.E_UNSUPPORTED_PROTOCOL, f"redirected to {redact(url)}", 1)
    if url.split("/")[:3] == request.url.split("/")[:3]:
        return replace(request, url=url)
    return replace(request, url=url, auth="", certificate=None)


def is_shared(handle: Any) -> bool:
    """Whether the connection of what has ended can carry several requests at once."""
    return bool(handle.getinfo(pycurl.INFO_HTTP_VERSION) >= pycurl.CURL_HTTP_VERSION_2_0)


def rest(handle: Any) -> None:
    """Let go of the last request's callbacks, and of the answer that hangs on them."""
    handle.setopt(pycurl.WRITEFUNCTION, _ignore)
    handle.setopt(pycurl.HEADERFUNCTION, _ignore)


def _ignore(_: bytes) -> None:
    return None


def is_retryable(code: int) -> bool:
    return code in _RETRYABLE


def is_distrust(code: int) -> bool:
    """Whether nobody that is trusted vouches for the server."""
    return bool(code == pycurl.E_PEER_FAILED_VERIFICATION)


def failure(request: Request, code: int, message: str, tries: int) -> GraftError:
    """The error for libcurl's ``code`` and ``message``, after ``tries`` tries."""
    if code in _OWN_CERTIFICATE and request.certificate:
        return _unusable(request, request.certificate, message)
    words = _WORDS.get(code, "the request failed")
    fix = "check the network and proxy settings, or use --offline for what is cached"
    if code in _CERTIFICATES:
        fix = "name the authority that signed it: cafile=/path/to/ca.pem in ~/.npmrc"
    return GraftError(
        "registry-answer" if code in _ANSWERS else "registry-unreachable",
        f"{request.subject}: {words}" if request.subject else words,
        where=redact(request.url),
        # Of a proxy that it cannot make sense of, libcurl shows all that the setting says.
        why=(without_users(message) or f"libcurl error {code}", tried(tries)),
        fix=fix,
    )


def _unusable(request: Request, own: ClientCertificate, message: str) -> GraftError:
    names = "cert and key" if own.inline else "certfile and keyfile"
    return GraftError(
        "settings-unreadable",
        f"the client certificate for {redact(request.url)} cannot be used",
        where="~/.npmrc" if own.inline else own.certificate,
        why=(message, *(() if own.inline else (f"its key is {own.key}",))),
        fix=f"let {names} name a certificate and its key, in PEM and without a passphrase",
    )


def too_large(request: Request) -> GraftError:
    return GraftError(
        "registry-answer",
        f"{request.subject or 'the answer'}: larger than {request.max_bytes:,} bytes",
        where=redact(request.url),
        fix="look at what the registry serves there: no sound package is this large",
    )


def tried(tries: int) -> str:
    return "tried once" if tries == 1 else f"tried {tries} times"


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
