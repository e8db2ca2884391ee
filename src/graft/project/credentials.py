"""Who graft says it is, to whom."""

from __future__ import annotations

import binascii
import os
from collections.abc import Iterator, Mapping

from graft.base.http import ClientCertificate
from graft.base.records import Record
from graft.project.npmrc import Npmrc

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Address(Record):
    """An http or https URL taken apart: ``host`` has its port unless that is the scheme's own."""

    scheme: str
    host: str
    path: str
    user: str = ""

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.path}"


def parse_address(url: str) -> Address | None:
    """Take a URL apart; None if it is not http or https, or names no host.

    Query and fragment are dropped.
    """
    scheme, separator, rest = url.strip().partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in _DEFAULT_PORTS:
        return None
    rest = rest.partition("#")[0].partition("?")[0]
    authority, _, path = rest.partition("/")
    user, _, host = authority.rpartition("@")
    host = host.lower().removesuffix(_DEFAULT_PORTS[scheme])
    if not host or not url.isprintable() or set(authority) & set(" \\<>\"'^`{|}"):
        return None
    return Address(scheme=scheme, host=host, path=f"/{path}", user=user)


class Credentials:
    """The ``//host[:port]/path/:…`` settings.

    A credential without a port belongs to https. Over plain http it is sent only to hosts in
    ``clear_text``: those of registries that somebody other than the project configured as
    ``http://``, so that no repository can make a token travel unencrypted.
    """

    def __init__(
        self, fields: Mapping[str, Mapping[str, str]], clear_text: frozenset[str] = frozenset()
    ) -> None:
        """``fields``: ``//host/path/`` -> field (``_authToken`` …) -> value."""
        self._headers = {
            prefix: header for prefix, said in fields.items() if (header := _header(said))
        }
        self._certificates = {
            prefix: own for prefix, said in fields.items() if (own := _certificate(said))
        }
        self._clear_text = clear_text

    def header_for(self, url: str) -> str:
        """The Authorization header for ``url``: the longest matching prefix's; empty if none."""
        address = parse_address(url) if self._headers else None
        if address is None:
            return ""
        if (
            address.scheme == "http"
            and ":" not in address.host.rpartition("]")[2]  # those of an IPv6 address name no port
            and address.host not in self._clear_text
        ):
            return ""
        for prefix in _prefixes(address):
            if header := self._headers.get(prefix):
                return header
        return ""

    def certificate_for(self, url: str) -> ClientCertificate | None:
        """The longest matching prefix's, for https alone. Its files are not looked at here."""
        address = parse_address(url) if self._certificates else None
        if address is None or address.scheme != "https":
            return None
        found = (self._certificates.get(prefix) for prefix in _prefixes(address))
        return next((own for own in found if own), None)


def read_credentials(npmrc: Npmrc, home: str) -> Credentials:
    """``home`` is what ``~/`` means in the path of a certificate."""
    fields: dict[str, dict[str, str]] = {}
    for key, setting in npmrc.settings.items():
        if key.startswith("//"):
            prefix, colon, field = key.rpartition(":")
            if colon and "/" in prefix[2:] + "/":
                host, _, path = prefix[2:].partition("/")
                prefix = f"//{host.lower()}/{path}".rstrip("/") + "/"
                value = setting.value
                if field in ("certfile", "keyfile") and value.startswith("~/"):
                    value = os.path.join(home, value[2:])
                fields.setdefault(prefix, {})[field] = value
        elif is_registry_key(key):
            address = parse_address(setting.value)
            if address is not None and address.user:
                own = {"_auth": user_header(address.user).removeprefix("Basic ")}
                fields.setdefault(f"//{address.host}{address.path.rstrip('/')}/", own)
    # npm shows these to every registry. Here they are the default one's, and no project says which
    # that is.
    own_default = npmrc.without_project.get("registry")
    address = parse_address(own_default.value) if own_default else None
    if address is not None:
        inline = {key: npmrc.get(key).replace("\\n", "\n") for key in ("cert", "key")}
        fields.setdefault(f"//{address.host}/", {}).update(inline)
    said_by_user = [
        parse_address(setting.value)
        for key, setting in npmrc.without_project.items()
        if is_registry_key(key)
    ]
    clear_text = {address.host for address in said_by_user if address and address.scheme == "http"}
    return Credentials(fields, frozenset(clear_text))


def user_header(user: str) -> str:
    """The Authorization header for ``user:password`` as a URL holds it."""
    return f"Basic {_encoded(_unescape(user))}"


def is_registry_key(key: str) -> bool:
    """``registry`` or ``@scope:registry``."""
    return key == "registry" or (key.startswith("@") and key.endswith(":registry"))


def _header(said: Mapping[str, str]) -> str:
    # A variable that is not set leaves its reference standing: that is no credential. Nor is what
    # would break out of its header.
    known = {
        field: value
        for field, value in said.items()
        if value and value.isprintable() and "${" not in value
    }
    if token := known.get("_authToken"):
        return f"Bearer {token}"
    if auth := known.get("_auth"):
        return f"Basic {auth}"
    if "username" in known and "_password" in known:
        try:
            password = binascii.a2b_base64(known["_password"], strict_mode=True).decode()
        except (binascii.Error, ValueError):
            return ""
        pair = f"{known['username']}:{password}"
        return f"Basic {_encoded(pair)}"
    return ""


def _certificate(said: Mapping[str, str]) -> ClientCertificate | None:
    for certificate, key in (("certfile", "keyfile"), ("cert", "key")):
        pair = said.get(certificate, ""), said.get(key, "")
        if all(value and value != "null" and "${" not in value for value in pair):
            return ClientCertificate(certificate=pair[0], key=pair[1], inline=certificate == "cert")
    return None


def _encoded(text: str) -> str:
    return binascii.b2a_base64(text.encode(), newline=False).decode()


def _prefixes(address: Address) -> Iterator[str]:
    """``//host/a/b/``, ``//host/a/``, ``//host/``."""
    # libcurl resolves dot segments before it sends; a path with them matches its host alone.
    dotted = "/." in address.path or "%2e" in address.path.lower()
    path = "/" if dotted else address.path
    while True:
        path = path[: path.rfind("/") + 1]
        yield f"//{address.host}{path}"
        if path == "/":
            return
        path = path[:-1]


def _unescape(user: str) -> str:
    from urllib.parse import unquote

    return unquote(user)
