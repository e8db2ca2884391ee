"""``graft config``."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, source_flags, source_settings
from graft.project.defaults import home_folder

if TYPE_CHECKING:
    from graft.workflows.configure import Explained, Place, Said

_EXAMPLES = """\
  graft config list                                  what is set, and where
  graft config get registry                          one value
  graft config explain registry                      who sets it, and what others say
  graft config set save-exact=true                   in ~/.npmrc
  graft config set save-prefix '~' --location project
  graft config set //registry.example.com/:_authToken '${TOKEN}'
  graft config delete save-exact"""
_ACTIONS = ("list", "get", "set", "delete", "explain")
_ALSO = {"ls": "list", "rm": "delete", "del": "delete"}


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [list|get|set|delete|explain] ...")
    parser.add_argument(
        "action",
        nargs="?",
        default="list",
        choices=(*_ACTIONS, *_ALSO),
        metavar="action",
        help=", ".join(_ACTIONS),
    )
    parser.add_argument("words", nargs="*", metavar="key", help="a setting, or key=value")
    group = parser.add_argument_group("settings")
    group.add_argument(
        "--location",
        "-L",
        choices=("user", "project"),
        default="user",
        help="which .npmrc to change: the user's (the default) or the project's",
    )
    group.add_argument("--dry-run", action="store_true", help="say what would change")
    source_flags(group)
    said = parser.parse(arguments)
    console.quiet = said.silent
    from graft.workflows.configure import Place

    place = Place(
        folder=os.path.abspath(said.dir),
        environ=os.environ,
        home=home_folder(),
        flags=source_settings(said),
    )
    action = _ALSO.get(said.action, said.action)
    words: list[str] = said.words
    if action == "list":
        if words:
            parser.error(f"'{words[0]}' is one argument too many")
        return _list(console, place)
    if not words:
        parser.error("which setting?")
    if action == "get":
        return _get(console, place, words)
    if action == "explain":
        return _explain(console, place, words)
    values = _pairs(parser, words) if action == "set" else dict.fromkeys(words)
    return _change(console, place, said, values)


def _pairs(parser: Parser, words: list[str]) -> dict[str, str | None]:
    """``key=value``, or one ``key value`` as npm's users write it."""
    if len(words) == 2 and "=" not in words[0]:
        return {words[0]: words[1]}
    values: dict[str, str | None] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals):
            parser.error(f"'{word}' says no value: write {word}=<value>")
        values[key] = value
    return values


def _list(console: Console, place: Place) -> int:
    from graft.workflows.configure import listed

    found = [(each.key, each.counts) for each in listed(place)]
    if console.json:
        console.document({"settings": {key: _entry(said) for key, said in found if said}})
        return 0
    for key, counts in found:
        if counts:
            where = _dim(console, f"({counts.layer} {counts.where})")
            console.data(f"{key}={counts.value}  {where}")
    if not found:
        console.status("nothing is set: all is as it is by default")
    return 0


def _get(console: Console, place: Place, keys: list[str]) -> int:
    from graft.workflows.configure import explain, unknown_note

    found = {key: explain(place, key).counts for key in keys}
    if console.json:
        values = {key: said.value if said else None for key, said in found.items()}
        console.document(values)
        return 0
    for key, said in found.items():
        note = None if said else unknown_note(key)
        if note:
            console.note(note)
        value = said.value if said else "undefined"
        console.data(f"{key}={value}" if len(keys) > 1 else value)
    return 0


def _explain(console: Console, place: Place, keys: list[str]) -> int:
    from graft.project.known_settings import KNOWN
    from graft.workflows.configure import explain, unknown_note

    found = [explain(place, key) for key in keys]
    if console.json:
        documents = [_explained(each) for each in found]
        console.document(documents[0] if len(documents) == 1 else documents)
        return 0
    for each in found:
        counts = each.counts
        known = KNOWN.get(each.key)
        about = f"  {_dim(console, known.summary)}" if known else ""
        console.data(f"{each.key} = {counts.value if counts else 'undefined'}{about}")
        for said in each.says:
            what = said.ignored or said.value
            sign = "*" if said is counts else " "
            console.data(f"  {sign} {said.layer:<11} {what}{f'  {said.where}' * bool(said.where)}")
        note = None if each.says else unknown_note(each.key)
        if note:
            console.note(note)
    return 0


def _change(
    console: Console,
    place: Place,
    said: argparse.Namespace,
    values: dict[str, str | None],
) -> int:
    from graft.workflows.configure import change

    edited = change(place, said.location, values, dry_run=said.dry_run)
    if console.json:
        console.document(
            {
                "path": edited.path,
                "changed": list(edited.keys),
                "dryRun": said.dry_run,
                "notes": [note.as_json() for note in edited.notes],
            }
        )
        return 0
    for note in edited.notes:
        console.note(note)
    verb = "would change" if said.dry_run else "changed"
    names = ", ".join(edited.keys)
    console.status(
        f"{verb} {names} in {edited.path}" if names else f"{edited.path} says so already"
    )
    return 0


def _dim(console: Console, text: str) -> str:
    return console.style("dim", text, sys.stdout)


def _entry(said: Said) -> dict[str, str]:
    return {"value": said.value, "layer": said.layer, "where": said.where}


def _explained(each: Explained) -> dict[str, object]:
    counts = each.counts
    return {
        "key": each.key,
        "value": counts.value if counts else None,
        "layer": counts.layer if counts else None,
        "where": counts.where if counts else None,
        "says": [
            _entry(said) | ({"ignored": said.ignored} if said.ignored else {}) for said in each.says
        ],
    }
