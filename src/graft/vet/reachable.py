"""Which other packages a package's code names, as far as it is reached from where it is entered."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeGuard

from graft.base.records import Record
from graft.model.names import is_sound
from graft.vet.builtins import BUILTINS
from graft.vet.references import references

_ENDINGS = ("", ".js", ".cjs", ".mjs", ".json", "/index.js", "/index.cjs", "/index.mjs")
_CODE = (".js", ".cjs", ".mjs")
# What node looks at in ``exports``, whichever way a package is loaded.
_CONDITIONS = frozenset({"node", "import", "require", "default", "module-sync", "node-addons"})


class Mention(Record, kw_only=False):
    """A package that the code names, and the first place. ``sure`` says that loading the package
    by its own name leads there."""

    package: str
    sure: bool
    where: str


def mentions(
    manifest: Mapping[str, Any], files: Collection[str], read: Callable[[str], str]
) -> list[Mention]:
    """By name. ``files`` are the package's paths; ``read`` gives the text of one."""
    front = list(_front_doors(manifest, files))
    found: dict[str, Mention] = {}
    for sure, entries in ((True, front), (False, [*front, *_back_doors(manifest, files)])):
        for file, reference in _walk(entries, files, read, sure=sure):
            name = package_of(reference.specifier)
            if name and name != manifest.get("name") and name not in found:
                found[name] = Mention(name, sure, f"{file}:{reference.line}")
    return [found[name] for name in sorted(found)]


def package_of(specifier: str) -> str:
    """The package that a specifier names; empty for a path, a builtin or anything else."""
    if ":" in specifier or specifier[:1] in (".", "/", "#", ""):
        return ""
    parts = specifier.split("/")
    name = "/".join(parts[:2]) if specifier.startswith("@") else parts[0]
    return name if is_sound(name) and name not in BUILTINS else ""


def _walk(
    entries: Collection[str],
    files: Collection[str],
    read: Callable[[str], str],
    *,
    sure: bool,
) -> Iterator[tuple[str, Any]]:
    """Every file from the entries on, with what it names. With ``sure``, only by ways that are."""
    seen = set()
    queue = list(entries)
    for file in queue:
        # Commands often have no ending.
        if file in seen or not (file.endswith(_CODE) or "." not in posixpath.basename(file)):
            continue
        seen.add(file)
        for reference in references(read(file)):
            if sure and not reference.sure:
                continue
            if reference.specifier.startswith("."):
                folder = posixpath.dirname(file)
                found = _file(posixpath.join(folder, reference.specifier), files)
                queue += [found] if found else []
            else:
                yield file, reference


def _front_doors(manifest: Mapping[str, Any], files: Collection[str]) -> Iterator[str]:
    exports = manifest.get("exports")
    if isinstance(exports, dict) and any(key.startswith(".") for key in exports):
        exports = exports.get(".")
        targets = list(_targets(exports, _CONDITIONS))
    elif exports is not None:
        targets = list(_targets(exports, _CONDITIONS))
    else:
        main = manifest.get("main")
        targets = [main if isinstance(main, str) and main else "index.js"]
        if not _file(targets[0], files):
            targets = ["index.js"]
    yield from (file for target in targets if (file := _file(target, files)))


def _back_doors(manifest: Mapping[str, Any], files: Collection[str]) -> Iterator[str]:
    bins = manifest.get("bin")
    said = bins.values() if isinstance(bins, dict) else [bins]
    for target in (*filter(_is_text, said), *_targets(manifest.get("exports"), None)):
        if "*" in target:
            start, _, end = posixpath.normpath(target).partition("*")
            yield from (f for f in sorted(files) if f.startswith(start) and f.endswith(end))
        elif file := _file(target, files):
            yield file


def _targets(said: Any, conditions: Collection[str] | None) -> Iterator[str]:
    """The paths in a part of ``exports``, under these conditions or under any."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, list):
        for each in said:
            yield from _targets(each, conditions)
    elif isinstance(said, dict):
        for key, value in said.items():
            if conditions is None or key in conditions:
                yield from _targets(value, conditions)


def _is_text(said: object) -> TypeGuard[str]:
    return isinstance(said, str)


def _file(path: str, files: Collection[str]) -> str:
    path = posixpath.normpath(path)
    return next((path + ending for ending in _ENDINGS if path + ending in files), "")
