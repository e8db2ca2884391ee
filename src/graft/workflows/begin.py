"""``init``: a first ``package.json``."""

from __future__ import annotations

import json
import os

from graft.base.diagnostics import GraftError
from graft.base.files import write_file
from graft.base.records import Record
from graft.model.names import canonical_name, check_name
from graft.project.manifest import MANIFEST_NAME

_ENTRIES = ("index.js", "main.js")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._")
_MAX_LENGTH = 214
# Names that no new package may have.
_TAKEN = ("node_modules", "favicon.ico")


class Begun(Record):
    """``path`` is the file that was written, ``manifest`` what is in it."""

    path: str
    manifest: dict[str, str]


def begin(folder: str, name: str) -> Begun:
    """Write the manifest of a new project, named after its folder if ``name`` is empty.

    Raises ``manifest-exists``, and ``bad-specifier`` for a name that no new package may have.
    """
    path = os.path.join(folder, MANIFEST_NAME)
    base = os.path.basename(os.path.abspath(folder))
    manifest = {
        "name": _new_name(name) if name else name_from_folder(base),
        "version": "1.0.0",
        "main": _entry(sorted(os.listdir(folder)), base),
        "type": "commonjs",
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    try:
        write_file(path, text.encode(), durable=True)
    except FileExistsError:
        raise GraftError(
            "manifest-exists",
            "there is a package.json here already",
            where=path,
            fix="edit it, or go to another folder",
        ) from None
    return Begun(path=path, manifest=manifest)


def name_from_folder(folder: str) -> str:
    """The nearest name that a package may have; ``app`` if nothing is left of it."""
    lower = folder.lower().removeprefix("node-").removesuffix(".js").removesuffix("-js")
    name = "".join(character if character in _PLAIN else "-" for character in lower)
    while "--" in name:
        name = name.replace("--", "-")
    name = name.lstrip("._-").rstrip("-")[:_MAX_LENGTH]
    return "app" if not name or name in _TAKEN else name


def _new_name(name: str) -> str:
    """Older names may have more in them; a new one is lower case, and plain in every address."""
    name = check_name(canonical_name(name))
    bare = name.removeprefix("@").replace("/", "", 1)
    if not _PLAIN.issuperset(bare) or bare.startswith(("_", "-")) or name in _TAKEN:
        raise GraftError(
            "bad-specifier",
            f"'{name}' is no name for a new package",
            fix="write it in lower case, with letters, digits, '-', '.' and '_' alone",
        )
    return name


def _entry(files: list[str], base: str) -> str:
    """What npm takes: index.js, main.js, the folder's own name, else the first script there is."""
    scripts = [file for file in files if file.endswith(".js")]
    for wanted in (*_ENTRIES, f"{base}.js"):
        if wanted in scripts:
            return wanted
    return scripts[0] if scripts else _ENTRIES[0]
