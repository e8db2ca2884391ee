"""npm's network settings as the HTTP client takes them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from graft import __version__
from graft.base.http import HttpSettings
from graft.base.retry import RetryPolicy
from graft.project.npmrc import Npmrc
from graft.project.values import boolean, number

_PLAIN = HttpSettings()


def read_http_settings(npmrc: Npmrc, environ: Mapping[str, str], home: str) -> HttpSettings:
    """Settings first, then the variables that curl, OpenSSL and Node users know; empty is unset."""
    https_proxy = npmrc.get("https-proxy") or _variable(environ, "HTTPS_PROXY")
    proxy = npmrc.get("proxy") or npmrc.get("http-proxy") or _variable(environ, "HTTP_PROXY")
    noproxy = npmrc.get("noproxy") or npmrc.get("no-proxy") or _variable(environ, "NO_PROXY")
    cafile = npmrc.get("cafile")
    return HttpSettings(
        user_agent=f"graft/{__version__}",
        ca=_inline_certificates(npmrc),
        cafile=_at_home(cafile, home) if cafile else environ.get("SSL_CERT_FILE", ""),
        # Node, too, ignores its extra certificates where a setting names others.
        extra_cafile="" if cafile else environ.get("NODE_EXTRA_CA_CERTS", ""),
        strict_ssl=boolean(npmrc, "strict-ssl", default=True),
        proxy=_unless_null(proxy),
        # npm uses `proxy` for https as well where nothing else is said.
        https_proxy=_unless_null(https_proxy or proxy),
        noproxy=_unless_null(noproxy),
        local_address=_unless_null(npmrc.get("local-address")),
        max_sockets=int(number(npmrc, "maxsockets", _PLAIN.max_sockets, least=1)),
        idle_timeout=_seconds(npmrc, "fetch-timeout", _PLAIN.idle_timeout),
        retry=_retry(npmrc),
    )


def _retry(npmrc: Npmrc) -> RetryPolicy:
    usual = _PLAIN.retry
    return RetryPolicy(
        retries=int(number(npmrc, "fetch-retries", usual.retries)),
        factor=number(npmrc, "fetch-retry-factor", usual.factor, least=1),
        shortest=_seconds(npmrc, "fetch-retry-mintimeout", usual.shortest),
        longest=_seconds(npmrc, "fetch-retry-maxtimeout", usual.longest),
    )


def _seconds(npmrc: Npmrc, key: str, default: float) -> float:
    """npm's times are milliseconds."""
    return number(npmrc, key, default * 1000) / 1000


def _inline_certificates(npmrc: Npmrc) -> str:
    """``ca=`` or ``ca[]=``: PEM on one line, its line ends written as a backslash and an n."""
    setting = npmrc.settings.get("ca")
    values = [value for value in setting.values if _unless_null(value)] if setting else []
    return "\n".join(value.replace("\\n", "\n") for value in values)


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.lower()) or ""


def _unless_null(value: str) -> str:
    return "" if value in ("null", "false") else value


def _at_home(path: str, home: str) -> str:
    return os.path.join(home, path[2:]) if path.startswith("~/") else path
