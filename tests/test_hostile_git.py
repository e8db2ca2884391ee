"""Git repositories that were made to be harmful. What they hold is data: nothing of it is run,
followed or checked out."""

from __future__ import annotations

from pathlib import Path

import pytest

from graft.base.diagnostics import GraftError
from graft.git import mirror as git_mirror
from graft.git.mirror import Mirror
from graft.git.program import GitProgram
from graft.versions.source_text import GitSource
from harness.machine import Machine
from harness.project import Project
from harness.repository import Repository


@pytest.fixture
def lib(machine: Machine) -> Repository:
    lib = Repository(machine, "lib")
    lib.commit("fine")
    return lib


def evil_settings(machine: Machine, ran: Path) -> str:
    """What a user may have allowed for other work, each leaving a trace if it is used."""
    script = machine.home / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    script.chmod(0o755)
    hooks = machine.home / "templates" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("post-checkout", "reference-transaction", "post-merge", "pre-auto-gc"):
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    return f"""\
[init]
\ttemplateDir = {hooks.parent}
[core]
\thooksPath = {hooks}
\tfsmonitor = {script}
[filter "evil"]
\tsmudge = {script}
\tclean = {script}
\trequired = true
[diff "evil"]
\ttextconv = {script}
[protocol "ext"]
\tallow = always
[submodule]
\trecurse = true
"""


def test_nothing_that_a_repository_holds_is_run_or_followed(
    project: Project, lib: Repository, machine: Machine
) -> None:
    ran = machine.root / "ran"
    attributes = "* filter=evil diff=evil text eol=crlf ident export-subst merge=evil\n"
    lib.write(".gitattributes", attributes)
    lib.write(".gitmodules", f'[submodule "x"]\n\tpath = sub\n\turl = ext::sh -c touch% {ran}\n')
    lib.write("text.txt", "$Id$ $Format:%H$\n")
    head = lib.commit()
    blob = lib.git("hash-object", "-w", "text.txt")
    (lib.path / "target").write_text("/etc/passwd")
    target = lib.git("hash-object", "-w", "target")
    entries = (
        lib.git("ls-tree", "HEAD")
        + f"""
120000 blob {target}\tlink.js
120000 blob {target}\tREADME
160000 commit {head}\tsub
100644 blob {blob}\t-rf
100644 blob {blob}\t--upload-pack=touch ran
"""
    )
    commit = lib.git("commit-tree", "-m", "evil", lib.make_tree(entries))
    lib.git("update-ref", "refs/heads/evil", commit)
    config = machine.home / ".gitconfig"
    config.write_text(config.read_text() + evil_settings(machine, ran))

    project.manifest(dependencies={"lib": f"{lib.url}#evil"})
    project.graft("install")
    files = {p.name: p for p in project.path("node_modules/lib").resolve().iterdir()}
    assert files.keys() == {
        *("package.json", "index.js", "text.txt", "-rf", "--upload-pack=touch ran"),
        *(".gitattributes", ".gitmodules"),
    }
    assert files["text.txt"].read_text() == "$Id$ $Format:%H$\n"
    assert not ran.exists() and not list(machine.root.rglob("ran"))


def test_more_than_fits_in_memory_is_refused_before_it_is_read(
    lib: Repository, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_mirror, "_MAX_TREE_BYTES", 20)
    monkeypatch.setattr(Mirror, "blobs", None)
    source = GitSource(url=f"file://{lib.path}", transports=())
    program = GitProgram(machine.env)
    with Mirror(
        program, str(machine.cache / "git/x"), source.url, [source.url], offline=False
    ) as mirror:
        commit = mirror.resolve(source)
        with pytest.raises(GraftError) as caught:
            mirror.tree(commit, "")
    assert caught.value.diagnostic.code == "source-invalid"
    assert "bytes" in caught.value.diagnostic.message


def test_a_password_in_an_address_is_in_nothing_but_what_names_it(
    project: Project, machine: Machine
) -> None:
    address = "git+http://user:hush@127.0.0.1:1/x/y.git"
    project.manifest(dependencies={"lib": address})
    failed = [project.graft("install", *flags, check=False) for flags in ((), ("--json",))]
    assert [result.code for result in failed] == [47, 47]
    assert not any("hush" in result.stdout + result.stderr for result in failed)
    holders = [p for p in machine.root.rglob("*") if p.is_file() and b"hush" in p.read_bytes()]
    assert holders == [project.path("package.json")]
