"""``graft outdated``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, source_flags, source_settings
from graft.cli.session import session
from graft.cli.table import show_table

if TYPE_CHECKING:
    from graft.workflows.outdated import Outdated

_EXAMPLES = """\
  graft outdated                what package.json asks for and could have newer
  graft outdated react vite     these alone
  graft outdated --prod --json  without devDependencies, for a program"""
_EXIT_OUTDATED = 1


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [package]...")
    parser.add_argument("packages", nargs="*", help="only these direct dependencies")
    group = parser.add_argument_group("looking")
    kinds = group.add_mutually_exclusive_group()
    kinds.add_argument(
        "--prod", "-P", "--production", action="store_true", help="leave out devDependencies"
    )
    kinds.add_argument("--dev", "-D", action="store_true", help="devDependencies alone")
    source_flags(group, prefer_offline="use cached metadata however old it is")
    said = parser.parse(arguments)
    from graft.model.requirement import Kind
    from graft.workflows.outdated import outdated

    kinds_wanted = {Kind.DEV} if said.dev else set(Kind) - ({Kind.DEV} if said.prod else set())
    with session(said, console, source_settings(said)) as context:
        found = outdated(context, said.packages, kinds_wanted)
    if console.json:
        console.document(_document(found))
    elif found:
        _print(console, found)
    else:
        console.status("all is up to date")
    return _EXIT_OUTDATED if found else 0


def _print(console: Console, found: tuple[Outdated, ...]) -> None:
    """npm's colours: red for what an update would change, yellow for what package.json forbids."""
    headings = ["package", "current", "wanted", "latest", "kind"]
    has_members = len({entry.importer for entry in found} | {"."}) > 1
    if has_members:
        headings.append("importer")
    rows, styles = [], []
    for entry in found:
        local = entry.requirement.local
        name = local if entry.package == local else f"{local} ({entry.package})"
        current = f"{entry.current or 'missing'}{' (deprecated)' if entry.deprecated else ''}"
        row = [name, current, entry.wanted or "none", entry.latest or "none"]
        row.append(str(entry.requirement.kind))
        rows.append([*row, entry.importer] if has_members else row)
        styles.append("red" if entry.wanted != entry.current else "yellow")
    show_table(console, headings, rows, styles)


def _document(found: tuple[Outdated, ...]) -> dict[str, Any]:
    """By local name, as npm has it: a list where several importers ask for one."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for entry in found:
        by_name.setdefault(entry.requirement.local, []).append(_entry(entry))
    return {name: said if len(said) > 1 else said[0] for name, said in by_name.items()}


def _entry(entry: Outdated) -> dict[str, Any]:
    said = {
        "current": entry.current,
        "wanted": entry.wanted,
        "latest": entry.latest,
        "package": entry.package,
        "specifier": entry.requirement.specifier,
        "kind": str(entry.requirement.kind),
        "importer": entry.importer,
        "deprecated": entry.deprecated,
    }
    return {key: value for key, value in said.items() if value}
