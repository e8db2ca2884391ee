"""A project's own changes to packages: patches, from the first edit to the second checkout."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

BEFORE = "module.exports = 'before'\n"
AFTER = "module.exports = 'after'\n"
SAYS = "process.stdout.write(require('pad'))"


def edit(project: Project, package: str = "pad", **files: str) -> Path:
    """Begin a patch and change files of the package."""
    folder = Path(project.graft("patch", package, "--json").json["folder"])
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def commit(project: Project, folder: Path, **more: Any) -> Any:
    return project.graft("patch-commit", str(folder), "--json", **more)


def error(result: Any) -> dict[str, Any]:
    return dict(result.json["error"])


@pytest.fixture
def padded(registry: LocalRegistry, project: Project) -> Project:
    registry.publish("pad@1.0.0", files={"index.js": BEFORE, "lib/deep.js": "deep\n"})
    registry.publish("other@1.0.0", dependencies={"pad": "^1"})
    project.manifest(dependencies={"pad": "^1", "other": "^1"})
    project.graft("install")
    return project


@pytest.fixture
def patched(padded: Project) -> Project:
    commit(padded, edit(padded, index_js=AFTER))
    return padded


def test_what_is_edited_is_what_runs_and_everything_below_it_too(padded: Project) -> None:
    folder = edit(padded, index_js=AFTER)
    assert padded.node(SAYS) == "before"
    done = commit(padded, folder).json
    assert (done["package"], done["patch"]) == ("pad@1.0.0", "patches/pad@1.0.0.patch")
    assert padded.json("package.json")["patchedDependencies"] == {"pad@1.0.0": done["patch"]}
    assert list(padded.lock["patches"]) == ["pad@1.0.0"]
    assert padded.node(SAYS) == "after"
    through = "require(require.resolve('pad', {paths: [fs.realpathSync('node_modules/other')]}))"
    assert padded.node(f"process.stdout.write({through})") == "after"
    assert not folder.exists()
    assert padded.graft("install").stderr.startswith("up to date")


def test_files_may_come_go_and_become_programs(padded: Project) -> None:
    folder = edit(padded, new_js="new\n")
    (folder / "lib/deep.js").unlink()
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "picture").write_bytes(bytes(range(256)))
    commit(padded, folder)
    package = padded.modules / "pad"
    assert (package / "new.js").read_text() == "new\n"
    assert not (package / "lib/deep.js").exists()
    assert stat.S_IMODE((package / "run.sh").stat().st_mode) == 0o555
    assert (package / "picture").read_bytes() == bytes(range(256))


def test_nothing_that_is_shared_is_changed(patched: Project) -> None:
    other = patched.sibling("plain", dependencies={"pad": "^1"})
    other.graft("install")
    assert other.node(SAYS) == "before"
    assert patched.node(SAYS) == "after"
    objects = patched.store.glob("objects/*/node_modules/pad/index.js")
    assert [path.read_text() for path in objects] == [BEFORE]
    assert os.stat(patched.modules / "pad/index.js").st_nlink == 1


def test_a_second_checkout_takes_the_same_slot(patched: Project) -> None:
    second = patched.sibling("second")
    for name in ("package.json", "graft-lock.json", "patches/pad@1.0.0.patch"):
        second.write(name, patched.read(name))
    report = second.graft("ci", "--offline", "--json").json
    assert report["slots"] == 0
    assert second.graft("fetch", "--check", "--json").json["missing"] == []
    assert second.links()["pad"] == patched.links()["pad"]


def test_a_patch_that_is_edited_by_hand_is_noticed(patched: Project) -> None:
    name = "patches/pad@1.0.0.patch"
    patched.write(name, patched.read(name).replace("'after'", "'again'"))
    stale = error(patched.graft("ci", "--json", check=False))
    assert stale["code"] == "lock-stale"
    assert "pad@1.0.0" in stale["why"][0]
    assert patched.node(SAYS) == "after"
    patched.graft("install")
    assert patched.node(SAYS) == "again"


def test_editing_goes_on_from_the_patch_that_is_there(patched: Project) -> None:
    begun = patched.graft("patch", "pad", "--json").json
    folder = Path(begun["folder"])
    assert begun["patched"]
    assert (folder / "index.js").read_text() == AFTER
    again = error(patched.graft("patch", "pad", "--json", check=False))
    assert again["code"] == "patch-exists"
    unchanged = commit(patched, folder).json
    assert "packages" not in unchanged
    (folder / "index.js").write_text("module.exports = 'third'\n")
    commit(patched, folder)
    assert patched.node(SAYS) == "third"


def test_an_edit_that_undoes_the_patch_removes_it(patched: Project) -> None:
    commit(patched, edit(patched, index_js=BEFORE))
    assert "patchedDependencies" not in patched.json("package.json")
    assert "patches" not in patched.lock
    assert not patched.exists("patches/pad@1.0.0.patch")
    assert patched.node(SAYS) == "before"


def test_a_patch_is_removed_by_name(patched: Project) -> None:
    wrong = error(patched.graft("patch-remove", "pat", "--json", check=False))
    assert wrong["code"] == "not-a-dependency"
    patched.graft("patch-remove", "pad")
    assert not patched.exists("patches/pad@1.0.0.patch")
    assert patched.node(SAYS) == "before"


def test_a_patch_that_does_not_fit_changes_nothing(patched: Project) -> None:
    lock = patched.read("graft-lock.json")
    name = "patches/pad@1.0.0.patch"
    patched.write(name, patched.read(name).replace("'before'", "'elsewhere'"))
    said = error(patched.graft("install", "--json", check=False))
    assert (said["code"], said["where"]) == ("patch-failed", name)
    assert any("index.js" in line for line in said["why"])
    assert patched.read("graft-lock.json") == lock
    assert patched.node(SAYS) == "after"


def test_a_patch_for_a_version_that_is_gone_is_an_error(
    registry: LocalRegistry, patched: Project
) -> None:
    registry.publish("pad@1.1.0")
    said = error(patched.graft("update", "pad", "--json", check=False))
    assert said["code"] == "patch-unused"
    assert said["why"] == ["of pad there is 1.1.0"]
    assert patched.node(SAYS) == "after"


def added(path: str, line: str, mode: str = "100644") -> str:
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1 @@\n+{line}\n\\ No newline at end of file\n"
    )


@pytest.mark.parametrize("target", ["../outside.js", "{out}/outside.js", "link/outside.js"])
def test_a_patch_stays_in_its_package(patched: Project, tmp_path: Path, target: str) -> None:
    link = added("link", str(tmp_path), mode="120000")
    made = added(target.format(out=tmp_path), "x")
    patched.write("patches/pad@1.0.0.patch", link + made)
    assert error(patched.graft("install", "--json", check=False))["code"] == "patch-failed"
    assert not list(tmp_path.rglob("outside.js"))


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"pad": "patches/pad.patch"}, "names no version"),
        ({"pad@^1.0.0": "patches/pad.patch"}, "names no version"),
        ({"pad@1.0.0": "../pad.patch"}, "leads out of the project"),
        ({"pad@1.0.0": "/etc/passwd"}, "leads out of the project"),
        ({"pad@1.0.0": 1}, "has no path"),
        (["pad"], "not an object"),
    ],
)
def test_entries_that_make_no_sense_are_named(padded: Project, entries: Any, why: str) -> None:
    padded.manifest(patchedDependencies=entries)
    said = error(padded.graft("install", "--json", check=False))
    assert said["code"] == "manifest-invalid"
    assert why in said["why"][0]


def test_a_patch_whose_file_is_gone_is_named(patched: Project) -> None:
    patched.remove("patches/pad@1.0.0.patch")
    said = error(patched.graft("install", "--json", check=False))
    assert said["code"] == "patch-missing"
    assert said["where"].endswith("patches/pad@1.0.0.patch")
    patched.graft("patch-remove", "pad")
    assert patched.node(SAYS) == "before"


def test_patches_of_pnpms_are_used_and_kept_where_they_are(padded: Project) -> None:
    folder = edit(padded, index_js=AFTER)
    commit(padded, folder)
    fields = padded.json("package.json")
    entries = fields.pop("patchedDependencies")
    padded.write("package.json", fields | {"pnpm": {"patchedDependencies": entries}})
    padded.graft("ci")
    assert padded.node(SAYS) == "after"
    commit(padded, edit(padded, index_js="module.exports = 'more'\n"))
    after = padded.json("package.json")
    assert after["pnpm"]["patchedDependencies"] == entries
    assert "patchedDependencies" not in after
    assert padded.node(SAYS) == "more"
    padded.graft("patch-remove", "pad")
    assert "patchedDependencies" not in padded.json("package.json").get("pnpm", {})


def test_a_patched_package_is_built_from_what_the_patch_left(
    registry: LocalRegistry, project: Project
) -> None:
    build = "node -e \"fs.writeFileSync('built', fs.readFileSync('index.js'))\""
    registry.publish("pad@1.0.0", files={"index.js": BEFORE}, scripts={"postinstall": build})
    project.manifest(dependencies={"pad": "^1"})
    project.graft("install")
    project.graft("approve-builds", "pad")
    commit(project, edit(project, index_js=AFTER))
    assert (project.modules / "pad/built").read_text() == AFTER


def test_of_several_versions_one_is_named(registry: LocalRegistry, project: Project) -> None:
    for version in ("1.0.0", "2.0.0"):
        registry.publish(f"pad@{version}")
    registry.publish("old@1.0.0", dependencies={"pad": "^1"})
    project.manifest(dependencies={"pad": "^2", "old": "*"})
    project.graft("install")
    said = error(project.graft("patch", "pad", "--json", check=False))
    assert said["code"] == "bad-specifier"
    assert "pad@1.0.0, pad@2.0.0" in said["fix"]
    commit(project, edit(project, "pad@1.0.0", extra_js="x"))
    assert not (project.modules / "pad/extra.js").exists()
    assert error(project.graft("patch", "pat", "--json", check=False))["code"] == "not-a-dependency"
