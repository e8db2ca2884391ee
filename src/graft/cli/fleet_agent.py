"""``graft fleet agent``."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import server_flags, server_of, token_of
from graft.cli.fleet_policy import root_of
from graft.cli.parser import Parser
from graft.cli.session import session
from graft.cli.words import count, size
from graft.project.choices import LAYOUTS

if TYPE_CHECKING:
    from graft.fleet.host.reconcile import Reconciled

_EXAMPLES = """\
  graft fleet agent --server http://fleet.example.com:8080 --set apps
                                   bring this host to what the set is to be, and keep it there
  graft fleet agent --set apps --once --json
                                   once, and say what came of it
  graft fleet agent --set apps --json
                                   and say what came of each look, one line of JSON each
  graft fleet agent --set apps --serve 0.0.0.0:8181
                                   and serve the hosts of this site, which name it as --server
  graft fleet agent --set apps --once --verify
                                   compare every byte with what was published"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags]")
    flags = parser.add_argument_group("the host")
    flags.add_argument(
        "--set", metavar="SET", action="append", default=[], help="a package set; may be repeated"
    )
    flags.add_argument(
        "--root", metavar="DIR", help="where the host keeps all of it, in place of GRAFT_FLEET_ROOT"
    )
    flags.add_argument("--host", metavar="NAME", default="", help="what the server calls this host")
    flags.add_argument(
        "--layout",
        choices=[each for each in LAYOUTS if each != "hoisted"],
        default="virtual",
        help="what trees are made of: links into the host's store, or files",
    )
    flags.add_argument("--once", action="store_true", help="end when that is done")
    flags.add_argument("--verify", action="store_true", help="compare every byte at first")
    flags.add_argument("--max-rate", metavar="SIZE", help="pull that much a second at most: 5MB")
    flags.add_argument(
        "--period", metavar="TIME", default="60s", help="between two looks (default: 60s)"
    )
    flags.add_argument(
        "--serve", metavar="ADDR:PORT", help="serve releases and archives to hosts behind this one"
    )
    server_flags(parser)
    said = parser.parse(arguments)
    if not said.set:
        parser.error("say which package sets: --set SET")
    from graft.base.amounts import bytes_of, seconds
    from graft.workflows.fleet_agent import HostWishes, agent_at_work

    wishes = HostWishes(
        server=server_of(said),
        token=token_of(said),
        root=root_of(said),
        home=os.environ.get("GRAFT_HOME", ""),
        name=said.host,
        sets=list(dict.fromkeys(said.set)),
        layout=said.layout,
        serve=_address(parser, said.serve),
        max_rate=_amount(parser, "--max-rate", said.max_rate or "0", bytes_of),
        period=float(max(1, _amount(parser, "--period", said.period, seconds))),
        full=said.verify,
    )
    last: dict[str, Reconciled] = {}

    def told(done: Reconciled) -> None:
        before = last.get(done.report.set)
        last[done.report.set] = done
        if console.json:
            if not said.once:
                console.document_line(_document(done))
        elif said.once or before is None or _is_news(before, done):
            console.status(_line(done))
            if done.error:
                console.failure(done.error.diagnostic)

    with (
        session(said, console) as context,
        agent_at_work(wishes, context.settings, context.progress, told) as working,
    ):
        if working.address:
            console.status("serving at http://{}:{}".format(*working.address))
        if said.once:
            working.agent.once()
        else:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: working.agent.stop())
            working.agent.run()
    if console.json and said.once:
        console.document({"sets": [_document(last[name]) for name in sorted(last)]})
    errors = [done.error for done in last.values() if done.error]
    return errors[0].diagnostic.exit_code if errors and said.once else 0


def _is_news(before: Reconciled, done: Reconciled) -> bool:
    first, second = before.report, done.report
    return bool(
        done.flipped
        or done.healed
        or done.gone
        or (first.hash, first.status, first.error) != (second.hash, second.status, second.error)
    )


def _line(done: Reconciled) -> str:
    report = done.report
    have = f"has {report.hash[:12]}" if report.hash else "has nothing yet"
    parts = [f"{report.set} {have}"]
    if report.pulled_blobs:
        pulled = f"{count(report.pulled_blobs, 'archive')} and {size(report.pulled_bytes)} pulled"
        parts.append(f"{pulled}, {report.milliseconds / 1000:.1f} s")
    if done.healed:
        parts.append(f"mended: {done.healed}")
    if done.gone:
        parts.append(f"{count(len(done.gone), 'old tree')} removed")
    return "; ".join(parts)


def _document(done: Reconciled) -> dict[str, Any]:
    report = done.report
    return {
        "set": report.set,
        "host": report.host,
        "at": report.reported_at,
        "hash": report.hash,
        "status": report.status,
        "flipped": done.flipped,
        "healed": done.healed,
        "removed": list(done.gone),
        "pulledBlobs": report.pulled_blobs,
        "pulledBytes": report.pulled_bytes,
        "milliseconds": report.milliseconds,
        "error": done.error.diagnostic.as_json() if done.error else None,
    }


def _address(parser: Parser, text: str | None) -> tuple[str, int] | None:
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        parser.error(f"--serve '{text}' is not an address like 127.0.0.1:8181")
    return host.strip("[]"), int(port)


def _amount(parser: Parser, flag: str, text: str, read: Any) -> int:
    try:
        return int(read(text))
    except ValueError:
        parser.error(f"{flag} '{text}' is no amount")
