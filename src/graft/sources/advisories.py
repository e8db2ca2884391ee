"""What a registry knows of weaknesses of packages: npm's endpoint for many packages at once."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Mapping
from typing import Any

from graft.base.http import Transfer
from graft.base.http_client import HttpClient
from graft.base.records import Record
from graft.project.registries import Registries
from graft.sources import offers
from graft.versions.npm import parse_range
from graft.versions.ranges import ANY, Range
from graft.versions.version import parse_version

_PATH = "-/npm/v1/security/advisories/bulk"
# Mildest first.
SEVERITIES = ("info", "low", "moderate", "high", "critical")


class Advisory(Record):
    """``severity`` is one of ``SEVERITIES``, ``vulnerable`` the range of versions that have the
    weakness, as it was written."""

    id: str
    package: str
    severity: str
    title: str
    url: str
    vulnerable: str

    def affects(self, version: str) -> bool:
        """Prereleases are as vulnerable as releases. A range that cannot be read holds all."""
        try:
            return self._range.contains(parse_version(version))
        except ValueError:
            return True

    @property
    def _range(self) -> Range:
        try:
            return parse_range(self.vulnerable).include_prereleases()
        except ValueError:
            return ANY


def ask_advisories(
    client: HttpClient,
    registries: Registries,
    registry: str,
    versions: Mapping[str, Collection[str]],
) -> Transfer:
    """Ask ``registry`` about versions of packages; it learns their names from this."""
    asked = {name: sorted(versions[name]) for name in sorted(versions)}
    posted = gzip.compress(json.dumps(asked, separators=(",", ":")).encode(), mtime=0)
    return offers.ask(client, registries, registry, _PATH, offer="advisories", posted=posted)


def read_advisories(
    transfer: Transfer, versions: Mapping[str, Collection[str]]
) -> tuple[Advisory, ...]:
    """Those that affect any of ``versions``, whatever else the registry said; sorted by package,
    worst first. Raises as ``offers.answer``."""
    said = offers.answer(transfer)
    found = [
        advisory
        for name in versions
        for entry in _list(said.get(name))
        if (advisory := _advisory(name, entry)) and any(map(advisory.affects, versions[name]))
    ]
    return tuple(sorted(found, key=_order))


def _advisory(name: str, said: Any) -> Advisory | None:
    if not isinstance(said, dict):
        return None
    severity = said.get("severity")
    return Advisory(
        id=str(said.get("id", "")),
        package=name,
        # In doubt the worst: what nobody can rank must not be passed over.
        severity=severity if severity in SEVERITIES else SEVERITIES[-1],
        title=_text(said.get("title")),
        url=_text(said.get("url")),
        vulnerable=_text(said.get("vulnerable_versions")) or "*",
    )


def _order(advisory: Advisory) -> tuple[str, int, str]:
    return advisory.package, -SEVERITIES.index(advisory.severity), advisory.id


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []


def _text(said: Any) -> str:
    return said if isinstance(said, str) else ""
