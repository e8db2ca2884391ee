"""Which files of a package's folder are the package: npm's rules.

A pure function of a listing and the manifest, for whoever packs a folder: ``graft pack``, and
packages that come from git or from a folder. What has the last word comes last: the usual litter,
then ``files`` or the ignore file of the folder, then what is always or never part of a package.
Rules of a folder hold for all below it, and a folder below may have rules of its own.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from graft.base.globs import Glob, Globs, read_glob

_LITTER = (
    *(".npmignore", ".gitignore", "**/.git", "**/.svn", "**/.hg", "**/CVS"),
    *("**/.git/**", "**/.svn/**", "**/.hg/**", "**/CVS/**"),
    *("/.lock-wscript", "/.wafpickle-*", "/build/config.gypi", "npm-debug.log", "**/.npmrc"),
    *(".*.swp", ".DS_Store", "**/.DS_Store/**", "._*", "**/._*/**", "*.orig"),
    *("/archived-packages/**",),
)
_ALWAYS = (
    *("!/package.json", "!/readme{,.*[^~$]}", "!/copying{,.*[^~$]}"),
    *("!/license{,.*[^~$]}", "!/licence{,.*[^~$]}"),
)
_NEVER = (
    *("/.git", "/node_modules", ".npmrc"),
    *("/package-lock.json", "/yarn.lock", "/pnpm-lock.yaml", "/bun.lockb", "/graft-lock.json"),
)
_IGNORE_FILES = (".npmignore", ".gitignore")
_NONE = Globs(())


class Listing(Protocol):
    """A folder's contents. Paths are relative to it and ``/``-separated; ``""`` is itself."""

    def entries(self, folder: str) -> Mapping[str, bool]:
        """The names of files (False) and folders (True), but of no links and devices."""

    def text(self, path: str) -> str:
        """What is in a file."""


def packed_files(
    listing: Listing,
    manifest: Mapping[str, Any],
    *,
    members: Sequence[str] = (),
    above: Sequence[str] = (),
    is_bundled: bool = False,
) -> list[str]:
    """Paths of files, sorted. Bundled dependencies are not among them: each is a package of its
    own, to which ``is_bundled`` rules apply.

    ``members`` are folders of workspace members within, which are no part of this package.
    ``above`` are texts of ignore files between the workspace's root and this member.
    """
    more = [*above, *members]
    litter = _rules("\n".join((*_LITTER, *more)))
    root = _Folder(listing, "", None, exact=True, litter=_NONE if is_bundled else litter)
    chosen, required = _chosen(listing, manifest)
    always = (*(f"!{path}" for path in required), *_ALWAYS, *_NEVER)
    root.rules = [
        root.litter,
        *([_rules("\n".join(("*", *chosen)))] if _lists_files(manifest) else []),
        *(() if is_bundled or _lists_files(manifest) else _ignore_rules(listing, "")),
        _rules("\n".join((*always, *(f"!/{path}" for path in _entry_points(manifest))))),
    ]
    root.required = [path.removeprefix("/") for path in required]
    return sorted(_walk(root))


def _walk(folder: _Folder) -> Iterator[str]:
    for name, is_folder in folder.listing.entries(folder.path).items():
        if "*" in name:  # no such file could be unpacked everywhere
            continue
        path = posixpath.join(folder.path, name)
        if not is_folder:
            if folder.admits(name):
                yield path
        elif folder.admits(name, partial=True):
            exact = folder.admits(name) or folder.admits(f"{name}/")
            below = _Folder(folder.listing, path, folder, exact=exact, litter=folder.litter)
            below.required = [
                posixpath.basename(file)
                for file in folder.required
                if posixpath.dirname(file) == name
            ]
            own = _rules("\n".join(("/.git", *(f"!{file}" for file in below.required))))
            below.rules = [folder.litter, *_ignore_rules(folder.listing, path), own]
            yield from _walk(below)


class _Folder:
    """A folder on the way. ``exact`` says that the folder itself was admitted, not only because
    something below might be; ``required`` are files that ``files`` names outright."""

    def __init__(
        self,
        listing: Listing,
        path: str,
        parent: _Folder | None,
        *,
        exact: bool,
        litter: Globs,
    ) -> None:
        self.listing = listing
        self.path = path
        self.parent = parent
        self.exact = exact
        self.litter = litter
        self.rules: list[Globs] = []
        self.required: list[str] = []

    def admits(self, entry: str, *, partial: bool = False, bare: str = "") -> bool:
        """``entry`` is relative to this folder. With ``partial`` it is a folder in which something
        may be admitted. ``bare`` is its last name, where the question comes from a folder below."""
        admitted = True
        if self.parent is not None:
            whole = f"{posixpath.basename(self.path)}/{entry}"
            admitted = self.parent.admits(whole, partial=partial, bare=bare or entry)
            if not admitted and not self.exact:
                return False
        for rules in self.rules:
            for rule in rules.all if partial else rules.near(entry):
                # A rule that would change nothing need not be looked at.
                if rule.negated != admitted and _applies(rule, entry, partial, bare):
                    admitted = rule.negated
        return admitted


def _applies(rule: Glob, entry: str, partial: bool, bare: str) -> bool:
    def meets(path: str) -> bool:
        return (
            rule.matches(f"/{path}/")
            or rule.matches(f"{path}/")
            or (
                rule.negated
                and (rule.matches(f"/{path}", so_far=True) or rule.matches(path, so_far=True))
            )
        )

    if rule.matches(f"/{entry}") or rule.matches(entry):
        return True
    return partial and (meets(entry) or (bool(bare) and rule.is_relative and meets(bare)))


def _rules(text: str) -> Globs:
    lines = [line.strip() for line in text.splitlines()]
    return Globs([read_glob(line) for line in lines if line and not line.startswith("#")])


def _ignore_rules(listing: Listing, folder: str) -> list[Globs]:
    """Those of ``.npmignore``, and only where there is none, of ``.gitignore``."""
    entries = listing.entries(folder)
    for name in _IGNORE_FILES:
        if entries.get(name) is False:
            return [_rules(listing.text(posixpath.join(folder, name)))]
    return []


def _lists_files(manifest: Mapping[str, Any]) -> bool:
    return isinstance(manifest.get("files"), list)


def _chosen(listing: Listing, manifest: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What ``files`` says: rules, and those of its entries that are files, the last one first."""
    rules: list[str] = []
    required: list[str] = []
    for said in manifest["files"] if _lists_files(manifest) else ():
        if not isinstance(said, str):
            continue
        entry = said[1:] if said.startswith("./") else said
        if entry.endswith("/*"):
            entry += "*"
        kind = _kind(listing, entry.lstrip("!"))
        if kind is False:
            required.insert(0, entry)
        else:
            rules.append(f"!{entry}")
        if kind:
            rules.append(f"!{entry}/**")
    return rules, required


def _kind(listing: Listing, path: str) -> bool | None:
    """Whether there is a folder (True), a file (False), or nothing of that name."""
    path = posixpath.normpath(path.strip("/"))
    if path == ".":
        return True
    if path.startswith(".."):
        return None
    folder, _, name = path.rpartition("/")
    for at in range(len(folder.split("/")) if folder else 0):
        step = "/".join(folder.split("/")[: at + 1])
        if not listing.entries(posixpath.dirname(step)).get(posixpath.basename(step)):
            return None
    return listing.entries(folder).get(name)


def _entry_points(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What the package would not work without: paths relative to it."""
    said = [manifest.get("main"), manifest.get("browser")]
    bins = manifest.get("bin")
    said += bins.values() if isinstance(bins, dict) else [bins]
    for path in said:
        if isinstance(path, str) and path:
            yield posixpath.normpath(path.lstrip("/"))
