"""``graft add``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, flag_settings, install_flags, install_options, root_flag
from graft.cli.report import show
from graft.cli.session import edited_importer, session

_EXAMPLES = """\
  graft add react react-dom       the latest versions, saved as ^version
  graft add -D typescript@~5.7    a range, saved as it is written
  graft add -E vite@next          what the dist-tag names today, saved without ^
  graft add old@npm:lodash@^3     lodash under the name 'old'
  graft add acme:tool             the same as @acme/tool, from where acme's packages come
  graft add core                  a member of the workspace, saved as workspace:^
  graft add -w typescript         to the root, from any member's folder
  graft add --editable git+https://example.com/acme/tool.git#main
                                  a clone to work in, which 'graft sync' brings up to date"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <package>...")
    install_flags(parser)
    save_flags(parser)
    parser.add_argument("packages", nargs="+", help="name, name@range, name@tag")
    said = parser.parse(arguments)
    from graft.model.requirement import Kind
    from graft.workflows.edit import add
    from graft.workflows.wishes import read_wish

    options = install_options(said)
    wishes = [read_wish(text) for text in said.packages]
    with session(said, console, flag_settings(said)) as context:
        context = edited_importer(said, context)
        kind = Kind(said.kind) if said.kind else None
        report = add(
            context,
            wishes,
            options,
            kind=kind,
            exact=said.save_exact,
            members_only=said.workspace,
            editable=said.editable,
        )
    return show(console, command.name, report)


def save_flags(parser: Parser) -> None:
    """How packages are saved; ``graft install <package>`` has the same."""
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "-D",
        "--save-dev",
        "--dev",
        action="store_const",
        dest="kind",
        const="dev",
        help="as a development dependency",
    )
    kinds.add_argument(
        "-O",
        "--save-optional",
        action="store_const",
        dest="kind",
        const="optional",
        help="as an optional dependency",
    )
    kinds.add_argument(
        "--save-peer", action="store_const", dest="kind", const="peer", help="as a peer dependency"
    )
    kinds.add_argument(
        "--save-prod",
        action="store_const",
        dest="kind",
        const="prod",
        help="as a dependency (the default for what is new)",
    )
    root_flag(parser)
    parser.add_argument(
        "--workspace", action="store_true", help="fail for what is no member of the workspace"
    )
    parser.add_argument(
        "-E", "--save-exact", "--exact", action="store_true", help="save the version without ^"
    )
    parser.add_argument(
        "--editable", action="store_true", help="clone repositories, to work in them"
    )
