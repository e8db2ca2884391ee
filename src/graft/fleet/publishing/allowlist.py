"""What may be pinned, and what a package set may say of registries: checked where it is written
down, and once more before anything is done with it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from graft.base.diagnostics import GraftError
from graft.base.http import redact
from graft.fleet.records import Pin, SetSettings
from graft.model.names import is_sound, split_spec
from graft.project.credentials import parse_address
from graft.versions.version import is_version

_ALIAS = "npm:"


def check_pin(local: str, specifier: str) -> None:
    """Raises ``fleet-invalid`` for what is no name, and for what more than one version answers."""
    package, version = local, specifier
    if specifier.startswith(_ALIAS):
        package, version = split_spec(specifier.removeprefix(_ALIAS))
    for name in (local, package):
        if not is_sound(name):
            raise _invalid(f"'{redact(name)}' is not a package name", "write name or @scope/name")
    if not is_version(version):
        raise _invalid(
            f"{local}: '{redact(specifier)}' is no exact version",
            "write one, such as 1.2.3, or npm:name@1.2.3 to call a package otherwise",
        )


def check_settings(settings: SetSettings) -> None:
    """Raises ``fleet-invalid``. A registry's URL is one line and holds no credentials: those are
    said by host, apart from it, and nothing reads them back."""
    for scope, url in {"": settings.registry, **settings.scopes}.items():
        if scope and not (scope.startswith("@") and is_sound(f"{scope}/x")):
            raise _invalid(f"'{redact(scope)}' is not a scope", "write it as @acme")
        if not scope and not url:
            continue
        address = parse_address(url)
        if address is None or address.user or url != url.strip() or set(url) & set(" ?#\\"):
            raise _invalid(
                f"'{redact(url)}' is not the URL of a registry",
                "write it as https://registry.example.com/, without user, password and '?'",
            )
    if not settings.warn_bytes >= 0 or not settings.block_bytes > 0:
        raise _invalid("a size cap is a number of bytes", "write more than 0")


def check_registry_token(host: str, token: str) -> None:
    """Raises ``fleet-invalid`` for what is no host, and for a token that no header can hold."""
    address = parse_address(f"https://{host}/")
    if address is None or address.user or address.path != "/" or set(host) & set("?#"):
        raise _invalid(f"'{redact(host)}' is not a host", "write host or host:port, without a path")
    if not token or not token.isascii() or not token.isprintable() or set(token) & set(" $"):
        raise _invalid("the token holds what no token holds", "it is one word, on one line")


def asked_manifest(pins: Iterable[Pin]) -> bytes:
    """The package.json that asks for what is enabled; empty where nothing is.

    Raises what ``check_pin`` raises.
    """
    enabled = sorted((pin.local, pin.specifier) for pin in pins if pin.enabled)
    for local, specifier in enabled:
        check_pin(local, specifier)
    if not enabled:
        return b""
    document = {"private": True, "dependencies": dict(enabled)}
    return json.dumps(document, indent=2).encode() + b"\n"


def _invalid(message: str, fix: str) -> GraftError:
    return GraftError("fleet-invalid", message, fix=fix)
