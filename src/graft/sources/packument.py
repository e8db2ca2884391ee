"""What a registry says of all versions of one package."""

from __future__ import annotations

from graft.model.manifest import Manifest


class Packument:
    name: str
    tags: dict[str, str]
    versions: list[str]

    def manifest(self, version: str) -> Manifest:
        raise NotImplementedError

    def is_deprecated(self, version: str) -> bool:
        raise NotImplementedError
