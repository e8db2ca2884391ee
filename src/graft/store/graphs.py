"""Whole graphs: once a graph has been populated in this store, what it comes to is remembered.

The next project with the same inputs then needs nothing per package: it makes the links that are
written here. Projects name the graphs that they use, and a graph names its slots, so that is also
how collection knows what is in use.
"""

from __future__ import annotations

import os

from graft.base.files import read_file, write_atomic
from graft.base.lines import one_line, read_lines, whole_line, write_lines
from graft.store.complete import lacking_slots
from graft.store.paths import has_slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from graft.store.paths import Store

_FIRST_LINE = "graft-graph 2"
_SECONDS_UNSEEN = 3600


class GraphRecord:
    """``trees`` is what the ``node_modules`` of each importer holds in this ``layout``, and
    ``slots`` names all slots of the graph. ``packages`` counts its packages, ``direct`` has the
    versions of the direct ones by local name. ``ignored`` are the packages whose scripts nobody
    approved. ``sources`` are objects and slots, by their paths in the store, that files of the
    project's own were made from: nothing there leads to them, but making them anew would take
    fetching and building. ``copies`` says of folders in the project's own tree which package of a
    slot they are copies of, by its path below the slots; in a member's tree, behind the path of its
    ``node_modules``. ``mirrors`` are folders of other workspaces that links lead to.

    Of a workspace, ``scanned`` has by path those folders in which members were looked for, with a
    digest of the folders that were in each, ``manifests`` the files that would be those of members,
    be they there or not, and ``commands`` the files of members that are commands
    and so can be run: folder and path in it."""

    __slots__ = (
        *("commands", "copies", "direct", "ignored", "layout", "manifests", "mirrors", "packages"),
        *("scanned", "slots", "sources", "trees"),
    )

    def __init__(
        self,
        *,
        layout: str,
        trees: Mapping[str, Mapping[str, str]],
        slots: Iterable[str],
        packages: int,
        direct: Mapping[str, str],
        ignored: Iterable[str] = (),
        copies: Mapping[str, str] = {},
        sources: Iterable[str] = (),
        scanned: Mapping[str, str] = {},
        manifests: Iterable[str] = (),
        commands: Iterable[tuple[str, str]] = (),
        mirrors: Iterable[str] = (),
    ) -> None:
        self.layout = layout
        self.trees = {importer: dict(links) for importer, links in trees.items()}
        self.slots = sorted(set(slots))
        self.packages = packages
        self.direct = dict(direct)
        self.ignored = tuple(ignored)
        self.copies = dict(copies)
        self.sources = sorted(sources)
        self.scanned = dict(scanned)
        self.manifests = tuple(manifests)
        self.commands = sorted(commands)
        self.mirrors = sorted(mirrors)


def write_graph(store: Store, inputs: str, record: GraphRecord) -> None:
    """Remember a graph whose slots have just been seen to: the next project need not look at them.
    ``inputs`` is its name, 64 hex digits."""
    pairs = [("packages", str(record.packages)), ("layout", record.layout)]
    pairs += [(f"direct {name}", version) for name, version in sorted(record.direct.items())]
    pairs += [("slot", name) for name in record.slots]
    pairs += [("source", path) for path in record.sources]
    pairs += [("mirror", path) for path in record.mirrors]
    pairs += [("ignored", id) for id in record.ignored]
    pairs += [(f"copy {path}", package) for path, package in sorted(record.copies.items())]
    pairs += [("scanned", one_line(f"{was} {at}")) for at, was in sorted(record.scanned.items())]
    pairs += [("manifest", one_line(path)) for path in record.manifests]
    pairs += [("command", one_line("\t".join(command))) for command in record.commands]
    for importer, links in sorted(record.trees.items()):
        pairs.append(("tree", importer))
        pairs += [(f"link {path}", target) for path, target in sorted(links.items())]
    data = write_lines(_FIRST_LINE, pairs)
    if read_file(store.graph_record(inputs)) != data:
        write_atomic(store.graph_record(inputs), data)
    write_atomic(store.graph_seen(inputs), slots_seen(store))


def read_graph(store: Store, inputs: str) -> GraphRecord | None:
    pairs = read_lines(read_file(store.graph_record(inputs)), _FIRST_LINE)
    if not pairs or [key for key, _ in pairs[:2]] != ["packages", "layout"]:
        return None
    slots = [value for key, value in pairs if key == "slot"]
    pairs = [pair for pair in pairs if pair[0] != "slot"]  # of which there are a lot
    trees: dict[str, dict[str, str]] = {}
    links: dict[str, str] = {}
    for key, value in pairs:
        if key == "tree":
            links = trees[value] = {}
        elif key.startswith("link "):
            links[key[5:]] = value
    return GraphRecord(
        layout=pairs[1][1],
        trees=trees,
        slots=slots,
        packages=int(pairs[0][1]),
        direct={key[7:]: value for key, value in pairs if key.startswith("direct ")},
        ignored=[value for key, value in pairs if key == "ignored"],
        sources=[value for key, value in pairs if key == "source"],
        mirrors=[value for key, value in pairs if key == "mirror"],
        copies={key[5:]: value for key, value in pairs if key.startswith("copy ")},
        scanned={at: was for was, _, at in _said(pairs, "scanned", " ")},
        manifests=[whole_line(value) for key, value in pairs if key == "manifest"],
        commands=[(folder, path) for folder, _, path in _said(pairs, "command", "\t")],
    )


def _said(pairs: list[tuple[str, str]], key: str, between: str) -> Iterator[tuple[str, str, str]]:
    return (whole_line(value).partition(between) for name, value in pairs if name == key)


def graph_is_whole(store: Store, inputs: str, record: GraphRecord) -> bool:
    """Whether every slot of the graph is there; looks at each. If the folders of all slots and
    objects have changed since they last were looked into, whether they have all their files. Of
    another workspace's folders only whether they are there."""
    if not all(map(os.path.isdir, record.mirrors)):
        return False
    seen = slots_seen(store)
    if read_file(store.graph_seen(inputs)) == seen:
        return all(has_slot(store, name) for name in record.slots)
    if lacking_slots(store, record.slots):
        return False
    if not store.frozen:
        write_atomic(store.graph_seen(inputs), seen)
    return True


def graph_stayed_whole(store: Store, inputs: str, record: GraphRecord, now: float) -> bool:
    """Whether every slot of the graph is there and has all its files, in their sizes. They are
    looked at only if the folders of all slots and objects have changed since they last were, or
    that was an hour before ``now``; else those that the project itself links to, and of their files
    the front: so the cost does not grow with the graph."""
    seen = slots_seen(store)
    path = store.graph_seen(inputs)
    if read_file(path) == seen and now - os.stat(path).st_mtime < _SECONDS_UNSEEN:
        return not lacking_slots(store, _linked(store, record), front=True)
    if lacking_slots(store, record.slots):
        return False
    write_atomic(path, seen)
    return True


def _linked(store: Store, record: GraphRecord) -> set[str]:
    """The slots that links of the project, or folders of files in it, come from."""
    copied = (path.partition("/")[0] for path in record.copies.values())
    return {*linked_slots(store, record), *copied}


def linked_slots(store: Store, record: GraphRecord) -> list[str]:
    """The slots that links of the project lead to, in the order of the links."""
    root = f"{store.slots}/"
    links = (target for links in record.trees.values() for target in links.values())
    return [to.removeprefix(root).partition("/")[0] for to in links if to.startswith(root)]


def slots_seen(store: Store) -> bytes:
    """How the folders of all slots and of all objects look now; any that comes or goes changes
    them."""
    looks = map(os.stat, (store.slots, store.objects))
    return b" ".join(b"%d:%d:%d" % (s.st_dev, s.st_ino, s.st_mtime_ns) for s in looks) + b"\n"
