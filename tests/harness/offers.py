"""What the public registry offers beside packages: search, and advisories in bulk."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harness.exchange import Request

SEARCH_PATH = "/-/v1/search"
ADVISORIES_PATH = "/-/npm/v1/security/advisories/bulk"


def search_answer(request: Request, packuments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Packages in whose name, description or keywords each of the words is."""
    query = parse_qs(urlsplit(request.target).query)
    words = query.get("text", [""])[0].lower().split()
    size = int(query.get("size", ["20"])[0])
    found = [_found(packument) for packument in packuments]
    fitting = [entry for entry in found if all(word in _searched(entry) for word in words)]
    return {
        "objects": fitting[:size],
        "total": len(fitting),
        "time": "2024-01-01T00:00:00.000Z",
    }


def _found(packument: Mapping[str, Any]) -> dict[str, Any]:
    name, latest = packument["name"], packument["dist-tags"]["latest"]
    manifest = packument["versions"][latest]
    return {
        "downloads": {"monthly": 2, "weekly": 1},
        "dependents": "0",
        "updated": packument["time"]["modified"],
        "searchScore": 1.5,
        "package": {
            "name": name,
            "keywords": manifest.get("keywords", []),
            "version": latest,
            "description": manifest.get("description", packument["description"]),
            "sanitized_name": name,
            "publisher": {"email": "tester@example.com", "username": "tester"},
            "maintainers": [{"email": "tester@example.com", "username": "tester"}],
            "license": "MIT",
            "date": packument["time"][latest],
            "links": {"npm": f"https://example.com/package/{name}"},
        },
        "score": {"final": 1.5, "detail": {"popularity": 1, "quality": 1, "maintenance": 1}},
        "flags": {"insecure": "0"},
    }


def _searched(entry: Mapping[str, Any]) -> str:
    package = entry["package"]
    return " ".join([package["name"], package["description"], *package["keywords"]]).lower()


def posted_versions(request: Request) -> dict[str, list[str]]:
    """name -> versions, as a client posts them: JSON, compressed."""
    assert request.headers["content-encoding"] == "gzip"
    assert request.headers["content-type"] == "application/json"
    return dict(json.loads(gzip.decompress(request.body)))


def advisory(id: int, vulnerable: str, severity: str, title: str) -> dict[str, Any]:
    return {
        "id": id,
        "url": f"https://example.com/advisories/GHSA-{id}",
        "title": title,
        "severity": severity,
        "vulnerable_versions": vulnerable,
        "cwe": ["CWE-1321"],
        "cvss": {"score": 7.4, "vectorString": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N"},
    }
