"""What ``graft add`` is asked for, and what the manifest will say of it."""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.model.names import canonical_name, check_name
from graft.project.settings import Settings
from graft.resolve.pick import no_version, pick
from graft.sources.registry import RegistrySource
from graft.versions.specifier import parse_specifier


class Wish(Record, kw_only=False):
    """``lodash@^4``: a local name and what was written behind it, which may be nothing."""

    local: str
    specifier: str

    @property
    def package(self) -> str:
        return parse_specifier(self.local, self.specifier).package


def read_wish(text: str) -> Wish:
    """``name``, ``name@range``, ``@scope/name@tag``, ``scope:name``, ``alias@npm:name@range``.

    Raises ``bad-specifier``, and ``source-unsupported`` for an address in place of a name.
    """
    text = text.removeprefix("npm:")
    name, at, specifier = text[1:].partition("@")
    name = text[:1] + name
    # Before a colon means a namespace: ``file:x`` and ``github:x/y`` are none.
    kind = "" if name.startswith("@") else parse_specifier(name, name).foreign
    if kind:
        raise GraftError(
            "source-unsupported",
            f"'{text}' is a {kind} source, which graft cannot install",
            fix="name a package of a registry",
        )
    return Wish(check_name(canonical_name(name)), specifier if at else "")


def saved_specifier(wish: Wish, source: RegistrySource, settings: Settings) -> str:
    """A range as it was asked for; a tag, or nothing, as the version that it names today, behind
    the prefix that the settings ask for. Where they ask for exact versions, always a version."""
    text = wish.specifier or settings.tag
    if text == f"npm:{wish.package}":
        text += f"@{settings.tag}"
    wanted = parse_specifier(wish.local, text)
    if wanted.foreign or (wanted.range is not None and not settings.save_exact):
        return text
    packument = source.packument(wanted.package)
    version = pick(packument, wanted, settings.tag)
    if version is None:
        raise no_version(packument, wanted, text)
    saved = version if settings.save_exact else f"{settings.save_prefix}{version}"
    return saved if wanted.package == wish.local else f"npm:{wanted.package}@{saved}"
