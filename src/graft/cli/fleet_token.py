"""``graft fleet token``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_serve import data_flags
from graft.cli.parser import Parser
from graft.cli.table import show_table
from graft.cli.words import day

if TYPE_CHECKING:
    from graft.fleet.records import Token

_EXAMPLES = """\
  graft fleet token create --role manage --label ops     one that may do all; printed once
  graft fleet token create --role host --host web-1      for the agent of one host
  graft fleet token list                                 which there are, and when they were used
  graft fleet token revoke 3f9c0a1b2c4d                  by its id"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] create|list|revoke [<id>]")
    parser.add_argument("action", choices=("create", "list", "revoke"), metavar="action")
    parser.add_argument("id", nargs="?", default="", help="which one to revoke")
    making = parser.add_argument_group("creating")
    making.add_argument(
        "--role", choices=("read", "manage", "host"), metavar="ROLE", help="read, manage or host"
    )
    making.add_argument("--label", metavar="TEXT", default="", help="whose it is, for the list")
    making.add_argument("--host", metavar="NAME", default="", help="the host that it speaks for")
    data_flags(parser.add_argument_group("the state, which this command works on directly"))
    said = parser.parse(arguments)
    console.quiet = said.silent
    if (said.action == "create") != bool(said.role) or (said.action == "revoke") != bool(said.id):
        parser.error("create needs --role, revoke an id, and nothing else has either")
    from graft.fleet.state import tokens
    from graft.workflows.fleet_serve import milliseconds, open_state

    database = open_state(said.data, said.state)
    try:
        if said.action == "list":
            with database.reading() as t:
                _list(console, tokens.list_tokens(t))
            return 0
        with database.transaction() as t:
            if said.action == "revoke":
                token, secret = tokens.revoke(t, said.id, milliseconds()), ""
            else:
                made = tokens.make_token(t, said.role, said.label, said.host, milliseconds())
                token, secret = made
    finally:
        database.close()
    if console.json:
        console.document(_entry(token) | ({"secret": secret} if secret else {}))
    elif secret:
        console.data(secret)
        console.status("this is the only time that it is shown: put it into GRAFT_FLEET_TOKEN")
    else:
        console.status(f"revoked {token.id}")
    return 0


def _list(console: Console, found: list[Token]) -> None:
    if console.json:
        console.document({"tokens": list(map(_entry, found))})
        return
    rows = [
        (
            token.id,
            token.role,
            token.host,
            token.label,
            day(token.created_at // 1000),
            day(token.used_at // 1000) if token.used_at else "never",
            "revoked" if token.revoked_at else "",
        )
        for token in found
    ]
    if rows:
        show_table(console, ("id", "role", "host", "label", "created", "used", ""), rows)
    else:
        console.status("there is no token yet: 'graft fleet token create' makes one")


def _entry(token: Token) -> dict[str, Any]:
    return {name: getattr(token, name) for name in type(token).fields}
