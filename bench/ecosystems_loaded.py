"""Where the packages that a check loaded really lie, and whether the store is as it was before."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ecosystems_place import Place
from install_measure import entries

PROBES = Path(__file__).with_name("probes")
_STORED = ("store/v1/objects", "store/v1/slots")
_SLOTS = "node_modules/.graft/slots/"
_SHOWN = 3

Snapshot = Mapping[str, tuple[int, int, int]]


class WrongError(Exception):
    """A fixture did not do what it says that it does; the message may have many lines."""


def probing(place: Place) -> dict[str, str]:
    """The environment in which every process writes down what it loaded."""
    folder = place.temporary / f"loaded-{place.project.name}"
    folder.mkdir()
    return {"NODE_OPTIONS": f"--require={PROBES / 'loaded.cjs'}", "GRAFT_LOADED": str(folder)}


def assert_loaded(place: Place, env: Mapping[str, str], *, stored: bool) -> None:
    """Whatever ``require`` loaded is the project's, or the store's if ``stored`` allows."""
    homes = [place.project, place.temporary, *([place.store] if stored else [])]
    roots = [f"{home.resolve()}{os.sep}" for home in homes]
    for report in Path(env["GRAFT_LOADED"]).iterdir():
        for file in report.read_text().splitlines():
            if not file.startswith(tuple(roots)):
                raise WrongError(f"loaded from elsewhere: {file}")


def layout_of(place: Place, chains: Sequence[str]) -> str:
    """The layout in which each chain ends. A folder of the project's own is right in all."""
    done = place.run(["node", str(PROBES / "chains.cjs"), *chains], timeout=60)
    if done.code != 0:
        raise WrongError(done.reason())
    found: Mapping[str, str | None] = json.loads(done.out)
    seen: dict[str, str] = {}
    for chain, path in found.items():
        if path is None:
            raise WrongError(f"not found: {chain}")
        layout = _layout(place, path)
        if layout == "elsewhere":
            raise WrongError(f"{chain} is found elsewhere: {path}")
        if layout:
            seen.setdefault(layout, chain)
    if len(seen) != 1:
        where = ", ".join(f"{layout} has {chain}" for layout, chain in seen.items())
        raise WrongError(f"packages lie in {len(seen)} layouts: {where}")
    return next(iter(seen))


def snapshot(place: Place) -> Snapshot:
    """Size, time of writing and mode of all that is in the store."""
    answer = {}
    for folder in _STORED:
        if (place.store / folder).is_dir():
            for entry in entries(place.store / folder):
                status = entry.stat(follow_symlinks=False)
                answer[entry.path] = status.st_size, status.st_mtime_ns, status.st_mode
    return answer


def assert_same(before: Snapshot, after: Snapshot) -> None:
    """One store serves all projects: what one of them does must leave it alone."""
    changed = sorted(p for p in {**before, **after} if before.get(p) != after.get(p))
    if changed:
        shown = "\n".join(changed[:_SHOWN])
        raise WrongError(f"{len(changed)} entries of the store were changed:\n{shown}")


def _layout(place: Place, path: str) -> str:
    """Empty for a folder that is nobody's package."""
    project, store = f"{place.project.resolve()}{os.sep}", f"{place.store.resolve()}{os.sep}"
    if path.startswith(store):
        return "virtual"
    if not path.startswith(project):
        return "elsewhere"
    inside = path.removeprefix(project)
    if "node_modules" not in inside.split(os.sep):
        return ""
    return "isolated" if inside.startswith(_SLOTS) else "hoisted"
