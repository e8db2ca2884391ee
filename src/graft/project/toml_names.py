"""How ``graft.toml`` names packages. One spelling means one package, whatever there is:

tool = "1"                    the default namespace
acme.tool = "1"               the namespace acme, as a dotted key or below [dependencies.acme]
"acme:tool" = "1"             the same, and so is "@acme/tool"
"acme.tool" = "1"             as it was written once; where acme is not declared, npm's acme.tool
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from graft.base.records import Record
from graft.model.names import canonical_name, is_sound, split_name
from graft.model.namespaces import name_fault, namespace_fault
from graft.project.namespaces import Namespaces

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")


class Spelled(Record):
    """``name`` is canonical. ``needs`` is a namespace that somebody has to declare for this to mean
    anything; ``legacy`` says that a namespace is between the quotes of a key."""

    name: str
    needs: str = ""
    legacy: bool = False


def spelled(keys: tuple[str, ...], namespaces: Namespaces) -> Spelled:
    """What the keys below a section name."""
    *above, last = keys
    if above:
        namespace = ".".join(above)
        return Spelled(name=f"@{namespace}/{last}", needs=namespace)
    namespace, dot, bare = last.rpartition(".")
    if dot and bare and namespaces.declares(namespace) and _is_plain(last):
        return Spelled(name=f"@{namespace}/{bare}", legacy=True)
    name = canonical_name(last)
    return Spelled(name=name, needs=split_name(name)[0] if name != last else "")


def wrong_name(keys: tuple[str, ...], name: str, namespaces: Namespaces) -> Iterator[str]:
    """What is wrong with a package's name, or with the way that it is spelled."""
    for segment in keys[:-1]:
        if not _SEGMENT.fullmatch(segment):
            plain = segment.removeprefix("@")
            instead = "" if not _is_plain(plain) else f"; write {plain} without quotes"
            yield f"'{segment}' is not a namespace{instead}"
            return
    namespace, bare = split_name(name)
    if not is_sound(name) or "/" in bare:
        yield f"'{'.'.join(keys)}' does not name a package"
    elif namespaces.is_of_index(name):
        fault = namespace_fault(namespace) if namespace else ""
        if fault:
            yield f"'{namespace}' is no namespace: it {fault}"
        elif fault := name_fault(bare):
            yield f"'{bare}' is not a name in {namespace or 'an index'}: it {fault}"


def _is_plain(text: str) -> bool:
    return all(map(_SEGMENT.fullmatch, text.split(".")))
