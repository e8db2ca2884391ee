"""Descriptors and indices, written as their authors would."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

URL = "https://files.example.com"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def release(version: str, *lines: str, tables: str = "") -> str:
    """A version with an archive of its own; ``lines`` stand in its table, ``tables`` behind it."""
    body = "\n".join(lines)
    source = f'url = "{URL}/{version}.tgz"\nsha256 = "{sha256(version)}"\n'
    if any(line.startswith(("url", "git")) for line in lines) or "archives" in tables:
        source = ""
    return f'\n[versions."{version}"]\n{source}{body}\n{tables}'


def descriptor(identity: str, *releases: str, head: str = "") -> str:
    namespace, _, name = identity.rpartition(":")
    lines = f'spec = 1\nnamespace = "{namespace or "default"}"\nname = "{name}"\n'
    return lines + head + "".join(releases)


class IndexFolder:
    """An index in ``root``, which it makes."""

    def __init__(self, root: Path, *namespaces: str) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        listed = ", ".join(f'"{namespace}"' for namespace in namespaces)
        self.write("index.toml", f"[index]\nspec = 1\nnamespaces = [{listed}]\n")

    def write(self, path: str, text: str | bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def add(self, identity: str, *releases: str, head: str = "") -> Path:
        """A descriptor at the place where it belongs."""
        namespace, _, name = identity.rpartition(":")
        folder = f"pkgs/@{namespace}" if namespace else "pkgs"
        path = f"{folder}/{name[0].lower()}/{name}.toml"
        return self.write(path, descriptor(identity, *releases, head=head))

    def files(self) -> Mapping[str, bytes]:
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".git" not in path.parts
        }
