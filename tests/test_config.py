"""``graft config``: what settings say, who says so, and edits of their files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graft.project.edit_ini import delete_key, set_key
from graft.project.known_settings import KNOWN
from harness.project import Project
from harness.registry import LocalRegistry

TOKEN = "s3cret-t0ken"
HOST = "//registry.example.com/:_authToken"


def test_list_and_get(project: Project, registry: LocalRegistry) -> None:
    project.write(".npmrc", "save-exact=true\nomit[]=dev\nomit[]=peer\n")
    listed = project.graft("config", "list").stdout.splitlines()
    assert listed == [
        f"omit=dev,peer  (project {project.path('.npmrc')}:3)",
        f"registry={registry.url}  (user {project.machine.npmrc}:1)",
        f"save-exact=true  (project {project.path('.npmrc')}:1)",
    ]
    assert project.graft("config").stdout.splitlines() == listed
    assert project.graft("c", "ls", "--json").json["settings"]["save-exact"] == {
        "value": "true",
        "layer": "project",
        "where": f"{project.path('.npmrc')}:1",
    }
    assert project.graft("config", "get", "save-exact").stdout == "true\n"
    assert (
        project.graft("config", "get", "tag", "cafile").stdout == "tag=latest\ncafile=undefined\n"
    )
    assert project.graft("config", "get", "cafile", "--json").json == {"cafile": None}


def test_explain_says_who_wins_and_what_the_others_say(project: Project) -> None:
    project.machine.npmrc.write_text("tag=user\n")
    project.write(".npmrc", "# ours\ntag=project\n")
    prefix = Path(project.machine.env["PREFIX"])
    (prefix / "etc").mkdir(parents=True)
    (prefix / "etc/npmrc").write_text("tag=global\n")
    said = project.graft("config", "explain", "tag", env={"npm_config_tag": "environment"})
    assert said.stdout.splitlines() == [
        "tag = environment  the preferred dist-tag",
        "  * environment environment  $npm_config_tag",
        f"    project     project  {project.path('.npmrc')}:2",
        f"    user        user  {project.machine.npmrc}:1",
        f"    global      global  {prefix}/etc/npmrc:1",
        "    default     latest",
    ]
    document = project.graft("config", "explain", "tag", "--json").json
    assert (document["value"], document["layer"]) == ("project", "project")
    assert [said["layer"] for said in document["says"]] == ["project", "user", "global", "default"]


def test_explain_shows_what_a_project_may_not_say(project: Project) -> None:
    project.write(".npmrc", "registry=https://${HOST}/\n")
    said = project.graft("config", "explain", "registry", "--registry", "http://a.example.com/")
    lines = said.stdout.splitlines()
    assert lines[1] == "  * flag        http://a.example.com/  --registry"
    assert "ignored an address that takes ${HOST}" in lines[2]
    assert lines[3].startswith("    user ")


def test_explain_knows_where_the_default_registry_comes_from(project: Project) -> None:
    project.machine.npmrc.write_text("")
    own = project.machine.home / ".config/graft/config.toml"
    own.parent.mkdir(parents=True)
    own.write_text('registry = "https://registry.example.com/"\n')
    said = project.graft("config", "explain", "registry", "--json").json
    assert (said["value"], said["where"]) == ("https://registry.example.com/", str(own))


@pytest.mark.parametrize(
    "line",
    [
        f"{HOST}={TOKEN}",
        f"//registry.example.com/:_password={TOKEN}",
        f"_auth={TOKEN}",
        f"key={TOKEN}",
        f"https-proxy=http://user:{TOKEN}@proxy.example.com/",
        "registry=https://registry.example.com/${NPM_TOKEN}/",
        f"my-password={TOKEN}",
    ],
)
def test_no_secret_is_ever_shown(project: Project, line: str) -> None:
    project.machine.npmrc.write_text(f"{line}\n")
    key = line.partition("=")[0]
    for words in (["list"], ["get", key], ["explain", key], ["set", f"{key}=other"]):
        for json in ([], ["--json"]):
            done = project.graft("config", *words, *json, env={"NPM_TOKEN": TOKEN})
            assert TOKEN not in done.stdout + done.stderr


def test_set_changes_one_line_and_keeps_the_rest(project: Project) -> None:
    project.write(".npmrc", "; first\r\nsave-prefix = ^\r\ntag=next\r\n[section]\r\nx=1\r\n")
    project.graft("config", "set", "save-prefix=~", "omit", "-L", "project", check=False)
    done = project.graft("config", "set", "save-prefix=~", "fund=false", "--location", "project")
    assert done.stderr == f"changed save-prefix, fund in {project.path('.npmrc')}\n"
    assert project.path(".npmrc").read_bytes() == (
        b"; first\r\nsave-prefix = ~\r\ntag=next\r\nfund=false\r\n[section]\r\nx=1\r\n"
    )
    project.graft("config", "delete", "tag", "--location", "project")
    assert b"tag" not in project.path(".npmrc").read_bytes()
    again = project.graft("config", "set", "fund", "false", "-L", "project", "--json").json
    assert (again["changed"], again["path"]) == ([], str(project.path(".npmrc")))


def test_set_writes_the_users_file_unless_told_otherwise(project: Project) -> None:
    project.machine.npmrc.unlink()
    project.graft("config", "set", HOST, "${NPM_TOKEN}")
    assert project.machine.npmrc.read_text() == f"{HOST}=${{NPM_TOKEN}}\n"
    assert project.machine.npmrc.stat().st_mode & 0o777 == 0o600
    assert not project.exists(".npmrc")


def test_a_users_file_that_is_kept_elsewhere_stays_there(project: Project) -> None:
    kept = project.machine.home / "dotfiles"
    kept.write_text("tag=a\n")
    project.machine.npmrc.unlink()
    project.machine.npmrc.symlink_to(kept)
    project.graft("config", "set", "tag=b")
    assert kept.read_text() == "tag=b\n" and project.machine.npmrc.is_symlink()


def test_dry_run_writes_nothing(project: Project) -> None:
    before = project.machine.npmrc.read_text()
    done = project.graft("config", "set", "tag=b", "--dry-run")
    assert done.stderr.startswith("would change tag in ")
    assert project.machine.npmrc.read_text() == before


@pytest.mark.parametrize(
    ("word", "code", "exit_code"),
    [
        (f"{HOST}={TOKEN}", "credential-in-project", 81),
        ("_auth=x", "credential-in-project", 81),
        ("registry=https://${HOST}/", "credential-in-project", 81),
        ("strict-ssl=false", "setting-in-project", 82),
        ("script-shell=/tmp/sh", "setting-in-project", 82),
    ],
)
def test_a_project_gets_no_credential_and_nothing_it_may_not_say(
    project: Project, word: str, code: str, exit_code: int
) -> None:
    failed = project.graft("config", "set", word, "--location=project", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (exit_code, code)
    assert TOKEN not in failed.stdout and not project.exists(".npmrc")


def test_a_projects_file_that_is_a_link_is_not_written(project: Project) -> None:
    outside = project.machine.root / "outside"
    outside.write_text("a=b\n")
    project.path(".npmrc").symlink_to(outside)
    failed = project.graft("config", "set", "tag=b", "-L", "project", check=False)
    assert failed.code == 60 and outside.read_text() == "a=b\n"


def test_a_key_that_nobody_knows_is_written_with_a_note(project: Project) -> None:
    done = project.graft("config", "set", "save-exakt=true")
    assert "note setting-unknown" in done.stderr and "did you mean 'save-exact'?" in done.stderr
    assert "save-exakt=true" in project.machine.npmrc.read_text()
    notes = project.graft("config", "set", "zzz=1", "--json").json["notes"]
    assert [note["code"] for note in notes] == ["setting-unknown"]
    assert "did you mean 'registry'?" in project.graft("config", "get", "regsitry").stderr


def test_a_setting_that_makes_no_sense_can_be_mended(project: Project) -> None:
    project.machine.npmrc.write_text("maxsockets=many\n")
    assert project.graft("config", "get", "maxsockets").stdout == "many\n"
    project.graft("config", "delete", "maxsockets")
    assert project.machine.npmrc.read_text() == ""


@pytest.mark.parametrize(
    ("words", "fix"),
    [(["lst"], "did you mean 'list'?"), (["set", "tag"], ""), (["get"], ""), (["list", "a"], "")],
)
def test_usage(project: Project, words: list[str], fix: str) -> None:
    failed = project.graft("config", *words, check=False)
    assert failed.code == 2 and fix in failed.stderr


@pytest.mark.parametrize(
    "value", ["a", "a;b", " a ", '"a"', "'a'", "a#b", "", "a=b", "a\\nb", "[x]"]
)
def test_any_value_reads_back(value: str) -> None:
    edited = set_key("k=1\nother=2\nk=3\n", "k", value)
    assert edited is not None and edited.startswith("other=2\nk=") and edited.count("\n") == 2
    assert delete_key(edited, "k") == "other=2\n"


def test_keys_that_no_line_can_hold() -> None:
    for key in ("a=b", "#a", ";a", "", "a\nb", "a[]", "a;b"):
        assert set_key("", key, "1") is None


def test_all_keys_that_the_code_reads_are_known() -> None:
    sources = Path(__file__).resolve().parent.parent / "src/graft"
    read = {
        key
        for path in sources.rglob("*.py")
        for key in re.findall(r'\bnpmrc(?:\.get\(|, )"([a-z-]+)"', path.read_text("utf-8"))
    }
    assert len(read) > 20 and read - KNOWN.keys() == set()
