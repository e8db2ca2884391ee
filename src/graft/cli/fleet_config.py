"""``graft fleet config``."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import quote

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.fleet_client import fleet_client, server_flags
from graft.cli.parser import Parser

_EXAMPLES = """\
  graft fleet config scripts                                     how the set is resolved
  graft fleet config scripts --registry https://registry.example.com/
  graft fleet config scripts --scope @acme=https://npm.example.com/ --scope @old=
  graft fleet config scripts --platform linux-x64-glibc --platform darwin-arm64
  graft fleet config scripts --block 500MB
  graft fleet config scripts --registry-token npm.example.com < token    from stdin"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <set>")
    parser.add_argument("set", help="the package set")
    flags = parser.add_argument_group("what is to change")
    flags.add_argument("--registry", metavar="URL", help="empty: that of the server's settings")
    flags.add_argument(
        "--scope", metavar="@SCOPE=URL", action="append", default=[], help="empty URL: not any more"
    )
    flags.add_argument(
        "--platform",
        metavar="OS-CPU[-LIBC]",
        action="append",
        help="of the hosts, all of them; 'any' for every one there is",
    )
    flags.add_argument("--warn", metavar="SIZE", help="say so when a release is larger")
    flags.add_argument("--block", metavar="SIZE", help="refuse a release that is larger")
    flags.add_argument(
        "--registry-token", metavar="HOST", help="take the token for this registry from stdin"
    )
    flags.add_argument("--no-registry-token", metavar="HOST", help="forget that token")
    flags.add_argument("--dry-run", action="store_true", help="show what that would give")
    server_flags(parser)
    said = parser.parse(arguments)
    if said.dry_run and (said.registry_token or said.no_registry_token):
        parser.error("--dry-run says nothing of tokens: they are written, and never shown")
    changes: dict[str, Any] = {}
    if said.registry is not None:
        changes["registry"] = said.registry
    if said.platform is not None:
        changes["platforms"] = [_platform(parser, text) for text in said.platform if text != "any"]
    for flag, key in (("warn", "warn_bytes"), ("block", "block_bytes")):
        if (text := getattr(said, flag)) is not None:
            changes[key] = _size(parser, f"--{flag}", text)
    path = f"/v1/sets/{quote(said.set, safe='')}"
    with fleet_client(said, console) as client:
        if said.scope:
            scopes = dict(client.ask("GET", f"{path}/settings")["scopes"])
            for text in said.scope:
                scope, _, url = text.partition("=")
                scopes[scope] = url
            changes["scopes"] = {scope: url for scope, url in scopes.items() if url}
        if said.registry_token:
            token = {"token": sys.stdin.read().strip()}
            host = quote(said.registry_token, safe="")
            client.ask("PUT", f"{path}/registry-tokens/{host}", token)
        if said.no_registry_token:
            host = quote(said.no_registry_token, safe="")
            client.ask("DELETE", f"{path}/registry-tokens/{host}")
        if changes:
            changes["dry_run"] = said.dry_run
            answer = client.ask("PUT", f"{path}/settings", changes)
        else:
            answer = client.ask("GET", f"{path}/settings")
    if console.json:
        console.document(answer)
    else:
        _show(console, answer)
    return 0


def _show(console: Console, said: dict[str, Any]) -> None:
    console.data(f"registry      {said['registry'] or 'as the server has it'}")
    for scope, url in sorted(said["scopes"].items()):
        console.data(f"{scope:<13} {url}")
    shown = ["-".join(filter(None, each.values())) for each in said["platforms"]]
    console.data(f"platforms     {', '.join(shown) or 'every one'}")
    console.data(f"warn          {said['warn_bytes']} bytes")
    console.data(f"block         {said['block_bytes']} bytes")
    console.data(f"tokens for    {', '.join(said['token_hosts']) or 'no registry'}")


def _platform(parser: Parser, text: str) -> dict[str, str]:
    parts = text.split("-")
    if len(parts) not in (2, 3) or not all(parts):
        parser.error(f"--platform '{text}' is not one like linux-x64-glibc or darwin-arm64")
    return dict(zip(("os", "cpu", "libc"), parts, strict=False))


def _size(parser: Parser, flag: str, text: str) -> int:
    from graft.base.amounts import bytes_of

    try:
        return bytes_of(text)
    except ValueError:
        parser.error(f"{flag} '{text}' is not a size like 300MB")
