"""What went wrong in other package managers with indices, and what an index could try."""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any

import pytest

from harness.archive import Entry, pack
from harness.index import IndexRepository
from harness.index_shelf import IndexShelf, nodes
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

INDICES = '[indices]\nacme = { path = "../acme" }\n'


@pytest.fixture
def acme(project: Project) -> IndexShelf:
    return IndexShelf(project.dir.parent / "acme", "acme")


def ask(project: Project, *lines: str) -> None:
    project.write("graft.toml", "\n".join(["[dependencies.acme]", *lines, "", INDICES]))


def error_of(project: Project, *arguments: str, **options: Any) -> dict[str, Any]:
    failed = project.graft(*arguments, "--json", check=False, **options)
    error: dict[str, Any] = failed.json["error"]
    return error


def test_hazard_a_checksum_is_of_the_bytes_and_not_of_the_name(
    project: Project, acme: IndexShelf
) -> None:
    path = acme.root / acme.offer("acme:tool", "1.0.0")
    ask(project, 'tool = "1.0.0"')
    project.graft("install", "--lockfile-only")
    path.write_bytes(path.read_bytes() + b"more")
    before = snapshot(project.dir)
    assert error_of(project, "ci")["code"] == "integrity-mismatch"
    assert snapshot(project.dir) == before


def test_hazard_what_only_a_replaced_version_asked_for_does_not_stay(
    project: Project, acme: IndexShelf
) -> None:
    acme.offer("acme:old", "1.0.0")
    acme.offer("acme:lib", "1.0.0", needs={"acme:old": "1.0.0"})
    acme.offer("acme:lib", "1.1.0")
    acme.offer("acme:tool", "1.0.0", needs={"acme:lib": "1.0.0"})
    acme.offer("acme:more", "1.0.0", needs={"acme:lib": "1.1.0"})
    ask(project, 'tool = "1.0.0"')
    project.graft("install")
    assert nodes(project.lock) == ["@acme/lib#1.0.0", "@acme/old#1.0.0", "@acme/tool#1.0.0"]
    project.graft("add", "acme:more")
    assert nodes(project.lock) == ["@acme/lib#1.1.0", "@acme/more#1.0.0", "@acme/tool#1.0.0"]


def test_hazard_a_name_never_gets_the_code_of_another_namespace(
    project: Project, acme: IndexShelf
) -> None:
    """Two indices of a project, each with a package of the same short name."""
    other = IndexShelf(project.dir.parent / "other", "zeta")
    acme.offer("acme:zlib", "1.0.0")
    other.offer("zeta:zlib", "1.0.0")
    project.write("graft.toml", f'{INDICES}zeta = {{ path = "../other" }}\n')
    project.graft("add", "zeta:zlib@1.0.0", "acme:zlib")
    for name in ("@zeta/zlib", "@acme/zlib"):
        assert project.node(f"console.log(require('{name}').said)") == f"{name}@1.0.0"


def test_hazard_nothing_is_refreshed_by_age_and_a_build_asks_nobody(
    project: Project, machine: Machine
) -> None:
    """Markers from the future, or from long ago, mean nothing; a branch is not asked about."""
    hosted = IndexRepository(machine, "hosted")
    IndexShelf(hosted.path, "acme").offer("acme:tool", "1.0.0")
    hosted.commit()
    hosted.push()
    entry = f'{{ url = "{hosted.url}", branch = "main" }}'
    ask(project, 'tool = "1.0.0"')
    project.write("graft.toml", project.read("graft.toml").replace('{ path = "../acme" }', entry))
    project.graft("install")
    lock = project.read("graft-lock.json")
    IndexShelf(hosted.path, "acme").offer("acme:tool", "1.1.0")
    hosted.commit()
    hosted.push()
    for moment in (0.0, time.time() + 1e8):
        for path in machine.store.joinpath("indices").glob("*/*"):
            os.utime(path, (moment, moment))
        project.remove("node_modules")
        project.graft("install")
        assert project.read("graft-lock.json") == lock
    hosted.hide()
    project.remove("node_modules")
    project.graft("ci")


def test_hazard_the_lock_has_versions_and_not_what_was_asked(
    project: Project, acme: IndexShelf
) -> None:
    """And the order of files or of lines decides nothing."""
    for version in ("1.10.0", "1.9.0", "1.2.0-rc.1"):
        acme.offer("acme:tool", version)
    ask(project, 'tool = "1.2.0-rc.1"')
    project.graft("install")
    assert nodes(project.lock) == ["@acme/tool#1.10.0"]


# What an index could try


def test_hostile_an_archive_writes_nowhere_else(project: Project, acme: IndexShelf) -> None:
    for number, name in enumerate(("../../escaped", "/tmp/graft-escaped", "a/../../../escaped")):
        data = pack([Entry("package/index.js", b"1"), Entry(name, b"2")])
        acme.write(f"archives/{number}.tgz", data)
        digest = hashlib.sha256(data).hexdigest()
        lines = f'url = "archives/{number}.tgz"\nsha256 = "{digest}"'
        acme.offer("acme:bad", f"1.{number}.0", lines)
        ask(project, f'bad = "=1.{number}.0"')
        before = snapshot(project.dir)
        error = error_of(project, "install")
        assert error["code"].startswith("archive"), error
        assert {**snapshot(project.dir)} == {**before}
    assert not list(project.machine.root.rglob("escaped"))


@pytest.mark.parametrize(
    "line",
    [
        'url = "archives/../../secret.tgz"\nsha256 = "{zeros}"',
        'url = "/etc/passwd"\nsha256 = "{zeros}"',
        'url = "file:///etc/passwd"\nsha256 = "{zeros}"',
        'url = "https://user:word@files.example.com/a.tgz"\nsha256 = "{zeros}"',
        'git = "ext::sh -c touch% ran"\ncommit = "{commit}"',
        'git = "--upload-pack=touch ran"\ncommit = "{commit}"',
    ],
)
def test_hostile_an_address_leads_to_no_file_and_no_program(
    project: Project, acme: IndexShelf, line: str
) -> None:
    acme.offer("acme:bad", "1.0.0", line.format(zeros="0" * 64, commit="0" * 40))
    ask(project, 'bad = "1.0.0"')
    assert error_of(project, "install")["code"] == "index-invalid"
    assert not list(project.machine.root.rglob("ran"))


def test_hostile_a_token_of_a_registry_goes_to_no_mirror(
    project: Project, registry: LocalRegistry, acme: IndexShelf
) -> None:
    with LocalRegistry() as mirror:
        data = pack([Entry("package/index.js", b"1")])
        url = mirror.serve("/tool.tgz", data)
        digest = hashlib.sha256(data).hexdigest()
        acme.offer("acme:tool", "1.0.0", f'url = "{url}"\nsha256 = "{digest}"')
        ask(project, 'tool = "1.0.0"')
        address = registry.url.removeprefix("http:")
        npmrc = project.machine.npmrc.read_text()
        project.machine.npmrc.write_text(f"{npmrc}{address}:_authToken=secret\n")
        project.graft("install")
        (request,) = mirror.requests
    assert request.authorization == ""
    assert "secret" not in project.read("graft-lock.json")


def test_hostile_a_script_runs_only_where_the_user_says_so(
    project: Project, acme: IndexShelf
) -> None:
    acme.offer(
        "acme:tool",
        "1.0.0",
        "install-scripts = true",
        files={
            "package.json": '{"name": "x", "scripts": {"install": "touch ran"}}',
            "index.js": "1",
        },
    )
    # And one that does not say that it has any.
    acme.offer(
        "acme:sly",
        "1.0.0",
        files={"package.json": '{"name": "y", "scripts": {"install": "touch ran"}}'},
    )
    ask(project, 'tool = "1.0.0"', 'sly = "1.0.0"')
    done = project.graft("install")
    assert "@acme/tool" in done.stderr
    assert not list(project.machine.root.rglob("ran"))
