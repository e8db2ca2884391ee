"""What namespaces and the names in them may be: the rule of whoever reads, writes or publishes one.

A namespace is a path of segments with dots between them (``acme``, ``acme.sub``), a name is a
single segment. Names of npm's registry follow another rule (``names``).
"""

from __future__ import annotations

import re

# What the namespace without a name is called where it has to have one.
DEFAULT = "default"
# Keys that make a table of graft.toml a dependency, not a namespace.
RESERVED = frozenset({"version", "path", "git", "workspace"})

_SEGMENT = re.compile("[A-Za-z0-9][A-Za-z0-9_-]*")
_MAX_LENGTH = 100
# Windows has devices by these names, in every folder and with any ending.
_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)))
)


def name_fault(name: str) -> str:
    """What is wrong with a package's own name, as a clause about it; empty if nothing is."""
    fault = _segment_fault(name)
    if not fault and name.lower() in (*RESERVED, "node_modules"):
        fault = "is a word that manifests keep for themselves"
    if fault and "." in name and not any(map(_segment_fault, name.split("."))):
        return "has a dot: what stands before it belongs to the namespace"
    return fault


def namespace_fault(namespace: str) -> str:
    """The same for a namespace; the default one is not asked about."""
    if namespace.lower() == DEFAULT:
        return "stands for the namespace without a name"
    faults = (_segment_fault(segment) for segment in namespace.split("."))
    return next((fault for fault in faults if fault), "")


def joined(namespace: str, name: str) -> str:
    """The canonical spelling: ``@acme/tool``, and ``tool`` in the default namespace (empty)."""
    return f"@{namespace}/{name}" if namespace else name


def _segment_fault(text: str) -> str:
    if not text:
        return "is empty"
    if len(text) > _MAX_LENGTH:
        return f"is longer than {_MAX_LENGTH} characters"
    if not _SEGMENT.fullmatch(text):
        return "has other characters than letters, digits, '-' and '_', or begins with '-' or '_'"
    return "is a device on some systems" if text.lower() in _DEVICES else ""
