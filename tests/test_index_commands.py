"""pin, unpin, diff, verify and gc, and what update refuses of versions that are locked."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.index import IndexRepository
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry

ARCHIVES = {"1.0.0": b"the first archive", "1.1.0": b"the second one"}


def integrity(data: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(data).digest()).decode()}"


def descriptor(versions: dict[str, bytes], more: str = "") -> str:
    """Of acme:tool, with archives in the index itself."""
    lines = ["spec = 1", 'namespace = "acme"', 'name = "tool"']
    for version, data in versions.items():
        lines += [f'[versions."{version}"]', f'url = "archives/tool-{version}.tgz"']
        lines += [f'integrity = "{integrity(data)}"']
    return "\n".join([*lines, more, ""])


TOOL = "pkgs/@acme/t/tool.toml"


@pytest.fixture
def acme(machine: Machine) -> IndexRepository:
    index = IndexRepository(machine, "acme")
    index.write("index.toml", '[index]\nspec = 1\nnamespaces = ["acme"]\n')
    index.write("archives/tool-1.0.0.tgz", ARCHIVES["1.0.0"].decode())
    index.publish(TOOL, descriptor({"1.0.0": ARCHIVES["1.0.0"]}), tag="v1")
    return index


@pytest.fixture
def using(project: Project, acme: IndexRepository) -> Project:
    """A project whose lock holds acme:tool@1.0.0."""
    project.write("graft.toml", f'# ours\n[indices]\nacme = "{acme.url}" # the team\'s\n')
    project.graft("install")
    project.graft("index", "update")
    lock = project.lock
    entry = {"origin": "index:acme", "integrity": integrity(ARCHIVES["1.0.0"])}
    lock["nodes"] = {"@acme/tool@index:acme#1.0.0": entry}
    project.write("graft-lock.json", json.dumps(lock))
    return project


def locked(project: Project) -> str:
    return str(project.lock["indices"]["acme"]["commit"])


def refused(project: Project) -> list[str]:
    before = project.read("graft-lock.json")
    done = project.graft("index", "update", "--json", check=False)
    assert done.json["error"]["code"] == "index-rewritten"
    assert project.read("graft-lock.json") == before
    return [str(line).partition(": ")[2] for line in done.json["error"]["why"]]


# The gate


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (descriptor({"1.0.0": b"other"}), "digest-changed acme:tool@1.0.0"),
        (descriptor({"1.1.0": b"x"}), "version-deleted acme:tool@1.0.0"),
        (
            descriptor({"1.0.0": ARCHIVES["1.0.0"]}).replace("archives/", "https://a.example/"),
            "url-changed acme:tool@1.0.0",
        ),
        (
            descriptor(ARCHIVES, '[versions."1.0.0".dependencies]\n"acme:util" = "1.0.0"'),
            "dependency-changed acme:tool@1.0.0",
        ),
    ],
)
def test_an_update_refuses_what_was_changed_of_a_locked_version(
    using: Project, acme: IndexRepository, text: str, said: str
) -> None:
    first, second = locked(using), acme.publish(TOOL, text)
    (line,) = refused(using)
    assert line.startswith(said)
    done = using.graft("index", "update", "acme", "--accept-rewrite", "--json")
    assert done.json["indices"][0]["rewritten"] == [line]
    assert locked(using) == second != first


def test_a_renamed_package_and_a_lost_first_state_are_refused_too(
    using: Project, acme: IndexRepository
) -> None:
    acme.git("mv", TOOL, "pkgs/@acme/t/tools.toml")
    acme.publish("pkgs/@acme/t/tools.toml", descriptor(ARCHIVES).replace('"tool"', '"tools"'))
    (line,) = refused(using)
    assert line.startswith("package-deleted acme:tool@1.0.0")
    # Nobody has the pinned commit any more: then the lock itself is what it is compared with.
    acme.git("reset", "--quiet", "--hard", "HEAD~1")
    acme.git("tag", "--delete", "v1")
    acme.rewrite(TOOL, descriptor({"1.0.0": b"other"}))
    for home in (using.store / "indices").iterdir():
        os.rename(home, using.store / "trash" / home.name)
    history, digest = refused(using)
    assert history.startswith("history was rewritten")
    assert digest.startswith("digest-changed acme:tool@1.0.0: the lock has")


def test_new_versions_yanking_and_words_about_it_are_no_violation(
    using: Project, acme: IndexRepository
) -> None:
    text = descriptor(ARCHIVES).replace('"tool"\n', '"tool"\ndescription = "new"\n')
    yanked = text.replace('[versions."1.1.0"]', 'yanked = "broken"\n[versions."1.1.0"]')
    acme.write("archives/tool-1.1.0.tgz", ARCHIVES["1.1.0"].decode())
    commit = acme.publish(TOOL, yanked)
    diff = using.graft("index", "diff", "acme", "--json").json
    assert [(c["kind"], c["version"], c["why"]) for c in diff["changes"]] == [
        ("yanked", "1.0.0", "broken"),
        ("added", "1.1.0", ""),
    ]
    assert diff["violations"] == [] and (diff["to"], diff["commits"]) == (commit, 1)
    (step,) = using.graft("index", "update", "--json").json["indices"]
    assert step["yanked"] == ["acme:tool@1.0.0: broken"] and locked(using) == commit


def test_diff_names_violations_of_all_packages_and_moves_nothing(
    using: Project, acme: IndexRepository
) -> None:
    before = using.read("graft-lock.json")
    assert using.graft("index", "diff", "acme").stdout == ""
    other = descriptor({"1.0.0": b"x"}).replace('"tool"', '"new"').replace("tool-", "new-")
    acme.write("archives/new-1.0.0.tgz", "x")
    acme.write("pkgs/@acme/n/new.toml", other)
    acme.publish(TOOL, descriptor({"1.0.0": b"other"}))
    done = using.graft("index", "diff", "acme", check=False)
    assert done.code == 1
    assert "added     acme:new@1.0.0 (new package)" in done.stdout.splitlines()
    assert "violates  digest-changed acme:tool@1.0.0" in done.stdout
    assert using.read("graft-lock.json") == before


# pin and unpin


@pytest.mark.parametrize(
    "text",
    [
        '[indices]\nacme = "{url}"\n',
        '# a\n[indices] # b\n"acme" = "{url}"   # c\nacme-edge = "{url}"\nrev = "{url}" # not it\n',
        '[dependencies]\nacme = "1"\n\n[indices.acme] # header\nurl = "{url}"\n\n[x]\nrev = "x"\n',
        'indices.acme.url = "{url}"\n[dependencies.acme]\nurl = "1.0.0"\n',
        '[indices]\r\nacme = "{url}"\r\n',
        '\ufeff[indices]\nacme = {{ url = "{url}" }} # inline\n',
    ],
)
def test_pin_and_unpin_change_one_entry_whatever_its_form(
    using: Project, acme: IndexRepository, text: str
) -> None:
    before = text.format(url=acme.url).encode()
    using.write("graft.toml", before)
    commit = locked(using)
    using.graft("index", "pin", "acme")
    pinned = using.path("graft.toml").read_bytes()
    assert pinned.count(commit.encode()) == 1
    for comment in [line.partition(b"#")[2] for line in before.splitlines() if b"#" in line]:
        assert comment.strip() in pinned
    others = [line for line in before.splitlines(keepends=True) if acme.url.encode() not in line]
    assert all(line in pinned for line in others)
    assert using.lock["indices"]["acme"]["ref"] == f"rev {commit}"
    assert "pinned to" in using.graft("index", "pin", "acme").stderr
    assert using.path("graft.toml").read_bytes() == pinned
    using.graft("index", "unpin", "acme")
    after = using.path("graft.toml").read_bytes()
    assert after == before or "inline" in text
    assert using.lock["indices"]["acme"] == {"url": acme.url, "commit": commit}
    assert "has no rev" in using.graft("index", "unpin", "acme").stderr


def test_pin_takes_the_beginning_of_a_commit_and_makes_way_for_a_branch(
    using: Project, acme: IndexRepository
) -> None:
    first = locked(using)
    second = acme.publish("more", "1")
    using.write("graft.toml", f'[indices]\nacme = {{ url = "{acme.url}", branch = "main" }}\n')
    dry = using.graft("index", "pin", "acme", second[:7], "--dry-run", "--json").json
    assert (dry["rev"], dry["before"], dry["locked"]) == (second, "branch main", False)
    assert "branch" in using.read("graft.toml")
    using.graft("index", "pin", "acme", second[:7])
    assert second in using.read("graft.toml") and "branch" not in using.read("graft.toml")
    # Only update moves a pin: the next install does what is asked.
    assert locked(using) == first
    (known,) = using.graft("index", "status", "--json").json["indices"]
    assert known["state"] == "stale"


def test_pin_without_a_pin_or_with_nonsense_changes_nothing(
    using: Project, acme: IndexRepository
) -> None:
    before = using.path("graft.toml").read_bytes()
    for arguments in (("acme", "--", "--exec=x"), ("acme", "main"), ("acme", "ffffffff"), ("a",)):
        assert using.graft("index", "pin", *arguments, check=False).code in (2, 48, 92)
    using.remove("graft-lock.json")
    nothing = using.graft("index", "pin", "acme", check=False)
    assert nothing.code == 2 and "graft index update acme" in nothing.stderr
    assert using.path("graft.toml").read_bytes() == before
    using.path("graft.toml").rename(using.path("../real.toml"))
    using.path("graft.toml").symlink_to("../real.toml")
    commit = acme.git("rev-parse", "HEAD")
    assert using.graft("index", "pin", "acme", commit, check=False).code == 60
    assert using.path("../real.toml").read_bytes() == before


def test_an_index_of_the_users_is_pinned_in_the_project(
    using: Project, acme: IndexRepository, machine: Machine
) -> None:
    config = machine.home / ".config/graft/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'[indices]\nacme = "{acme.url}"\n')
    using.remove("graft.toml")
    commit = locked(using)
    using.graft("index", "pin", "acme")
    assert commit in using.read("graft.toml")
    assert commit not in config.read_text()


# verify


def test_verify_finds_what_differs_between_lock_index_store_and_archive(
    using: Project, acme: IndexRepository
) -> None:
    sound = using.graft("index", "verify", "--json").json
    assert (sound["packages"], sound["archives"], sound["faults"]) == (1, 1, [])
    # The store's copy of the index, with as many bytes as before.
    (folder,) = (using.store / "indices").glob(f"*/{locked(using)}")
    archive = folder / "archives/tool-1.0.0.tgz"
    archive.chmod(0o644)
    archive.write_bytes(ARCHIVES["1.0.0"][::-1])
    mended = using.graft("index", "verify", "--json").json
    (fault,) = mended["faults"]
    assert fault["what"] == "index" and fault["mended"] and mended["archives"] == 1
    assert archive.read_bytes() == ARCHIVES["1.0.0"]
    # The index publishes other bytes than it says.
    acme.write("archives/tool-1.0.0.tgz", "wrong")
    acme.publish("more", "1")
    using.graft("index", "update")
    wrong = using.graft("index", "verify", "--json", check=False)
    assert wrong.code == 1 and [f["what"] for f in wrong.json["faults"]] == ["archive"]
    # The lock says something else than the index.
    lock = using.lock
    (node,) = lock["nodes"].values()
    node["integrity"] = integrity(b"other")
    using.write("graft-lock.json", json.dumps(lock))
    wrong = using.graft("index", "verify", "--offline", "--json", check=False)
    assert [f["what"] for f in wrong.json["faults"]] == ["lock"]


def test_verify_fetches_from_every_mirror_and_says_which_is_wrong_or_not_there(
    using: Project, acme: IndexRepository, registry: LocalRegistry
) -> None:
    good = registry.serve("/files/good.tgz", ARCHIVES["1.0.0"])
    bad = registry.serve("/files/bad.tgz", b"other")
    mirrors = json.dumps(["archives/tool-1.0.0.tgz", good, bad, f"{registry.url}files/none.tgz"])
    text = descriptor({"1.0.0": ARCHIVES["1.0.0"]})
    acme.publish(TOOL, text.replace('"archives/tool-1.0.0.tgz"', mirrors))
    using.graft("index", "update")
    done = using.graft("index", "verify", "--json", check=False)
    (fault,) = done.json["faults"]
    assert done.code == 1 and fault["what"] == "archive" and bad in fault["message"]
    assert done.json["archives"] == 3 and len(done.json["skipped"]) == 1
    registry.clear_log()
    offline = using.graft("index", "verify", "--offline", "--json").json
    assert (offline["archives"], len(offline["skipped"])) == (1, 3) and not registry.requests


# gc


def homes(machine: Machine) -> dict[str, set[str]]:
    """The commits that are kept, by the name of the repository."""
    found = {}
    for home in (machine.store / "indices").iterdir():
        name = Path((home / "url").read_text()).stem
        found[name] = {entry.name for entry in home.iterdir() if len(entry.name) == 40}
    return found


def test_gc_keeps_what_any_lock_names_and_takes_the_rest(
    using: Project, acme: IndexRepository, machine: Machine
) -> None:
    first = locked(using)
    other = IndexRepository(machine, "other")
    other.publish("a", "1")
    sibling = using.sibling("sibling")
    sibling.write("graft.toml", f'[indices]\nacme = "{acme.url}"\nother = "{other.url}"\n')
    sibling.graft("install")
    second = acme.publish("more", "1")
    sibling.graft("index", "update")
    third = acme.publish("more", "2")
    sibling.graft("index", "update")
    assert homes(machine)["acme"] == {first, second, third}
    before = homes(machine)
    dry = using.graft("index", "gc", "--dry-run", "--json").json
    assert [entry["commit"] for entry in dry["removed"]] == [second] and dry["bytes"] > 0
    assert homes(machine) == before
    using.graft("index", "gc")
    assert homes(machine)["acme"] == {first, third} and "other" in homes(machine)
    using.graft("cache", "clean")
    using.graft("store", "gc", "--older-than", "0")
    assert homes(machine)["acme"] == {first, third}
    # An unreadable lock keeps everything: nobody knows what it names.
    text = sibling.read("graft-lock.json")
    sibling.write("graft-lock.json", text[:-20])
    kept = using.graft("index", "gc", "--json").json
    assert not kept["removed"] and str(sibling.dir) in kept["keeps"][0]
    sibling.remove(".")
    using.graft("index", "gc")
    assert homes(machine) == {"acme": {first}}


def test_other_commands_leave_the_rest_of_a_lock_alone(using: Project) -> None:
    def graph(project: Project) -> dict[str, Any]:
        return {key: value for key, value in project.lock.items() if key != "indices"}

    before = graph(using)
    using.graft("index", "update")
    using.graft("index", "pin", "acme")
    using.graft("index", "unpin", "acme")
    assert graph(using) == before
