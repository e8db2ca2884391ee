"""Package names.

A package's identity is (namespace, name). It has one canonical spelling, npm's: ``tool`` in the
default namespace and ``@acme/tool`` in the namespace ``acme``. graft's own spelling of the second
is ``acme:tool``; it is read here and nowhere else, so no two spellings of one package can meet.
"""

from __future__ import annotations

from functools import lru_cache

from graft.base.diagnostics import GraftError

_FORBIDDEN = frozenset("\\\0:?#%*<>|\"'` \t\r\n~()!,;&")
_MAX_LENGTH = 214


@lru_cache(maxsize=1 << 16)
def is_sound(name: str) -> bool:
    """Whether ``name`` is safe as an identity and as a path.

    Upper case and a leading dot or underscore in the middle of a name exist on registries and are
    allowed; separators, traversal and control characters never are. Nor is what no URL can hold:
    npm knows no such names, and file systems take fewer characters of them.
    """
    scope, bare = split_name(name)
    parts = (scope, bare) if name.startswith("@") else (bare,)
    return (
        len(name) <= _MAX_LENGTH
        and name.count("/") == (1 if name.startswith("@") else 0)
        and all(part and not part.startswith(".") and part != "node_modules" for part in parts)
        and name.isascii()
        and name.isprintable()
        and _FORBIDDEN.isdisjoint(name)
    )


def check_name(name: str, *, where: str = "") -> str:
    """Return ``name`` if it is sound; raise ``bad-specifier`` if not."""
    if not is_sound(name):
        raise GraftError(
            "bad-specifier",
            f"'{name}' is not a package name",
            where=where,
            fix="write name or @scope/name: no spaces, no path separators, at most 214 characters",
        )
    return name


def split_name(name: str) -> tuple[str, str]:
    """``@acme/tool`` -> (``acme``, ``tool``); ``tool`` -> (````, ``tool``)."""
    if name.startswith("@"):
        scope, _, bare = name[1:].partition("/")
        return scope, bare
    return "", name


def split_spec(spec: str) -> tuple[str, str]:
    """``@s/a@npm:^1`` -> (``@s/a``, ``npm:^1``); the second is empty where only a name is said.
    Nothing is checked."""
    bare, _, rest = spec[1:].partition("@")
    return spec[:1] + bare, rest


def canonical_name(spelling: str) -> str:
    """Read ``acme:tool`` as ``@acme/tool``; every other spelling is already canonical."""
    namespace, colon, bare = spelling.partition(":")
    if colon and namespace and bare and not spelling.startswith("@"):
        return f"@{namespace}/{bare}"
    return spelling


def shown_name(name: str) -> str:
    """graft's own spelling of a canonical name: ``@acme/tool`` -> ``acme:tool``."""
    namespace, bare = split_name(name)
    return f"{namespace}:{bare}" if namespace else bare


def file_name(name: str) -> str:
    """The name as one path component: ``@acme/tool`` -> ``@acme+tool``."""
    return name.replace("/", "+")
