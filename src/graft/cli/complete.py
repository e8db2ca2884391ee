"""The words that could stand where a command line ends: from the list of commands, from each
command's own parser, and from the project."""

from __future__ import annotations

import argparse
import os

from graft.cli.commands import COMMANDS, Command, find, group
from graft.cli.parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# What a word is, and what is said of it.
Candidate = tuple[str, str]

_FOLDER_FLAGS = ("-C", "--dir")
# Their packages are yet to come: nothing here knows them.
_FROM_ELSEWHERE = frozenset({"add", "install", "ci", "x", "search", "init", "view"})
_MOST = 500


def candidates(line: str, folder: str) -> list[Candidate]:
    """``line`` is a command line as it is typed so far, the program's name in front. Never raises
    for what the project or the line holds."""
    *words, current = _words(line)[1:] or [""]
    at, folder = _command_at(words, folder)
    if at == len(words):
        found: Iterable[Candidate] = _commands(current)
    elif words[at] == "help":
        found = _commands(current) if at + 1 == len(words) else ()
    else:
        command, count = find(words[at:])
        if command is not None:
            found = _of_command(command, words[at + count :], current, folder)
        else:
            found = _of_group(words[at]) if at + 1 == len(words) else ()
    return [(word, about) for word, about in found if word.startswith(current)][:_MOST]


def _words(line: str) -> list[str]:
    """The line's words; the last is what is being typed, be it nothing. Quotes may be open."""
    words, word, quote, begun = [], "", "", False
    escaped = False
    for character in line:
        if escaped:
            word, escaped = word + character, False
        elif character == "\\" and quote != "'":
            escaped = begun = True
        elif quote:
            if character == quote:
                quote = ""
            else:
                word += character
        elif character in "'\"":
            quote, begun = character, True
        elif character.isspace():
            if word or begun:
                words.append(word)
            word, begun = "", False
        else:
            word += character
    return [*words, word]


def _command_at(words: Sequence[str], folder: str) -> tuple[int, str]:
    """Which word is the command (their number if none is), and the folder that flags in front of
    it name."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        if words[at] in _FOLDER_FLAGS:
            if at + 1 < len(words):
                folder = os.path.join(folder, words[at + 1])
            at += 1
        at += 1
    return min(at, len(words)), folder


def _commands(current: str) -> Iterator[Candidate]:
    groups = set()
    for command in COMMANDS:
        first, *second = command.name.split(" ")
        if first in groups:
            continue
        if second:
            groups.add(first)
        yield first, "" if second else command.summary
        # An empty line is no place for a second name of everything.
        yield from ((alias, command.summary) for alias in command.aliases if current)
    yield "help", "show what a command does"


def _of_group(name: str) -> Iterator[Candidate]:
    for second in group(name):
        command, _ = find((name, second))
        yield second, command.summary if command else ""


def _of_command(
    command: Command, words: Sequence[str], current: str, folder: str
) -> Iterable[Candidate]:
    parser = Parser.of(command)
    flags = parser._option_string_actions
    positionals = [action for action in parser._actions if not action.option_strings]
    said: list[str] = []
    values: list[str] = list(words)
    while values:
        word = values.pop(0)
        flag = flags.get(word)
        if flag is None:
            said += [] if word.startswith("-") and not said else [word]
        elif flag.nargs is None or flag.nargs == 1:  # it takes the next word along
            if not values:
                return [(str(choice), "") for choice in flag.choices or ()]
            value = values.pop(0)
            if flag.dest == "dir":
                folder = os.path.join(folder, value)
    name, equals, _ = current.partition("=")
    if equals and name in flags:
        return [(f"{name}={choice}", "") for choice in flags[name].choices or ()]
    if current.startswith("-"):
        return [(name, _help(action)) for name, action in flags.items() if _is_shown(name, current)]
    return _positional(command, positionals, said, folder)


def _is_shown(flag: str, current: str) -> bool:
    return flag.startswith("--") or not current.startswith("--")


def _help(action: argparse.Action) -> str:
    return (action.help or "").partition("\n")[0]


def _positional(
    command: Command, positionals: Sequence[argparse.Action], said: Sequence[str], folder: str
) -> Iterable[Candidate]:
    if command.name == "run":
        return _scripts(folder) if not said else ()
    if command.name == "exec":
        return _bins(folder) if not said else ()
    if not positionals:
        return ()
    action = positionals[min(len(said), len(positionals) - 1)]
    if len(said) >= len(positionals) and action.nargs not in ("*", "+"):
        return ()
    if action.choices is not None:
        return [(str(choice), "") for choice in action.choices]
    if command.name == "config" and said[:1] not in ([], ["list"], ["ls"]):
        from graft.project.known_settings import KNOWN

        return [(key, known.summary) for key, known in KNOWN.items()]
    if action.dest in ("package", "packages") and command.name not in _FROM_ELSEWHERE:
        names = _direct(folder) if command.name != "why" else {**_locked(folder), **_direct(folder)}
        return [(name, about) for name, about in names.items() if name not in said]
    return ()


def _scripts(folder: str) -> Iterable[Candidate]:
    from graft.scripts.package import sound_package

    scripts = sound_package(folder).scripts
    return [(name, text.partition("\n")[0]) for name, text in scripts.items()]


def _bins(folder: str) -> Iterable[Candidate]:
    from graft.project.defaults import sound_modules_folder

    path = os.path.join(folder, sound_modules_folder(folder), ".bin")
    return [(name, "") for name in sorted(os.listdir(path))] if os.path.isdir(path) else ()


def _direct(folder: str) -> dict[str, str]:
    """What package.json asks for."""
    from graft.scripts.package import sound_package

    found: dict[str, str] = {}
    for section in ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies"):
        said = sound_package(folder).data.get(section)
        found |= said if isinstance(said, dict) else {}
    return {name: text for name, text in sorted(found.items()) if isinstance(text, str)}


def _locked(folder: str) -> dict[str, str]:
    """Everything that the lock has, with one of its versions."""
    from graft.base.files import read_file
    from graft.base.light_json import read_json
    from graft.lockfile.format import LOCK_NAME
    from graft.model.names import split_spec

    try:
        nodes = read_json(read_file(os.path.join(folder, LOCK_NAME)) or b"")["nodes"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    ids = sorted(nodes) if isinstance(nodes, dict) else []
    return {name: version.partition("(")[0] for name, version in map(split_spec, ids)}
