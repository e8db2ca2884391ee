"""``graft pack``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from graft.base.records import replace
from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser
from graft.cli.tail import place_of
from graft.cli.words import count, size

if TYPE_CHECKING:
    from graft.workflows.pack import Packed

_EXAMPLES = """\
  graft pack                              an archive of this package, here
  graft pack packages/tool --dry-run      what would be in that of another folder
  graft pack --pack-destination dist      write it there"""


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="[flags] [folder]")
    parser.add_argument("folder", nargs="?", default=".", help="the package's folder")
    group = parser.add_argument_group("packing")
    group.add_argument("--dry-run", action="store_true", help="write no archive")
    group.add_argument(
        "--pack-destination", metavar="DIR", help="the folder that the archive is written to"
    )
    group.add_argument(
        "--ignore-scripts", action="store_true", help="leave out prepack, prepare and postpack"
    )
    said = parser.parse(arguments)
    console.quiet = said.silent
    from graft.project.script_settings import read_script_settings
    from graft.workflows.pack import pack_folder

    place = place_of(said)
    destination = os.path.join(place.folder, said.pack_destination or "")
    place = replace(place, folder=os.path.normpath(os.path.join(place.folder, said.folder)))
    settings = read_script_settings(place.folder, place.environ, place.home)
    packed = pack_folder(
        place,
        destination,
        console.status,
        dry_run=said.dry_run,
        has_scripts=settings.has_hooks and not said.ignore_scripts,
    )
    if console.json:
        console.document([_document(packed)])
        return 0
    console.status(f"{packed.name}@{packed.version}")
    for path, amount, _ in packed.files:
        console.status(f"  {size(amount):>9}  {path}")
    amounts = f"{size(packed.size)}, unpacked {size(packed.unpacked)}"
    console.status(f"{count(len(packed.files), 'file')}, {amounts}")
    console.status(f"shasum     {packed.shasum}")
    console.status(f"integrity  {packed.integrity}")
    console.data(os.path.basename(packed.path))
    return 0


def _document(packed: Packed) -> dict[str, Any]:
    """With npm's names."""
    return {
        "id": f"{packed.name}@{packed.version}",
        "name": packed.name,
        "version": packed.version,
        "size": packed.size,
        "unpackedSize": packed.unpacked,
        "shasum": packed.shasum,
        "integrity": packed.integrity,
        "filename": os.path.basename(packed.path),
        "files": [
            {"path": path, "size": amount, "mode": mode} for path, amount, mode in packed.files
        ],
        "entryCount": len(packed.files),
        "bundled": list(packed.bundled),
    }
