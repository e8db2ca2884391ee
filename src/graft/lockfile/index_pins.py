"""What a lock says of indices. It comes from others and goes to git, so nothing is believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graft.model.graph import IndexPin
from graft.model.indices import REFS, ref_fault, url_fault
from graft.model.namespaces import DEFAULT, namespace_fault
from graft.model.origins import is_commit


def read_pins(said: Mapping[str, Any]) -> dict[str, IndexPin]:
    """By namespace. Raises ValueError and what fields of the wrong type raise."""
    return {namespace: _pin(namespace, entry) for namespace, entry in said.items()}


def _pin(namespace: str, entry: Mapping[str, Any]) -> IndexPin:
    if namespace != DEFAULT and (fault := namespace_fault(namespace)):
        raise ValueError(f"the namespace '{namespace}' {fault}")
    if not all(isinstance(value, str) for value in entry.values()):
        raise TypeError(f"what is said of the index of {namespace} is no text")
    if "path" in entry:
        return IndexPin(path=entry["path"])
    url, ref, commit = (entry.get(key, "") for key in ("url", "ref", "commit"))
    kind, _, value = ref.partition(" ")
    fault = url_fault(url)
    if not fault and ref:
        fault = ref_fault(kind, value) if kind in REFS else f"is asked for '{ref}'"
    if fault:
        raise ValueError(f"the index of {namespace}, '{url}', {fault}")
    if not is_commit(commit):
        raise ValueError(f"the index of {namespace} is pinned to no commit")
    return IndexPin(url=url, ref=ref, commit=commit)
