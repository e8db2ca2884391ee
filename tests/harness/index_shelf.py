"""An index whose packages can be installed: their archives lie within it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from harness.archive import Content, pack_files
from harness.descriptors import IndexFolder, descriptor


class IndexShelf(IndexFolder):
    def offer(
        self,
        identity: str,
        version: str,
        *lines: str,
        needs: Mapping[str, str] | None = None,
        npm: Mapping[str, str] | None = None,
        tables: str = "",
        files: Mapping[str, Content] | None = None,
    ) -> str:
        """Put a version behind those that are there; the archive's path. Requiring it gives its
        name and version. ``lines`` stand in its table and say where it is, if they begin with
        ``url``, ``git`` or a table of ``archives``; ``tables`` stand behind it."""
        namespace, _, name = identity.rpartition(":")
        package = f"@{namespace}/{name}" if namespace else name
        archive = f"archives/{package}-{version}.tgz"
        said = json.dumps(f"{package}@{version}")
        files = files or {
            "package.json": json.dumps({"name": package, "version": version}),
            "index.js": f"exports.said = {said}; exports.require = require",
        }
        body = [f'\n[versions."{version}"]', *lines]
        if not any(line.startswith(("url", "git")) for line in lines) and "archives" not in tables:
            data = pack_files(files)
            self.write(archive, data)
            body += [f'url = "{archive}"', f'sha256 = "{hashlib.sha256(data).hexdigest()}"']
        for table, asked in (("dependencies", needs), ("npm-dependencies", npm)):
            if asked:
                body += [f'[versions."{version}".{table}]']
                body += [f'"{key}" = "{text}"' for key, text in asked.items()]
        folder = f"pkgs/@{namespace}" if namespace else "pkgs"
        path = self.root / folder / name[0] / f"{name}.toml"
        before = path.read_text() if path.exists() else descriptor(identity)
        self.write(str(path.relative_to(self.root)), "\n".join([before, *body, tables, ""]))
        return archive


def nodes(lock: Mapping[str, Any]) -> list[str]:
    """``@acme/tool#1.0.0`` for each package of an index, ``a@1.0.0`` for one of a registry."""
    return sorted(re.sub(r"@index:[^#]+|\(.*", "", id) for id in lock["nodes"])
