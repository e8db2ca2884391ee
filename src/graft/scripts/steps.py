"""Which scripts run, in which order, for one that is asked for."""

from __future__ import annotations

from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What a name stands for where package.json does not say, as npm has it.
_BUILT_IN = {"env": "env"}
_SERVER = "node server.js"
# Characters that mean nothing to a shell.
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_")


class Step(Record):
    """``event`` is the script's name, ``text`` what package.json says, ``line`` that with the
    arguments, as the shell reads it."""

    event: str
    text: str
    line: str


def steps_of(
    scripts: Mapping[str, str],
    name: str,
    arguments: Sequence[str] = (),
    *,
    has_hooks: bool = True,
    has_server: bool = False,
) -> tuple[Step, ...] | None:
    """``pre<name>``, ``name`` and ``post<name>``; None if there is no such script. Arguments are
    for the middle one. ``has_server`` says that there is a ``server.js``, which ``start`` runs."""
    known = _BUILT_IN | ({"start": _SERVER} if has_server else {}) | dict(scripts)
    hooks = known if has_hooks else {}
    if name in known:
        middle = [_step(known, name, arguments)]
    elif name == "restart" and "start" in known:
        stop = _hooked(hooks, "stop", [_step(known, "stop")]) if "stop" in known else []
        middle = [*stop, *_hooked(hooks, "start", [_step(known, "start", arguments)])]
    else:
        return None
    # An empty script does nothing, also with arguments.
    return tuple(step for step in _hooked(hooks, name, middle) if step.text)


def quoted(argument: str) -> str:
    """One word of a POSIX shell, left as it is where nothing in it means anything to a shell."""
    if argument and all(c in _PLAIN for c in argument):
        return argument
    return "'" + argument.replace("'", "'\\''") + "'"


def _hooked(hooks: Mapping[str, str], name: str, steps: Sequence[Step]) -> list[Step]:
    before = [_step(hooks, f"pre{name}")] if f"pre{name}" in hooks else []
    after = [_step(hooks, f"post{name}")] if f"post{name}" in hooks else []
    return [*before, *steps, *after]


def _step(known: Mapping[str, str], name: str, arguments: Sequence[str] = ()) -> Step:
    text = known[name]
    return Step(event=name, text=text, line=" ".join((text, *map(quoted, arguments))))
