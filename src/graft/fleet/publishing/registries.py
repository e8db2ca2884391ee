"""Which registries a package set is resolved from, and which of them is shown which token."""

from __future__ import annotations

from collections.abc import Mapping

from graft.fleet.publishing.allowlist import check_registry_token, check_settings
from graft.fleet.records import SetSettings
from graft.project.credentials import Credentials, parse_address
from graft.project.registries import Registries


def registries_of(settings: SetSettings, tokens: Mapping[str, str], own: Registries) -> Registries:
    """In memory alone. ``tokens`` are by ``host`` or ``host:port``; each is sent to that one and to
    no other. ``own`` are the server's, which hold where the set says nothing.

    Raises ``fleet-invalid``.
    """
    check_settings(settings)
    for host, token in tokens.items():
        check_registry_token(host, token)
    addresses = map(parse_address, (settings.registry, *settings.scopes.values()))
    return Registries(
        default=settings.registry,
        scopes=settings.scopes,
        credentials=Credentials(
            {f"//{host.lower()}/": {"_authToken": token} for host, token in tokens.items()},
            # Whoever may write down a token for a host may also say how that one is reached.
            frozenset(a.host for a in addresses if a is not None and a.scheme == "http"),
        ),
        behind=own,
    )
