"""graft, ended by SIGKILL before one of its effects on files, and what is asked of what is left.

A command is tried in a ``Lab``: a machine whose state is put back before each attempt. It always
lies at the same path, as paths are in links and in records.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import graft
from graft.base.files import remove_tree
from harness.closing import Closing
from harness.command import GRAFT, Result
from harness.effects import Effect
from harness.machine import Machine
from harness.memory import memory
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot
from harness.zygote import run_forked

Torn = Literal["", "half", "empty"]
"""What has come of the file that was being written: all of it, half, or nothing."""

_LAUNCHER = Path(graft.__file__).parents[2] / "bin" / "graft"
_STAMP = "node_modules/.graft/stamp"
_KILLED = -9
# Where packages appear; the second, where there is no package.json.
_MODULES = ("node_modules", "packages")
_INSTALL = ("install",)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """``prepare`` brings a project to the state before ``command``, which runs in its folder
    ``within``, and ``heal`` is the next one; both end with one of ``codes``. ``settle`` is done
    again whenever the state has been put back: for what depends on inodes and times. ``meanwhile``
    goes on until the state is put back. ``harmless`` are paths in the project that may be there
    although nothing speaks of them yet. Where ``two_steps`` is true, code that ran before need not
    run until the next command.

    A command ``of_store`` is about that alone, which in the end has just what it has undisturbed;
    one that may only ``collect`` never touches that, at no time."""

    name: str
    command: tuple[str, ...]
    heal: tuple[str, ...] = _INSTALL
    codes: tuple[int, ...] = (0,)
    prepare: Callable[[Project, LocalRegistry], None]
    settle: Callable[[Project], object] = str
    meanwhile: Callable[[Project], AbstractContextManager[object]] = nullcontext
    within: str = "."
    harmless: tuple[str, ...] = ()
    two_steps: bool = False
    of_store: Literal["", "collect", "repair"] = ""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What there is after a command that nothing has interrupted, and the plain one after it."""

    project: Mapping[str, str]
    store: Mapping[str, str]


@dataclass(kw_only=True)
class Verdict:
    """What became of one kill: the ``old`` project, the ``new`` one, or ``done`` where both are the
    same; and what is wrong with it."""

    outcome: str
    faults: list[str] = field(default_factory=list)


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for a lab: in memory where that is possible, as its state is put back so often."""
    folder = Path(tempfile.mkdtemp(prefix="graft-crashes-", dir=memory()))
    try:
        yield folder
    finally:
        remove_tree(str(folder))


class Lab(Closing):
    """One scenario's machine, with a registry of its own, and bystanders: other projects that use
    the same store. Without ``native`` folders are made file by file."""

    def __init__(self, scenario: Scenario, root: Path, *, native: bool) -> None:
        self.scenario = scenario
        self._native = native
        self._root = root.resolve() / "machine"
        self._saved = root.resolve() / "saved"
        self._registry = LocalRegistry()
        self._meanwhile = ExitStack()
        machine = Machine(self._root, self._registry)
        self.project = machine.project("app")
        self._put_launcher()
        scenario.prepare(self.project, self._registry)
        subprocess.run(["cp", "-a", self._root, self._saved], check=True)
        self.restore()
        self._ran = self._running(self._asked())
        self._others = {folder: _without_stamp(folder) for folder in self._bystanders()}
        self.old = self._reference()
        self.effects = self.run(0)
        self.new = self._reference()

    def close(self) -> None:
        self._meanwhile.close()
        self._registry.close()

    def restore(self) -> None:
        """The state before the command, as new."""
        self._meanwhile.close()
        remove_tree(str(self._root))
        # Files of slots that are links to those of objects stay so.
        subprocess.run(["cp", "-a", self._saved, self._root], check=True)
        self.scenario.settle(self.project)
        self._meanwhile.enter_context(self.scenario.meanwhile(self.project))

    def run(
        self,
        kill: int | list[str],
        arguments: Sequence[str] | None = None,
        *,
        restore: bool = True,
    ) -> list[Effect]:
        """Run the command, or the one given, and end it before effect number ``kill``, or before
        that effect, if it comes to it. Its effects; the last is the one that did not happen."""
        if restore:
            self.restore()
        scenario = self.scenario
        code, out, err, effects = _watched(
            self.project,
            scenario.command if arguments is None else arguments,
            kill=kill,
            native=self._native,
            two_steps=scenario.two_steps,
            within=scenario.within if arguments is None else ".",
        )
        if code not in scenario.codes and (not kill or code != _KILLED):
            raise AssertionError(f"exit code {code}\n{out}\n{err}")
        return effects

    def tear(self, effect: Effect, torn: Torn) -> bool:
        """Cut the file that ``effect`` has begun to write. False if there is nothing to cut."""
        path = Path(effect.path)
        if not (torn and effect.writes and path.is_file() and path.stat().st_size):
            return False
        os.truncate(path, path.stat().st_size // 2 if torn == "half" else 0)
        return True

    def judge(self) -> Verdict:
        """Whether all is well now, and what the next plain command makes of it."""
        faults = self._at_once()
        scenario = self.scenario
        if scenario.heal != _INSTALL or not self._launcher_is_content():
            healed = self._graft(*scenario.heal)
            if healed.code not in scenario.codes:
                return Verdict(outcome="broken", faults=[*faults, str(healed)])
        present = _without_stamp(self.project.dir)
        outcome = self._outcome(present)
        if not outcome and scenario.harmless:
            spoken_of = [path for path in present if path not in scenario.harmless]
            outcome = self._outcome({path: present[path] for path in spoken_of})
        reference = self.old if outcome == "old" else self.new
        if not outcome:
            faults.append(f"neither old nor new: {_difference(present, self.new.project)}")
        faults += self._store_faults(reference)
        if _junk(self.project.store):
            faults += self._collection_faults()
        if scenario.of_store:
            faults += self._faults_of_doing_it_again()
        again = self._graft("install", "--json")
        if again.code != 0 or not again.json["upToDate"]:
            faults.append(f"the next command finds something to do: {again}")
        if _without_stamp(self.project.dir) != present:
            faults.append("the next command changes something")
        return Verdict(outcome=outcome or "between", faults=faults)

    def _at_once(self) -> list[str]:
        """What must hold before anything is mended."""
        faults = [
            f"{folder} has changed"
            for folder, before in self._others.items()
            if _without_stamp(folder) != before
        ]
        asked = self._asked() & self._ran
        if self.scenario.two_steps:
            asked = {(folder, name) for folder, name in asked if folder != self.project.dir}
        faults += [
            f"code that ran before does not run: {unloadable(folder, name)}"
            for folder, name in sorted(asked - self._running(asked))
        ]
        if self.scenario.of_store == "collect":
            faults += _lacking(_below(self.project.store), self.new.store)
        return faults

    def _bystanders(self) -> list[Path]:
        places = self.project.dir.parent.iterdir()
        return [at for at in places if at != self.project.dir and (at / "node_modules").is_dir()]

    def _asked(self) -> set[tuple[Path, str]]:
        """What each project says that it needs."""
        return {
            (folder, name)
            for folder in (self.project.dir, *self._bystanders())
            for name in _dependencies(folder)
        }

    def _running(self, asked: set[tuple[Path, str]]) -> set[tuple[Path, str]]:
        return {(folder, name) for folder, name in asked if not unloadable(folder, name)}

    def _outcome(self, present: Mapping[str, str]) -> str:
        if self.old.project == self.new.project == present:
            return "done"
        if present == self.new.project:
            return "new"
        return "old" if present == self.old.project else ""

    def _store_faults(self, reference: Reference) -> list[str]:
        """Objects and slots are what they are in an undisturbed run, byte by byte; there may be
        more of them than the project needs. Records of projects are just those."""
        present = _below(self.project.store)
        if self.scenario.of_store:
            more = [f"{path} is too much" for path in present.keys() - reference.store.keys()]
            return sorted((*more, *_lacking(present, reference.store)))
        known = {**self.old.store, **self.new.store}
        records = {path for path in present if path.startswith(("projects/", "journals/"))}
        faults = [f"{path} is missing" for path in reference.store.keys() - present.keys()]
        faults += [f"{path} is too much" for path in records - reference.store.keys()]
        for path, what in present.items():
            said = (reference.store if path in records else known).get(path, what)
            if said != what:
                faults.append(f"{path} is {what}, and should be {said}")
        faults += [
            f"{path} names more than one graph"
            for path in records
            if (self.project.store / path).read_text().count("\ngraph\t") > 1
        ]
        return sorted(faults)

    def _collection_faults(self) -> list[str]:
        """What dead commands have left goes with the next collection, and nothing else."""
        before = _below(self.project.store)
        if self.scenario.of_store == "collect":
            return [f"collecting leaves {', '.join(_junk(self.project.store))}"]
        done = self._graft("store", "gc")
        if done.code != 0:
            return [str(done)]
        after = _below(self.project.store)
        after.pop("garbage", None)  # the notes about what will go one day
        before.pop("garbage", None)
        faults = [f"collecting leaves {path}" for path in _junk(self.project.store)]
        if before != after:
            faults.append(f"collecting changes the store: {_difference(after, before)}")
        return faults

    def _faults_of_doing_it_again(self) -> list[str]:
        before = _below(self.project.store)
        again = self._graft(*self.scenario.heal)
        if again.code != 0:
            return [str(again)]
        after = _below(self.project.store)
        return [] if after == before else [f"done again, it changes {_difference(after, before)}"]

    def _reference(self) -> Reference:
        healed = self._graft(*self.scenario.heal)
        assert healed.code in self.scenario.codes, healed
        return Reference(project=_without_stamp(self.project.dir), store=_below(self.project.store))

    def _graft(self, *arguments: str) -> Result:
        """Always forked, as it is done so often: which modules it loads is no question here."""
        code, out, err = run_forked(
            arguments,
            cwd=self.project.dir,
            env=self.project.machine.environment(),
            stdin="",
            timeout=60,
        )
        return Result(command=(*GRAFT, *arguments), code=code, stdout=out, stderr=err)

    def _put_launcher(self) -> None:
        """The launcher, where what it would start says only that it was asked."""
        folder = self._root / "bin"
        folder.mkdir()
        shutil.copy(_LAUNCHER, folder / "graft")
        (folder / "python").write_text("#!/bin/sh\nexit 97\n")
        (folder / "python").chmod(0o755)

    def _launcher_is_content(self) -> bool:
        machine = self.project.machine
        asked = [str(self._root / "bin/graft"), "install"]
        return machine.run(asked, cwd=self.project.dir, check=False).code == 0


def kind(effect: Effect, root: Path) -> tuple[str, str]:
    """The event, and a pattern for its path: the same for what differs only by package or name."""
    path = os.path.relpath(effect.path, root)
    path = re.sub(r"\.tmp-\d+-[0-9a-f]+-.*?(?=/|$)", ".tmp", path)
    path = re.sub(r"(objects|slots)/[^/]+/(.*/)?[^/]*$", r"\1/*/*", path)
    path = re.sub(r"(objects|slots)/(?!\.tmp)[^/]+", r"\1/*", path)
    path = re.sub(r"[0-9a-f]{32,}", "*", path)
    return effect.event, path


def sample(effects: Sequence[Effect], project: Path, *, most: int) -> list[int]:
    """Numbers of effects, at most so many, evenly taken from these: the first of each kind in the
    staging folder, in what it replaces, and in each room of the store; and of what is renamed in
    the project, the last as well."""
    chosen: dict[tuple[str, str, str], int] = {}
    for number, effect in enumerate(effects, 1):
        path = os.path.relpath(effect.path, project.parents[1])
        parts = path.split("/")
        if parts[0] == "graft":
            place = "/".join(parts[1:4])
        else:
            place = next((p for p in parts if p in (".graft-staging", "node_modules")), parts[-1])
            if effect.event in ("os.rename", "exchange"):
                chosen[effect.event, place, "last"] = number
        if effect.event in ("os.rename", "exchange", "os.remove") or place != ".graft-staging":
            chosen.setdefault((effect.event, place, "first"), number)
    numbers = sorted(set(chosen.values()))
    step = max(1, len(numbers) / most)
    return [numbers[int(at * step)] for at in range(min(most, len(numbers)))]


def _dependencies(folder: Path) -> dict[str, str]:
    manifest, toml = folder / "package.json", folder / "graft.toml"
    if manifest.exists() or not toml.exists():
        return dict(json.loads(manifest.read_text()).get("dependencies", {}))
    return dict(tomllib.loads(toml.read_text()).get("dependencies", {}))


def unloadable(folder: Path, name: str, above: frozenset[Path] = frozenset()) -> str:
    """Why code in ``folder`` cannot load a package, or what that loads, as node would; or ''."""
    for place in (folder, *folder.parents):
        found = next((place / of / name for of in _MODULES if (place / of / name).is_dir()), None)
        if found:
            break
    else:
        return f"{folder} does not find {name}"
    real = found.resolve()
    if real in above:
        return ""
    try:
        said = json.loads((real / "package.json").read_text())
        code = (real / "index.js").read_text()
    except (OSError, ValueError) as error:
        return f"{real}: {error}"
    if not code:
        return f"{real} is empty"
    below: Iterable[str] = said.get("dependencies", {})
    return next(filter(None, (unloadable(real, each, above | {real}) for each in below)), "")


def _without_stamp(folder: Path) -> dict[str, str]:
    """The stamp has inodes and times in it."""
    return {path: what for path, what in snapshot(folder).items() if not path.endswith(_STAMP)}


def _below(store: Path) -> dict[str, str]:
    """What lies in a store, but for locks, for what says how other things looked, and for junk."""
    return {
        path: _without_inode(store / path) if path.startswith("projects/") else what
        for path, what in snapshot(store).items()
        if not path.startswith("locks/")
        and not path.endswith(".seen")
        and path != "collected"  # when that was last done
        and not _is_junk(path)
    }


def _without_inode(record: Path) -> str:
    """A project's record; when the state is put back its folder has another number."""
    return re.sub(r"(?<=\ninode\t)\d+", "", record.read_text())


def _junk(store: Path) -> list[str]:
    """What nobody reads, and dead commands have left in a store; the tops of it."""
    found = (str(path.relative_to(store)) for path in sorted(store.rglob("*")))
    return [path for path in found if _is_junk(path) and not _is_junk(os.path.dirname(path))]


def _is_junk(path: str) -> bool:
    return ".tmp-" in path or path.startswith("trash/")


def _lacking(present: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    return [
        f"{path} is {present.get(path)}, and should be {what}"
        for path, what in wanted.items()
        if present.get(path) != what
    ]


def _difference(first: Mapping[str, str], second: Mapping[str, str]) -> str:
    return "; ".join(
        f"{path}: {first.get(path)} for {second.get(path)}"
        for path in sorted(first.keys() | second.keys())
        if first.get(path) != second.get(path)
    )


def crash(project: Project, event: str, path: str, *arguments: str) -> None:
    """End graft before the first effect of that kind on a path that ends so; fails if it never
    comes to that."""
    code, out, err, _ = _watched(project, arguments, kill=[event, path])
    assert code == _KILLED, f"there was no {event} of {path}\n{out}\n{err}"


def _watched(
    project: Project,
    arguments: Sequence[str],
    *,
    kill: int | list[str],
    native: bool = True,
    two_steps: bool = False,
    within: str = ".",
) -> tuple[int, str, str, list[Effect]]:
    machine = project.machine
    log = machine.root / "effects"
    code, out, err = run_forked(
        arguments,
        cwd=project.path(within),
        env=machine.environment(),
        stdin="",
        timeout=60,
        watched={
            "below": [str(project.dir), str(machine.graft_home)],
            "log": str(log),
            "kill": kill,
            "native": native,
            "two_steps": two_steps,
        },
    )
    effects = [Effect(*json.loads(line)) for line in log.read_text().splitlines()]
    return code, out, err, effects
