"""What ``graft.toml`` asks for: the lines of its tables of dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graft.base.diagnostics import Diagnostic
from graft.base.records import Record
from graft.model.names import split_name
from graft.model.requirement import Kind, Requirement
from graft.project.defaults import GRAFT_TOML
from graft.project.graft_toml import GraftToml, Wrong, line_of, refusal, unknown_key
from graft.project.namespaces import Namespaces
from graft.project.toml_entry import KEYS, is_inline, specifier_of, wrong_entry
from graft.project.toml_names import spelled, wrong_name

# Later ones win where two name the same package, as in package.json.
SECTIONS: dict[str, Kind] = {
    "dev-dependencies": Kind.DEV,
    "dependencies": Kind.PROD,
    "optional-dependencies": Kind.OPTIONAL,
}


class Asked(Record):
    """``requirements`` are sorted by name; ``keys`` lead to the line of each."""

    requirements: tuple[Requirement, ...]
    keys: Mapping[str, tuple[str, ...]]
    notes: tuple[Diagnostic, ...]


def read_dependencies(toml: GraftToml, namespaces: Namespaces, wrong: Iterable[Wrong]) -> Asked:
    """Raises ``manifest-invalid`` with all that is wrong, and where; ``wrong`` is what was so in
    other parts of the document. Raises ``namespace-undeclared`` where nothing else is."""
    found = _Found(toml, namespaces, wrong)
    for section, kind in SECTIONS.items():
        found.read(section, kind)
    return found.asked()


def entries_of(
    table: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each dependency of a section by the keys that lead there, and what is neither that nor a
    namespace."""
    for key, value in table.items():
        if isinstance(value, dict) and not is_inline(value):
            yield from entries_of(value, (*above, key))
        else:
            yield (*above, key), value


class _Found:
    def __init__(self, toml: GraftToml, namespaces: Namespaces, wrong: Iterable[Wrong]) -> None:
        self._toml = toml
        self._namespaces = namespaces
        self._requirements: dict[str, Requirement] = {}
        self._keys: dict[str, tuple[str, ...]] = {}
        self._wrong = list(wrong)
        self._undeclared: dict[str, tuple[str, ...]] = {}
        self._notes: list[Diagnostic] = []

    def read(self, section: str, kind: Kind) -> None:
        table = self._toml.data.get(section, {})
        if not isinstance(table, dict):
            self._wrong.append(Wrong((section,), f"{section} is not a table"))
            return
        present: dict[str, tuple[str, ...]] = {}
        for below, entry in entries_of(table):
            keys = (section, *below)
            named = spelled(below, self._namespaces)
            wrong = list(wrong_name(below, named.name, self._namespaces))
            is_undeclared = named.needs and not self._namespaces.declares(named.needs)
            if not wrong and is_undeclared:
                self._undeclared.setdefault(named.needs, keys)
            first = present.setdefault(named.name, keys)
            if not wrong and first != keys:
                wrong.append(
                    f"{_shown(keys)} is {named.name}, which {_shown(first)} on line "
                    f"{line_of(self._toml, first)} asks for"
                )
            if not wrong:
                said = self._wrong_meaning(named.name, entry, kind)
                wrong += [f"{_shown(keys)}: {message}" for message in said]
            self._wrong += [Wrong(keys, message) for message in wrong]
            if not wrong and not is_undeclared:
                self._take(keys, named.name, entry, kind)
                if named.legacy:
                    self._notes.append(self._deprecation(keys, named.name))

    def asked(self) -> Asked:
        if self._wrong or self._undeclared:
            self._refuse()
        return Asked(
            requirements=tuple(sorted(self._requirements.values(), key=lambda r: r.local)),
            keys=self._keys,
            notes=tuple(self._notes),
        )

    def _wrong_meaning(self, name: str, entry: Any, kind: Kind) -> Iterable[str]:
        if not isinstance(entry, str | dict):
            return ["it is neither a version nor a table"]
        wrong = list(wrong_entry(entry, is_index=self._namespaces.is_of_index(name)))
        if kind is Kind.DEV and isinstance(entry, dict) and entry.get("optional") is True:
            wrong.append("what is for development alone cannot be optional")
        return wrong

    def _take(self, keys: tuple[str, ...], name: str, entry: Any, kind: Kind) -> None:
        optional = kind is Kind.OPTIONAL or (isinstance(entry, dict) and entry.get("optional"))
        self._keys[name] = keys
        self._requirements[name] = Requirement(
            local=name,
            specifier=specifier_of(entry, name, is_index=self._namespaces.is_of_index(name)),
            kind=Kind.OPTIONAL if optional else kind,
            optional=bool(optional),
            file=GRAFT_TOML,
        )
        unknown = entry.keys() - set(KEYS) if isinstance(entry, dict) else ()
        self._notes += [unknown_key(self._toml, (*keys, key), KEYS) for key in sorted(unknown)]

    def _deprecation(self, keys: tuple[str, ...], name: str) -> Diagnostic:
        from graft.project.toml_lines import key_places

        places = key_places(self._toml.text)
        namespace, bare = split_name(name)
        inner = [*namespace.split("."), bare]
        header = keys[:1]
        for depth in range(len(inner) - 1, 0, -1):
            above = (keys[0], *inner[:depth])
            if above in places and places[above].is_header:
                header, inner = above, inner[depth:]
                break
        value = places[keys].value if keys in places else "…"
        return Diagnostic(
            code="namespace-dotted",
            message=f"the namespace of '{keys[-1]}' is between quotes, which goes away",
            where=f"{self._toml.path}:{line_of(self._toml, keys)}",
            fix=f"write below [{'.'.join(header)}]: {'.'.join(inner)} = {value}",
        )

    def _refuse(self) -> None:
        wrong = list(self._wrong)
        fixes = ["correct the lines above"] if wrong else []
        for namespace, keys in self._undeclared.items():
            said = f"nobody says where the namespace '{namespace}' comes from"
            wrong.append(Wrong(keys, f"{said}{_instead(keys, namespace)}"))
        if self._undeclared:
            lines = ", ".join(f'{namespace} = "<git URL>"' for namespace in self._undeclared)
            fixes.append(f"add below [indices] in {GRAFT_TOML}: {lines}")
        code = "manifest-invalid" if self._wrong else "namespace-undeclared"
        raise refusal(self._toml, wrong, code=code, fix="; ".join(fixes))


def _shown(keys: tuple[str, ...]) -> str:
    return f"[{keys[0]}] {'.'.join(keys[1:])}"


def _instead(keys: tuple[str, ...], namespace: str) -> str:
    """What may have been meant by a table that is taken for a namespace."""
    if keys[-1] in KEYS:
        return f"; a package says version, path, git or workspace, and '{keys[-1]}' beside that"
    if len(keys) == 3 and namespace == keys[1]:
        return f"; npm's package {namespace}.{keys[2]} is written between quotes"
    return ""
