"""What graft made in a ``node_modules``, recorded inside it so that both change together.

A text, as reading JSON would be most of the cost of a command that finds nothing to do.
"""

from __future__ import annotations

import os

from graft.base.files import read_file
from graft.base.lines import one_line, read_lines, whole_line, write_lines
from graft.link.importers import ROOT
from graft.link.importers import STATE_FOLDER as STATE_FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# In front of what a folder of files was made from, where a link has its target: no target that
# graft writes begins so.
FOLDER = "folder:"
# The same where its files are the project's own, and may be written.
OWN_FOLDER = f"{FOLDER}own-"
# The time of a manifest in a folder whose files may be written: a second that nobody else takes.
OWN_TIME = 1_000_000_000
_STATE_FILE = "state"
_FIRST_LINE = "graft-links 1"
_LAYOUT = "layout:"  # no path in node_modules: a colon is in no package's name
_INPUTS = "inputs:"
_MEMBER = "member:"
_NO_NAMES = frozenset({"", ".", ".."})
_PROJECT = "project:"
_STORE = "store:"


class State:
    """``entries`` maps paths relative to ``node_modules`` to targets of links, and for folders to
    what they were made from (``FOLDER``). ``inputs`` is whatever decided them, as one text: if it
    is the same next time, they are the same. ``members`` are the importers below that have a
    ``node_modules`` of the same making; their ``inputs`` only says whose they are
    (``member_inputs``). ``project`` is the real path of the project that it was made in: somewhere
    else, it was moved or copied. ``store`` is the root of the one that folders of files were made
    from, where no link says it."""

    __slots__ = ("entries", "inputs", "layout", "members", "project", "store")

    def __init__(
        self,
        *,
        layout: str = "",
        inputs: str = "",
        entries: Mapping[str, str] | None = None,
        members: Iterable[str] = (),
        project: str = "",
        store: str = "",
    ) -> None:
        self.layout = layout
        self.inputs = inputs
        self.entries = dict(entries or {})
        self.members = sorted(members)
        self.project = project
        self.store = store

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and state_bytes(self) == state_bytes(other)

    __hash__ = None  # type: ignore[assignment]


def member_inputs(importer: str) -> str:
    """What the record in a member's ``node_modules`` has for inputs: it is made from the project
    that lies there. A folder that was taken out of the workspace, and has since been installed by
    itself, has other inputs, and is nobody else's any more."""
    return "/".join([".."] * (importer.count("/") + 1))


def states_of(
    trees: Mapping[str, Mapping[str, str]],
    *,
    layout: str,
    inputs: str,
    project: str,
    store: str = "",
) -> dict[str, State]:
    """The record of each importer's ``node_modules``; ``trees`` has the entries of each. The one of
    the project itself says the most."""
    root = os.path.realpath(project)
    return {
        importer: State(
            layout=layout,
            inputs=inputs if importer == ROOT else member_inputs(importer),
            entries=entries,
            members=trees.keys() - {ROOT} if importer == ROOT else (),
            project=root if importer == ROOT else "",
            store=store if importer == ROOT else "",
        )
        for importer, entries in trees.items()
    }


def read_state(modules: str) -> State:
    """The record, or an empty one where there is none, it is damaged, or it names what lies outside
    of the ``node_modules``, as one might that came with a repository: then nothing is owned."""
    pairs = read_lines(read_file(state_file(modules)), _FIRST_LINE)
    if not pairs or [key for key, _ in pairs[:2]] != [_LAYOUT, _INPUTS]:
        return State()
    entries = {key: value for key, value in pairs[2:] if key not in (_MEMBER, _PROJECT, _STORE)}
    if any(not _NO_NAMES.isdisjoint(path.split("/")) for path in entries):
        return State()
    return State(
        layout=pairs[0][1],
        inputs=pairs[1][1],
        members=[value for key, value in pairs if key == _MEMBER],
        entries=entries,
        project=next((whole_line(value) for key, value in pairs[2:] if key == _PROJECT), ""),
        store=next((whole_line(value) for key, value in pairs[2:] if key == _STORE), ""),
    )


def read_head(modules: str) -> tuple[str, str] | None:
    """Just the layout and the inputs of the record; None where there is no record."""
    try:
        with open(state_file(modules), encoding="utf-8", errors="surrogateescape") as file:
            first, layout, inputs = file.readline(), file.readline(), file.readline()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if first != f"{_FIRST_LINE}\n" or not layout.startswith(f"{_LAYOUT}\t"):
        return None
    said = layout.removeprefix(f"{_LAYOUT}\t"), inputs.removeprefix(f"{_INPUTS}\t")
    return said[0].rstrip("\n"), said[1].rstrip("\n")


def is_slot(path: str) -> bool:
    """Whether an entry is one that code does not ask for by name: a slot in the project."""
    return path.startswith(f"{STATE_FOLDER}/")


def state_file(modules: str) -> str:
    return os.path.join(modules, STATE_FOLDER, _STATE_FILE)


def state_bytes(state: State) -> bytes:
    said = [(_LAYOUT, state.layout), (_INPUTS, state.inputs)]
    said += [(_PROJECT, one_line(state.project))] if state.project else []
    said += [(_STORE, one_line(state.store))] if state.store else []
    said += [(_MEMBER, importer) for importer in state.members]
    return write_lines(_FIRST_LINE, [*said, *sorted(state.entries.items())])


def entries_on_disk(
    modules: str, paths: Iterable[str], owned: Mapping[str, str]
) -> dict[str, str | None]:
    """What is at each path, as ``entry_on_disk`` has it; nothing if nothing is."""
    found: dict[str, str | None] = {}
    for path in paths:
        try:
            found[path] = entry_on_disk(modules, path, owned.get(path, ""))
        except (FileNotFoundError, NotADirectoryError):
            continue
    return found


def entry_on_disk(modules: str, path: str, recorded: str) -> str | None:
    """A link's target; for a folder of files what was ``recorded`` of it, as long as it looks like
    one that graft made; None for something else. Raises where nothing is."""
    full = os.path.join(modules, path)
    try:
        return os.readlink(full)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError:
        return recorded if recorded.startswith(FOLDER) and _is_made(full, path) else None


def _is_made(full: str, path: str) -> bool:
    """Whether graft could have made a folder: nobody else makes files that cannot be written, or
    gives them this time."""
    if is_slot(path):
        return os.path.isdir(full)
    try:
        seen = os.stat(os.path.join(full, "package.json"))
        return not seen.st_mode & 0o222 or seen.st_mtime_ns == OWN_TIME * 10**9
    except FileNotFoundError:
        return os.path.isdir(full) and os.stat(full).st_mtime_ns == OWN_TIME * 10**9
    except OSError:
        return False


def mark_own(folder: str) -> None:
    """Leave a sign that graft made a folder of files that may be written: on its package.json, or
    where a package has none, on the folder itself."""
    marked = os.path.join(folder, "package.json")
    os.utime(marked if os.path.exists(marked) else folder, (OWN_TIME, OWN_TIME))
