"""The commands that are killed, and the states that they start from."""

from __future__ import annotations

import re
from functools import partial

from harness.crash import Scenario
from harness.index import IndexRepository
from harness.index_shelf import IndexShelf
from harness.project import Project
from harness.registry import LocalRegistry

# What others keep in a node_modules.
FOREIGN = {".cache/data": "cached", "@acme/own/x.js": "own", ".bin/mine": "mine", "own": "a file"}


def publish(registry: LocalRegistry) -> None:
    registry.publish("b@1.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    registry.publish("@acme/more@1.0.0", dependencies={"b": "1"}, bin={"more": "cli.js"})


def asked(project: Project, registry: LocalRegistry) -> None:
    """It asks for ``a -> b``, and nothing is there."""
    publish(registry)
    project.manifest(dependencies={"a": "1"})


def locked(project: Project, registry: LocalRegistry) -> None:
    asked(project, registry)
    project.graft("install", "--lockfile-only")


def stored(project: Project, registry: LocalRegistry) -> None:
    """Another project has installed the same; this one has no more than manifest and lock."""
    locked(project, registry)
    other = project.sibling("other", dependencies={"a": "1"})
    other.graft("install")


def without_records(project: Project, registry: LocalRegistry) -> None:
    stored(project, registry)
    for record in project.store.glob("graphs/*"):
        record.unlink()


def not_locked(project: Project, registry: LocalRegistry) -> None:
    stored(project, registry)
    project.remove("graft-lock.json")


def resolve_elsewhere(project: Project) -> None:
    """What was resolved is remembered together with how the cache looks."""
    other = project.sibling("other")
    other.remove("graft-lock.json")
    other.remove("node_modules")
    other.write("package.json", project.read("package.json"))
    other.graft("install")


def installed(project: Project, registry: LocalRegistry, *, layout: str = "virtual") -> None:
    stored(project, registry)
    project.manifest(graft={"layout": layout})
    project.graft("install")
    for path, text in FOREIGN.items():
        project.write(f"node_modules/{path}", text)


def with_more(project: Project, registry: LocalRegistry, *, layout: str) -> None:
    installed(project, registry, layout=layout)
    project.graft("add", "@acme/more")


def outdated(project: Project, registry: LocalRegistry, *, layout: str = "virtual") -> None:
    installed(project, registry, layout=layout)
    registry.publish("b@1.1.0")
    registry.publish("a@1.1.0", dependencies={"b": "1.1"}, bin={"a": "cli.js"})


def switched(project: Project, registry: LocalRegistry, *, before: str, after: str) -> None:
    installed(project, registry, layout=before)
    project.manifest(graft={"layout": after})


def stamped(project: Project) -> None:
    """The launcher would say that there is nothing to do."""
    project.graft("install")


def workspace(project: Project, registry: LocalRegistry) -> None:
    stored(project, registry)
    project.remove("graft-lock.json")
    project.manifest(workspaces=["packages/*"])
    project.manifest("packages/one", dependencies={"a": "1", "two": "workspace:*"})
    project.manifest("packages/two", dependencies={"b": "1"})


def stored_workspace(project: Project, registry: LocalRegistry) -> None:
    """Another checkout of the same workspace is installed."""
    workspace(project, registry)
    other = project.sibling("first")
    manifests = [f"{folder}package.json" for folder in ("", "packages/one/", "packages/two/")]
    for path in manifests:
        other.write(path, project.read(path))
    other.graft("install")
    project.write("graft-lock.json", other.read("graft-lock.json"))


def installed_workspace(project: Project, registry: LocalRegistry) -> None:
    workspace(project, registry)
    project.graft("install")
    for folder in (".", "packages/one", "packages/two"):
        for path, text in FOREIGN.items():
            project.write(f"{folder}/node_modules/{path}", text)


def described(project: Project, registry: LocalRegistry) -> None:
    """Nothing but the record of what decided the links has to change."""
    installed(project, registry)
    project.manifest(description="changed")


def fewer_members(project: Project, registry: LocalRegistry) -> None:
    installed_workspace(project, registry)
    project.manifest("packages/one", dependencies={"a": "1"})
    project.manifest(workspaces=["packages/one"])


def to_build(project: Project, registry: LocalRegistry) -> None:
    stored(project, registry)
    script = "cp index.js built.js; mkdir made; echo made >made/file"
    registry.publish("built@1.0.0", dependencies={"b": "1"}, scripts={"postinstall": script})
    project.graft("add", "built")


def to_patch(project: Project, registry: LocalRegistry) -> None:
    """Files of a package have been edited."""
    installed(project, registry)
    project.graft("patch", "a", "--edit-dir", "../edited")
    project.write("../edited/index.js", "module.exports = 'patched'\n")


def moved(project: Project, registry: LocalRegistry) -> None:
    """It was made where nothing is any more."""
    stored(project, registry)
    made = project.sibling("made", dependencies={"a": "1"})
    made.graft("install")
    project.remove(".")
    made.dir.rename(project.dir)


def still_known(project: Project) -> None:
    """The store knows the folder by its number."""
    made = project.dir.with_name("made")
    (record,) = (
        path for path in project.store.glob("projects/*") if f"path\t{made}\n" in path.read_text()
    )
    number = f"\ninode\t{project.dir.stat().st_ino}\n"
    record.write_text(re.sub(r"\ninode\t\d+\n", number, record.read_text()))


def beside(project: Project, registry: LocalRegistry) -> None:
    installed(project, registry)
    project.sibling("b", version="1.2.0").write("index.js", "module.exports = 'b'\n")


def linked(project: Project, registry: LocalRegistry) -> None:
    beside(project, registry)
    project.graft("link", "../b")


def duplicates(project: Project, registry: LocalRegistry) -> None:
    installed(project, registry)
    registry.publish("b@1.1.0")
    registry.publish("c@1.0.0", dependencies={"b": "1.1"})
    project.graft("add", "c")


def damaged(project: Project, registry: LocalRegistry) -> None:
    """A file of an object, and a slot, whose code runs for all that."""
    installed(project, registry)
    for path in project.store.glob("objects/*/node_modules/b/index.js"):
        path.chmod(0o644)
        path.write_text("damaged")
        path.chmod(0o444)
    for path in project.store.glob("slots/a@*/node_modules/a"):
        path.parent.chmod(0o755)
        path.parent.joinpath("more").touch()


def without_javascript(project: Project, registry: LocalRegistry) -> None:
    """Its packages appear in a folder of their own."""
    publish(registry)
    project.remove("package.json")
    project.write("graft.toml", '[dependencies]\na = "1"\n')
    project.write(".npmrc", "layout=isolated\n")
    project.graft("install")
    project.write("packages/own/x.js", "own")
    registry.publish("b@1.1.0")
    registry.publish("a@1.1.0", dependencies={"b": "1.1"}, bin={"a": "cli.js"})


def with_index(project: Project, registry: LocalRegistry) -> None:
    """It asks for a package of a git-hosted index, which asks for another, and nothing is there."""
    publish(registry)
    hosted = IndexRepository(project.machine, "acme")
    shelf = IndexShelf(hosted.path, "team")
    shelf.offer("team:util", "1.0.0", npm={"b": "^1.0.0"})
    shelf.offer("team:tool", "1.0.0", needs={"team:util": "1.0.0"})
    hosted.commit()
    hosted.push()
    ask = f'[dependencies.team]\ntool = "1.0.0"\n\n[indices]\nteam = "{hosted.url}"\n'
    project.write("graft.toml", ask)


def behind_index(project: Project, registry: LocalRegistry) -> None:
    """The index has a newer version of each."""
    with_index(project, registry)
    project.graft("install")
    at = project.machine.root / "repositories" / "acme"
    shelf = IndexShelf(at, "team")
    shelf.offer("team:util", "1.1.0", npm={"b": "^1.0.0"})
    shelf.offer("team:tool", "1.1.0", needs={"team:util": "1.1.0"})
    for command in ("add --all", "commit --quiet -m more", "push --quiet origin HEAD"):
        project.machine.run(["git", *command.split()], cwd=at)


def _layout(name: str) -> list[Scenario]:
    started = partial(installed, layout=name)
    return [
        Scenario(
            name=f"add, {name}", command=("add", "@acme/more"), prepare=started, settle=stamped
        ),
        Scenario(
            name=f"remove, {name}",
            command=("remove", "@acme/more"),
            prepare=partial(with_more, layout=name),
            settle=stamped,
        ),
        Scenario(
            name=f"update, {name}",
            command=("update",),
            prepare=partial(outdated, layout=name),
            settle=stamped,
        ),
    ]


def _switch(before: str, after: str) -> Scenario:
    return Scenario(
        name=f"{before} to {after}",
        command=("install",),
        prepare=partial(switched, before=before, after=after),
    )


_INSTALL = ("install",)
SCENARIOS = (
    Scenario(name="first install, no lock", command=_INSTALL, prepare=asked),
    Scenario(name="first install, lock", command=_INSTALL, prepare=locked),
    Scenario(name="second folder, graph known", command=_INSTALL, prepare=stored),
    Scenario(name="second folder, graph not known", command=_INSTALL, prepare=without_records),
    Scenario(
        name="second folder, no lock",
        command=_INSTALL,
        prepare=not_locked,
        settle=resolve_elsewhere,
    ),
    *_layout("virtual"),
    *_layout("isolated"),
    *_layout("hoisted"),
    Scenario(name="update, no package.json", command=("update",), prepare=without_javascript),
    _switch("virtual", "isolated"),
    _switch("isolated", "hoisted"),
    _switch("hoisted", "virtual"),
    Scenario(
        name="add in two steps",
        command=("add", "@acme/more"),
        prepare=installed,
        settle=stamped,
        two_steps=True,
    ),
    Scenario(
        name="update in two steps, hoisted",
        command=("update",),
        prepare=partial(outdated, layout="hoisted"),
        settle=stamped,
        two_steps=True,
    ),
    Scenario(name="index", command=_INSTALL, prepare=with_index),
    Scenario(
        name="update from an index", command=("update",), heal=("update",), prepare=behind_index
    ),
    Scenario(name="workspace", command=_INSTALL, prepare=workspace),
    Scenario(name="workspace, graph known", command=_INSTALL, prepare=stored_workspace),
    Scenario(
        name="workspace, add in a member",
        command=("add", "@acme/more"),
        prepare=installed_workspace,
        settle=stamped,
        within="packages/two",
    ),
    Scenario(name="workspace, a member less", command=_INSTALL, prepare=fewer_members),
    Scenario(name="record alone", command=_INSTALL, prepare=described),
    Scenario(name="moved", command=_INSTALL, prepare=moved, settle=still_known),
    Scenario(name="build", command=("approve-builds", "built"), prepare=to_build),
    Scenario(
        name="patch",
        command=("patch-commit", "../edited"),
        prepare=to_patch,
        settle=stamped,
        harmless=("patches", "patches/a@1.0.0.patch"),
    ),
    Scenario(name="link", command=("link", "../b"), prepare=beside, settle=stamped),
    Scenario(name="unlink", command=("unlink",), prepare=linked, settle=stamped),
    Scenario(name="dedupe", command=("dedupe",), prepare=duplicates, settle=stamped),
    Scenario(
        name="damaged store",
        command=("install", "--force"),
        prepare=damaged,
        heal=("install", "--force"),
    ),
)
