"""``graft link`` and ``graft unlink``."""

from __future__ import annotations

import os

from graft.base.diagnostics import GraftError
from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options, root_flag
from graft.cli.report import install_document, show
from graft.cli.session import edited_importer, session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.workflows.link import Linked

_EXAMPLES = {
    "link": """\
  graft link ../lib               saved as "lib": "link:../lib"
  graft link ../lib ../other      several at once
  graft link --dry-run ../lib     say what would change""",
    "unlink": """\
  graft unlink lib                the line says again what it said before
  graft unlink ../lib             the same, by the folder
  graft unlink                    all that 'graft link' has linked here""",
}


def run(command: Command, arguments: list[str], console: Console) -> int:
    links = command.name == "link"
    usage = "[flags] <folder>..." if links else "[flags] [package]..."
    parser = Parser(command, examples=_EXAMPLES[command.name], usage=usage)
    install_flags(parser)
    root_flag(parser)
    named = "folders beside the project, as paths" if links else "names as package.json has them"
    parser.add_argument("named", nargs="*", metavar="folder" if links else "package", help=named)
    said = parser.parse(arguments)
    from graft.workflows.link import link, unlink

    options = install_options(said)
    folder = os.path.abspath(said.dir)
    folders = _folders(said.named, folder) if links else []
    with session(said, console, flag_settings(said)) as context:
        context = edited_importer(said, context)
        done = link(context, folders, options) if links else unlink(context, said.named, options)
    return _show(console, command.name, done)


def _folders(typed: list[str], folder: str) -> list[str]:
    """Absolute paths. There is no list of packages that are linked by name: a path says all."""
    if not typed:
        raise GraftError(
            "usage",
            "'graft link' takes the folder to link to; there is no list of linked packages to add "
            "this one to",
            where=folder,
            fix=f"in the project that shall use it, run: graft link {folder}",
        )
    paths = [os.path.join(folder, os.path.expanduser(each)) for each in typed]
    for path, each in zip(paths, typed, strict=True):
        if not os.path.isdir(path):
            from graft.workflows.link import suggestion

            near = suggestion(each, folder)
            raise GraftError(
                "source-missing",
                f"there is no folder '{each}' here; 'graft link' takes folders, not names",
                where=folder,
                fix=f"did you mean 'graft link {near}'?"
                if near
                else "name the folder by its path: graft link ../lib",
            )
    return [os.path.normpath(path) for path in paths]


def _show(console: Console, command: str, done: Linked) -> int:
    if console.json:
        console.document({**install_document(command, done.report), "lines": dict(done.lines)})
        return 0
    for name, line in done.lines.items():
        console.status(f"{name}: {line}" if line is not None else f"{name}: no longer asked for")
    return show(console, command, done.report)
