"""Pins of indices in the lock: how they come about, what moves them, and what never does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.index import IndexRepository
from harness.machine import Machine
from harness.project import Project


@pytest.fixture
def acme(machine: Machine) -> IndexRepository:
    index = IndexRepository(machine, "acme")
    index.publish("index.toml", "[index]\nspec = 1\n", tag="v1")
    return index


@pytest.fixture
def using(project: Project, acme: IndexRepository) -> Project:
    """A project with an empty lock that declares the index."""
    declare(project, f'acme = "{acme.url}"')
    project.graft("install")
    return project


def declare(project: Project, *lines: str) -> None:
    project.write("graft.toml", "\n".join(["[indices]", *lines, ""]))


def pins(project: Project) -> dict[str, Any]:
    return dict(project.lock.get("indices", {}))


def update(project: Project, *arguments: str) -> dict[str, Any]:
    """The one step that there is."""
    done = project.graft("index", "update", *arguments, "--json", check=False).json
    if "error" in done:
        return dict(done["error"])
    (step,) = done["indices"]
    return dict(step)


def status(project: Project) -> dict[str, Any]:
    (found,) = project.graft("index", "status", "--json").json["indices"]
    return dict(found)


def test_update_pins_a_full_commit_and_then_moves_it(using: Project, acme: IndexRepository) -> None:
    first = acme.git("rev-parse", "HEAD")
    assert update(using)["to"] == first
    assert pins(using) == {"acme": {"url": acme.url, "commit": first}}
    before = using.read("graft-lock.json")
    using.graft("install")
    using.graft("ci")
    assert using.read("graft-lock.json") == before
    second = acme.publish("pkgs/a", "1")
    assert status(using)["behind"] == 0  # nobody has asked
    assert update(using, "--dry-run")["to"] == second
    assert using.read("graft-lock.json") == before
    assert status(using)["behind"] == 1
    step = update(using, "acme")
    assert (step["from"], step["to"], step["commits"]) == (first, second, 1)
    assert pins(using)["acme"]["commit"] == second
    assert update(using)["state"] == "same"


def test_rev_tag_and_branch(using: Project, acme: IndexRepository) -> None:
    first = acme.git("rev-parse", "HEAD")
    acme.git("checkout", "--quiet", "-b", "release/2")
    branched = acme.publish("pkgs/b", "1")
    acme.git("checkout", "--quiet", "main")
    acme.git("tag", "--annotate", "--message", "noted", "noted", first)
    newest = acme.publish("pkgs/a", "1")
    for ref, commit in {
        f'rev = "{first}"': first,
        f'rev = "{first[:9]}"': first,
        'tag = "v1"': first,
        'tag = "noted"': first,
        'branch = "release/2"': branched,
        'branch = "main"': newest,
    }.items():
        declare(using, f'acme = {{ url = "{acme.url}", {ref} }}')
        assert update(using)["to"] == commit, ref
        kind, _, value = ref.partition(" = ")
        assert pins(using)["acme"]["ref"] == f"{kind} {value[1:-1]}"
    declare(using, f'acme = {{ url = "{acme.url}", tag = "v1" }}')
    update(using)
    assert update(using)["why"].startswith("pinned by tag v1")
    declare(using, f'acme = {{ url = "{acme.url}", rev = "{first}" }}')
    update(using)
    assert update(using)["state"] == "skipped"


def test_a_missing_ref_is_an_error_and_never_another_one(
    using: Project, acme: IndexRepository
) -> None:
    update(using)
    before = using.read("graft-lock.json")
    for ref in ('tag = "v2"', 'branch = "v1"', 'rev = "ffffffff"', f'rev = "{"f" * 40}"'):
        declare(using, f'acme = {{ url = "{acme.url}", {ref} }}')
        assert update(using)["code"] == "git-ref-missing", ref
    assert using.read("graft-lock.json") == before


def test_a_deleted_branch_leaves_the_pin(using: Project, acme: IndexRepository) -> None:
    acme.git("checkout", "--quiet", "-b", "side")
    declare(using, f'acme = {{ url = "{acme.url}", branch = "side" }}')
    for text in ("1", "2"):
        commit = acme.publish("pkgs/b", text)
        update(using)
    acme.git("checkout", "--quiet", "main")
    acme.git("branch", "--quiet", "-D", "side")
    # A folder of the branch's name, which the mirror has as a file.
    acme.git("branch", "--quiet", "side/deeper", "main")
    acme.push()
    acme.forget()
    assert update(using)["code"] == "git-ref-missing"
    assert pins(using)["acme"]["commit"] == commit
    assert status(using)["state"] == "ready"
    declare(using, f'acme = {{ url = "{acme.url}", branch = "side/deeper" }}')
    assert update(using)["to"] == acme.git("rev-parse", "main")


def test_a_moved_tag_is_called_out_before_it_is_accepted(
    using: Project, acme: IndexRepository
) -> None:
    declare(using, f'acme = {{ url = "{acme.url}", tag = "v1" }}')
    first = update(using)["to"]
    acme.publish("pkgs/a", "1")
    acme.git("tag", "--force", "v1")
    acme.push()
    refused = update(using)
    second = acme.git("rev-parse", "HEAD")
    assert refused["code"] == "index-rewritten"
    assert refused["why"] == [f"acme: the tag v1 was {first} and is {second}"]
    assert pins(using)["acme"]["commit"] == first
    assert update(using, "--accept-rewrite")["to"] == second


def test_rewritten_history_is_called_out_before_it_is_accepted(
    using: Project, acme: IndexRepository
) -> None:
    acme.publish("pkgs/a", "1")
    first = update(using)["to"]
    second = acme.rewrite("pkgs/a", "2")
    refused = update(using)
    assert refused["code"] == "index-rewritten" and first in refused["why"][0]
    assert pins(using)["acme"]["commit"] == first
    step = update(using, "--accept-rewrite")
    assert step["to"] == second and first in step["rewritten"][0]


def test_a_refusal_of_one_index_moves_no_pin_of_another(
    using: Project, acme: IndexRepository, machine: Machine
) -> None:
    other = IndexRepository(machine, "other")
    other.publish("pkgs/a", "1")
    acme.publish("pkgs/a", "1")
    declare(using, f'acme = "{acme.url}"', f'other = "{other.url}"')
    using.graft("index", "update")
    before = using.read("graft-lock.json")
    other.publish("pkgs/a", "2")
    acme.rewrite("pkgs/a", "3")
    assert using.graft("index", "update", check=False).code == 95
    assert using.read("graft-lock.json") == before
    using.graft("index", "update", "other")
    assert pins(using)["other"]["commit"] == other.git("rev-parse", "HEAD")


def test_two_projects_with_one_namespace_and_two_urls_and_two_namespaces_with_one_url(
    using: Project, acme: IndexRepository, machine: Machine
) -> None:
    other = IndexRepository(machine, "other")
    second = other.publish("pkgs/a", "1")
    first = update(using)["to"]
    sibling = using.sibling("sibling")
    declare(sibling, f'acme = "{other.url}"', f'twin = "{other.url}"', f'none = "{acme.url}"')
    sibling.graft("install")
    sibling.graft("index", "update", "acme", "twin")
    assert pins(using)["acme"]["commit"] == first
    assert {name: pin["commit"] for name, pin in pins(sibling).items()} == {
        "acme": second,
        "twin": second,
    }
    assert len(list((machine.store / "indices").iterdir())) == 2


def test_update_of_what_nobody_declares_or_without_a_lock(using: Project, machine: Machine) -> None:
    refused = using.graft("index", "update", "amce", "--json", check=False)
    assert refused.code == 92 and refused.json["error"]["fix"] == "did you mean 'acme'?"
    bare = machine.project("bare")
    bare.write("graft.toml", using.read("graft.toml"))
    assert bare.graft("index", "update", check=False).code == 10


def test_the_lock_has_the_address_and_not_what_git_makes_of_it(
    using: Project, acme: IndexRepository, machine: Machine
) -> None:
    """As credentials are given: by the user's own git, not by the address."""
    address = "https://git.example.com/team/acme.git"
    config = machine.home / ".gitconfig"
    config.write_text(f'{config.read_text()}[url "{acme.url}"]\n\tinsteadOf = {address}\n')
    declare(using, f'acme = "{address}"')
    update(using)
    assert pins(using)["acme"] == {"url": address, "commit": acme.git("rev-parse", "HEAD")}
    assert str(acme.bare) not in using.read("graft-lock.json")


def test_update_offline_is_refused_and_a_host_that_is_gone_is_named(
    using: Project, acme: IndexRepository
) -> None:
    update(using)
    before = using.read("graft-lock.json")
    offline = using.graft("index", "update", check=False, env={"npm_config_offline": "true"})
    assert offline.code == 44 and "acme" in offline.stderr
    acme.hide()
    gone = update(using)
    assert gone["code"] == "git-unreachable" and "'acme'" in gone["message"]
    assert using.read("graft-lock.json") == before
    assert status(using)["state"] == "ready"


def test_a_member_of_a_workspace_has_no_indices_of_its_own(
    using: Project, acme: IndexRepository
) -> None:
    using.manifest(workspaces=["packages/*"])
    using.manifest("packages/m", name="m")
    using.write("packages/m/graft.toml", "[package]\n")
    using.graft("install")
    using.graft("index", "update", cwd="packages/m")
    assert pins(using)["acme"]["url"] == acme.url
    using.write("packages/m/graft.toml", f'\n[indices]\nacme = "{acme.url}"\n')
    refused = using.graft("install", check=False)
    assert refused.code == 72 and "line 2: [indices] is for the root to say" in refused.stderr


def test_a_folder_is_neither_pinned_nor_updated(project: Project) -> None:
    declare(project, 'mine = { path = "../mine" }')
    project.graft("install")
    assert status(project)["state"] == "gone"
    project.path("../mine").mkdir()
    assert status(project)["state"] == "folder"
    assert update(project)["state"] == "skipped"
    assert pins(project) == {"mine": {"path": "../mine"}}
    assert project.graft("index", "pin", "mine", check=False).code == 2


@pytest.mark.parametrize(
    "pin",
    [
        {"url": "--upload-pack=touch ran", "commit": "a" * 40},
        {"url": "ext::sh -c true", "commit": "a" * 40},
        {"url": "https://git.example.com/x", "ref": "main", "commit": "a" * 40},
        {"url": "https://git.example.com/x", "ref": "tag -x", "commit": "a" * 40},
        {"url": "https://git.example.com/x", "commit": "../../x"},
        {"url": "https://git.example.com/x", "commit": "abc"},
        {"url": ["https://git.example.com/x"], "commit": "a" * 40},
        {"path": 1},
        [],
    ],
)
def test_a_lock_from_elsewhere_hands_nothing_strange_to_git(using: Project, pin: Any) -> None:
    update(using)
    lock = using.lock
    lock["indices"] = {"acme": pin}
    using.write("graft-lock.json", json.dumps(lock))
    assert using.graft("index", "status", check=False).code == 12
    lock["indices"] = {"../acme": {"path": "x"}}
    using.write("graft-lock.json", json.dumps(lock))
    assert using.graft("index", "status", check=False).code == 12
