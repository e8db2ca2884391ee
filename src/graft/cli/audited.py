"""What an audit found, for people: of a project's lock and of a fleet's release."""

from __future__ import annotations

import sys
from typing import Any

from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.words import count, one_line

LEVELS = ("info", "low", "moderate", "high", "critical")
FOUND = 1
"""The exit code where there is something of the level that was asked about."""

_CHAINS_SHOWN = 3
_STYLES = {"critical": "red", "high": "red", "moderate": "yellow"}


def level_flag(parser: Parser) -> Any:
    """The group, for more flags."""
    group = parser.add_argument_group("auditing")
    group.add_argument(
        "--audit-level",
        choices=LEVELS,
        default="low",
        help="end with 1 for this severity and worse; low",
    )
    return group


def is_at_least(said: dict[str, Any], level: str) -> bool:
    least = LEVELS.index(level)
    return any(LEVELS.index(each["severity"]) >= least for each in said["findings"])


def show_audit(console: Console, said: dict[str, Any]) -> None:
    """``said`` is an audit as JSON has it."""
    for finding in said["findings"]:
        _show(console, finding)
    told = ", ".join(f"{number} {level}" for level, number in said["counts"].items() if number)
    weak = {each["id"] for finding in said["findings"] for each in finding["affected"]}
    what = "no known weaknesses"
    if weak:
        what = f"{count(len(weak), 'package')} with known weaknesses ({told})"
    console.status(f"{what} among {count(said['packages'], 'package')}")
    if said["local"]:
        console.status(f"{count(said['local'], 'package')} from no registry: nobody was asked")


def _show(console: Console, finding: dict[str, Any]) -> None:
    level = finding["severity"]
    severity = console.style(_STYLES.get(level, "dim"), level, sys.stdout)
    title = f"{finding['package']} {finding['vulnerable']}: {finding['title']}"
    console.data(f"{severity} {one_line(title)}")
    if finding["url"]:
        console.data(f"  {one_line(finding['url'])}")
    for node in finding["affected"]:
        for chain in node["chains"][:_CHAINS_SHOWN]:
            steps = [step["id"] for step in chain["steps"]]
            shown = steps if chain["importer"] == "." else [chain["importer"], *steps]
            console.data(f"  {' > '.join(shown)}")
        if len(node["chains"]) > _CHAINS_SHOWN:
            more = len(node["chains"]) - _CHAINS_SHOWN
            console.data(f"  and {more} more ways to {node['id']}")
