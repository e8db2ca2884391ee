"""``graft index verify``."""

from __future__ import annotations

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.session import session
from graft.cli.words import count, one_line

_EXAMPLES = """\
  graft index verify             all archives that the lock names, fetched again and digested
  graft index verify acme        of one namespace
  graft index verify --offline   what can be known without a network"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [namespace]...")
    parser.add_argument("namespaces", nargs="*", metavar="namespace", help="default: all")
    parser.add_argument_group("looking").add_argument(
        "--offline", action="store_true", help="use no network: leave the archives out"
    )
    said = parser.parse(arguments)
    from graft.workflows.index_verify import verify_indices

    flags = {"offline": "true"} if said.offline else {}
    with session(said, console, flags) as context:
        done = verify_indices(context, said.namespaces)
    is_sound = all(fault.mended for fault in done.faults)
    if console.json:
        faults = [
            {
                "what": fault.what,
                "subject": fault.subject,
                "message": fault.message,
                "mended": fault.mended,
            }
            for fault in done.faults
        ]
        console.document(
            {
                "indices": done.indices,
                "packages": done.packages,
                "archives": done.archives,
                "faults": faults,
                "skipped": list(done.skipped),
            }
        )
        return 0 if is_sound else 1
    for fault in done.faults:
        mended = "; it is made anew" if fault.mended else ""
        console.data(f"{fault.what:<8}  {fault.subject}: {one_line(fault.message)}{mended}")
    for line in done.skipped:
        console.status(f"not looked at: {one_line(line)}")
    console.status(
        f"{count(done.indices, 'index', 'indices')}, {count(done.packages, 'package')}, "
        f"{count(done.archives, 'archive')}: {count(len(done.faults), 'fault')}"
    )
    return 0 if is_sound else 1
