"""From arguments to a command, and from what it raises to an exit code."""

from __future__ import annotations

import os
import sys

from graft.base.diagnostics import CODES, Diagnostic, GraftError
from graft.cli.commands import COMMANDS, Command, find, group
from graft.cli.console import Console


def run(arguments: list[str]) -> int:
    """Returns the exit code; docs/diagnostics lists what each means."""
    console = Console(os.environ, json="--json" in arguments)
    arguments = _command_first(arguments)
    try:
        if not arguments or arguments[0] in ("help", "--help", "-h"):
            return _help(console, arguments[1:])
        if group(arguments[0]):
            arguments = [arguments[0], *_command_first(arguments[1:])]
        command, words = find(arguments)
        if command is None:
            raise _unknown(arguments)
        return _call(command, arguments[words:], console)
    except GraftError as error:
        return console.failure(error.diagnostic)
    except KeyboardInterrupt:
        return interrupted(console)
    except BrokenPipeError:
        sys.stderr.close()
        return CODES["interrupted"]
    except OSError as error:
        from graft.cli.refusals import refusal

        return console.failure(refusal(error, os.environ))
    except Exception as error:
        # stdout still keeps its promise; the traceback is for whoever mends it.
        import traceback

        traceback.print_exc()
        return console.failure(_own_error(error))


def interrupted(console: Console) -> int:
    return console.failure(
        Diagnostic(
            code="interrupted",
            message="stopped before the end",
            fix="run the same command again: it finishes what was decided",
        )
    )


def _command_first(arguments: list[str]) -> list[str]:
    """``graft -C DIR ls`` is ``graft ls -C DIR``: flags that all commands share may come first."""
    at = 0
    while at < len(arguments):
        if arguments[at] in ("-C", "--dir", "--filter", "-F"):
            at += 2
        elif arguments[at] in ("--json", "--silent", "-s", "-r", "--recursive") or arguments[
            at
        ].startswith(("--dir=", "--filter=")):
            at += 1
        else:
            break
    return arguments[at : at + 1] + arguments[:at] + arguments[at + 1 :]


def _call(command: Command, arguments: list[str], console: Console) -> int:
    from importlib import import_module

    module = import_module(f"graft.cli.{command.module}")
    code: int = module.run(command, arguments, console)
    return code


def _help(console: Console, names: list[str]) -> int:
    if names:
        command, _ = find(names)
        if command is None:
            raise _unknown(names)
        return _call(command, ["--help"], console)
    lines = ["graft: resolve once, store every package once, link it anywhere", ""]
    for command in COMMANDS:
        names_shown = ", ".join((command.name, *command.aliases))
        lines.append(f"  {names_shown:<28}{command.summary}")
    lines += ["", "graft help <command> shows its flags, with examples"]
    console.data("\n".join(lines))
    return 0


def _unknown(words: list[str]) -> GraftError:
    from graft.base.suggestions import nearest

    name, *tail = words
    if seconds := group(name):
        second = next((word for word in tail if not word.startswith("-")), "")
        near = nearest(second, seconds)
        return GraftError(
            "usage",
            f"graft {name}: '{second}' is none of {', '.join(seconds)}"
            if second
            else f"graft {name}: say which of {', '.join(seconds)}",
            fix=f"did you mean 'graft {name} {near}'?" if near else "'graft help' lists them",
        )
    names = [n for command in COMMANDS for n in (command.name, *command.aliases)]
    near = f"run {name}" if _is_script(name) else nearest(name, names)
    return GraftError(
        "usage",
        f"there is no command '{name}'",
        fix=f"did you mean 'graft {near}'?" if near else "'graft help' lists what there is",
    )


def _is_script(name: str) -> bool:
    """Whether the project in the current folder has a script of that name."""
    from graft.scripts.package import read_package

    try:
        return name in read_package(os.getcwd()).scripts
    except (GraftError, OSError):
        return False


def _own_error(error: Exception) -> Diagnostic:
    return Diagnostic(
        code="internal-error",
        message=f"graft made a mistake: {type(error).__name__}: {error}",
        fix="report it, with the traceback on stderr",
    )
