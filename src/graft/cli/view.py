"""``graft view``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser, source_flags, source_settings
from graft.cli.session import session
from graft.cli.words import one_line

if TYPE_CHECKING:
    from graft.workflows.view import Viewed

_EXAMPLES = """\
  graft view express                     what there is to know of the latest version
  graft view express@^4 version          all versions in a range
  graft view react dist-tags.next        one field
  graft view react time[18.2.0]          when a version was published
  graft view lodash dist.integrity license --json"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] <package> [field]...")
    parser.add_argument("package", help="name, name@range, name@tag")
    parser.add_argument("fields", nargs="*", help="these alone, by dotted path")
    group = parser.add_argument_group("looking")
    source_flags(group)
    said = parser.parse(arguments)
    from graft.workflows.view import view
    from graft.workflows.wishes import read_wish

    wish = read_wish(said.package)
    with session(said, console, source_settings(said)) as context:
        viewed = view(context, wish, said.fields)
    if said.fields:
        _show_fields(console, viewed, said.fields)
    elif console.json:
        console.document(viewed.documents[viewed.version])
    else:
        _show_version(console, viewed)
    return 0


def _show_fields(console: Console, viewed: Viewed, fields: list[str]) -> None:
    """npm's shapes: a bare value for one field of one version, a list for several versions, and
    an object where several fields are asked for."""
    from graft.workflows.view import field_of

    found = {
        version: {field: field_of(viewed.documents[version], field) for field in fields}
        for version in viewed.matching
    }
    if console.json:
        values = [said[fields[0]] if len(fields) == 1 else said for said in found.values()]
        console.document(values[0] if len(values) == 1 else values)
        return
    for version, said in found.items():
        prefix = f"{viewed.name}@{version} " if len(found) > 1 else ""
        for field, value in said.items():
            if value is not None:
                name = f"{field} = " if len(fields) > 1 else ""
                console.data(f"{prefix}{name}{_text(value)}")
    for field in fields:
        if all(said[field] is None for said in found.values()):
            console.status(f"{viewed.name} has no field '{field}'")


def _show_version(console: Console, viewed: Viewed) -> None:
    said = viewed.documents[viewed.version]
    console.data(console.style("bold", f"{viewed.name}@{viewed.version}", sys.stdout))
    if isinstance(said.get("description"), str):
        console.data(one_line(said["description"]))
    if said.get("deprecated"):
        console.data(console.style("red", f"deprecated: {_text(said['deprecated'])}", sys.stdout))
    lines = [(name, text) for name, text in _facts(viewed, said).items() if text]
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        console.data(f"{console.style('dim', name.ljust(width), sys.stdout)}  {text}")


def _facts(viewed: Viewed, said: Any) -> dict[str, str]:
    def field(path: str) -> str:
        from graft.workflows.view import field_of

        value = field_of(said, path)
        return "" if value in (None, {}, []) else _text(value)

    size, files = field("dist.unpackedSize"), field("dist.fileCount")
    unpacked = f"{int(size) / 1e6:.2f} MB" if size.isdigit() else ""
    if unpacked and files:
        unpacked += f" in {files} files"
    return {
        "license": field("license.type") or field("license"),
        "homepage": field("homepage"),
        "repository": field("repository.url") or field("repository"),
        "published": f"{field(f'time.{viewed.version}')} {_by(field('_npmUser.name'))}".strip(),
        "maintainers": field("maintainers"),
        "tarball": field("dist.tarball"),
        "integrity": field("dist.integrity") or field("dist.shasum"),
        "unpacked": unpacked,
        "commands": ", ".join(said["bin"]) if isinstance(said.get("bin"), dict) else "",
        "engines": field("engines"),
        "dependencies": field("dependencies"),
        "peers": field("peerDependencies"),
        "optional": field("optionalDependencies"),
        "tags": field("dist-tags"),
        "versions": _counted(viewed, said),
    }


def _by(name: str) -> str:
    return f"by {name}" if name else ""


def _counted(viewed: Viewed, said: Any) -> str:
    some = f", {len(viewed.matching)} of them in the range" if len(viewed.matching) > 1 else ""
    return f"{len(said['versions'])}{some}"


def _text(value: Any) -> str:
    """On one line where that is readable: texts, people, and tables of texts."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, list) and value and all(map(_is_plain, value)):
        return ", ".join(map(_person, value))
    if isinstance(value, dict) and value and all(isinstance(v, str) for v in value.values()):
        return ", ".join(f"{one_line(k)} {one_line(v)}" for k, v in value.items())
    return json.dumps(value, ensure_ascii=False)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, dict) and isinstance(value.get("name"), str)
    )


def _person(value: Any) -> str:
    if isinstance(value, str):
        return one_line(value)
    email = value.get("email")
    return one_line(f"{value['name']} <{email}>" if isinstance(email, str) else value["name"])
