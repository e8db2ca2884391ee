"""What a table ``[indices]`` may hold, and what is wrong with what it does.

acme = "https://example.com/acme-index.git"
acme = { url = "…", tag = "v1" }        # or rev, or branch
acme = { path = "../acme-index" }
"acme.sub" = "…"                        # or as a dotted key; longer namespaces win
default = "…"                           # for names without a namespace
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graft.model.indices import REFS, ref_fault, url_fault
from graft.model.namespaces import DEFAULT, namespace_fault
from graft.project.graft_toml import Wrong

_KEYS = ("url", "path", *REFS)
_CREDENTIALS = (
    "give git the credentials: a credential helper ('git config credential.helper'), an ssh key, "
    "or an url.<base>.insteadOf in your own git configuration"
)

Keys = tuple[str, ...]


def entries(table: Mapping[str, Any], wrong: list[Wrong]) -> Iterator[tuple[Keys, dict[str, str]]]:
    """The keys of each index and what is said of it: ``url`` and ``ref``, or ``path``. Adds to
    ``wrong`` what is, and leaves that out."""
    for keys, value in _flat(table, (), wrong):
        said = {"url": value} if isinstance(value, str) else value
        faults = [*_namespace_faults(keys), *_faults(said)]
        name = ".".join(keys)
        wrong += [Wrong(("indices", *keys), f"{name} {fault}") for fault in faults]
        if not faults:
            ref = next((f"{kind} {said[kind]}" for kind in REFS if kind in said), "")
            yield keys, {"url": said.get("url", ""), "ref": ref, "path": said.get("path", "")}


def _flat(
    table: Mapping[str, Any], above: Keys, wrong: list[Wrong]
) -> Iterator[tuple[Keys, str | dict[str, Any]]]:
    for key, value in table.items():
        keys = (*above, key)
        if isinstance(value, str) or (isinstance(value, dict) and _is_entry(value)):
            yield keys, value
        elif isinstance(value, dict) and value:
            yield from _flat(value, keys, wrong)
        else:
            what = "needs the address of a repository, or a table with url or path"
            wrong.append(Wrong(("indices", *keys), f"{'.'.join(keys)} {what}"))


def _is_entry(table: Mapping[str, Any]) -> bool:
    """Or else it is a namespace with others below it, which a slip must not make of it."""
    from graft.base.suggestions import nearest

    return any(
        key in _KEYS or (not isinstance(value, dict) and nearest(key, _KEYS))
        for key, value in table.items()
    )


def _namespace_faults(keys: Keys) -> Iterator[str]:
    name = ".".join(keys)
    fault = "" if name == DEFAULT else namespace_fault(name)
    if fault:
        yield f"is no namespace: it {fault}"


def _faults(said: Mapping[str, Any]) -> Iterator[str]:
    from graft.base.suggestions import did_you_mean

    for key, value in said.items():
        if key not in _KEYS:
            near = did_you_mean(key, _KEYS)
            yield f"has '{key}', which means nothing here" + (f"; {near}" if near else "")
        elif not isinstance(value, str):
            yield f"has a {key} that is no text"
    texts = {key: value for key, value in said.items() if isinstance(value, str)}
    refs = [kind for kind in REFS if kind in said]
    if "url" in said and "path" in said:
        yield "has both a url and a path"
    elif "url" not in said and "path" not in said and said.keys() <= set(_KEYS):
        yield "has neither a url nor a path"
    elif "path" in said and refs:
        yield f"has a {refs[0]}, and a folder has none"
    if len(refs) > 1:
        yield f"has both a {refs[0]} and a {refs[1]}"
    if "url" in texts and (fault := url_fault(texts["url"])):
        yield f"has a url that {fault}" + (f". {_CREDENTIALS}" if "password" in fault else "")
    if "path" in texts and not (texts["path"] and texts["path"].isprintable()):
        yield "has a path that is empty or holds control characters"
    for kind in refs:
        if kind in texts and (fault := ref_fault(kind, texts[kind])):
            yield f"has a {kind} that {fault}"
