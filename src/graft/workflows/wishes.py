"""What ``graft add`` is asked for, and what the manifest will say of it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.records import Record
from graft.model.names import canonical_name, check_name
from graft.project.folders import link_manifest
from graft.project.manifest import MANIFEST_NAME, parse_manifest
from graft.project.settings import Settings
from graft.resolve.pick import no_version, pick
from graft.sources.elsewhere import Elsewhere
from graft.sources.registry import RegistrySource
from graft.versions.specifier import ELSEWHERE, is_scp_address, parse_specifier

_QUOTES = frozenset("\"'`\\")


class Wish(Record, kw_only=False):
    """``lodash@^4``: a local name and what was written behind it, which may be nothing. Where a
    source stands in place of a name, as in ``github:owner/name``, ``local`` is empty."""

    local: str
    specifier: str

    @property
    def package(self) -> str:
        return parse_specifier(self.local, self.specifier).package


def read_wish(text: str) -> Wish:
    """``name``, ``name@range``, ``@scope/name@tag``, ``scope:name``, ``alias@npm:name@range``.

    An address or a path may stand in place of a name. Raises ``bad-specifier``.
    """
    if not text.isprintable():
        raise _malformed(text, "it holds control characters")
    text = text.strip().removeprefix("npm:")
    if text.startswith("jsr:"):
        name, at, specifier = text[5:].partition("@")
        return Wish(check_name(text[4:5] + name), f"jsr:{specifier}")
    name, at, specifier = text[1:].partition("@")
    name = text[:1] + name
    # Before a colon means a namespace: ``file:x`` and ``github:x/y`` are none.
    if not name.startswith("@") and _names_source(name, text):
        from graft.versions.source_text import parse_source

        parse_source(text)
        return Wish("", text)
    name = check_name(canonical_name(name))
    if at and not specifier.strip():
        raise _malformed(text, "nothing stands behind the '@'")
    if not _QUOTES.isdisjoint(specifier) and not _names_source("", specifier):
        raise _malformed(text, "a version has no quotes and no backslashes")
    return Wish(name, specifier)


def _malformed(text: str, reason: str) -> GraftError:
    return GraftError(
        "bad-specifier",
        f"{text!r} cannot be read: {reason}",
        fix="write name, name@range or namespace:name@constraint",
    )


def _names_source(name: str, text: str) -> bool:
    return parse_specifier("", name).foreign in ELSEWHERE or is_scp_address(text)


def of_member(wish: Wish, members: Collection[str], where: str, members_only: bool) -> Wish:
    """What names a member of the workspace, and says no more, asks for that one. Raises
    ``member-unknown`` for what has to name one and does not."""
    if wish.local in members:
        return wish if wish.specifier else Wish(wish.local, "workspace:^")
    if not members_only:
        return wish
    from graft.base.suggestions import did_you_mean

    raise GraftError(
        "member-unknown",
        f"the workspace has no member '{wish.local}'",
        where=where,
        why=[f"it has {', '.join(sorted(members)) or 'none'}"],
        fix=did_you_mean(wish.local, members) or "leave out --workspace",
    )


def named(wish: Wish, elsewhere: Elsewhere, importer: str) -> Wish:
    """A wish with a name: for a source, as npm would save it in that importer's manifest."""
    if parse_specifier(wish.local, wish.specifier).foreign not in ELSEWHERE:
        return wish
    from graft.versions.source_text import written

    folder = posixpath.normpath(posixpath.join(elsewhere.root, importer))
    text = written(wish.specifier, root=folder)
    if wish.local:
        return Wish(wish.local, text)
    if text.startswith(("link:", "portal:")):
        return Wish(folder_name(posixpath.join(folder, text.partition(":")[2])), text)
    return Wish(elsewhere.manifest(text, importer, local="").name, text)


def folder_name(folder: str) -> str:
    """The name by which a project knows a folder that it links to. Raises ``source-missing``."""
    if not os.path.isdir(folder):
        raise GraftError(
            "source-missing",
            "there is no such folder to link to",
            where=folder,
            fix="correct the path",
        )
    raw = read_file(posixpath.join(folder, MANIFEST_NAME))
    manifest = parse_manifest(raw, posixpath.join(folder, MANIFEST_NAME)) if raw else None
    return link_manifest(posixpath.normpath(folder), manifest).name


def saved_specifier(wish: Wish, source: RegistrySource, settings: Settings) -> str:
    """A range as it was asked for; a tag, or nothing, as the version that it names today, behind
    the prefix that the settings ask for. Where they ask for exact versions, always a version."""
    text = wish.specifier or settings.tag
    if text == f"npm:{wish.package}":
        text += f"@{settings.tag}"
    wanted = parse_specifier(wish.local, text)
    is_jsr = text.startswith("jsr:")
    if is_jsr:
        text = text if wish.specifier != "jsr:" else f"jsr:{settings.tag}"
        wanted = parse_specifier(wish.local, text)
    if wanted.foreign or (wanted.range is not None and not settings.save_exact):
        return text
    packument = source.packument(wanted.package)
    version = pick(packument, wanted, settings.tag)
    if version is None:
        raise no_version(packument, wanted, text)
    saved = version if settings.save_exact else f"{settings.save_prefix}{version}"
    if is_jsr:
        return f"jsr:{saved}"
    return saved if wanted.package == wish.local else f"npm:{wanted.package}@{saved}"
