"""``graft completion``: words for the end of a command line, in real shells."""

from __future__ import annotations

import shlex
import shutil
import sys

import pytest

from graft.cli.commands import COMMANDS
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    registry.publish("@acme/tool@1.0.0", dependencies={"deep": "1"})
    registry.publish("deep@1.2.0")
    registry.publish("react@1.0.0", bin={"rx": "cli.js"})
    project.manifest(
        dependencies={"@acme/tool": "1", "react": "^1"},
        scripts={"build": "tsc", "build:all": "tsc -b", "test": "jest"},
    )
    project.graft("install")
    return project


def words(project: Project, line: str) -> list[str]:
    found = project.graft("completion", "words", line, "--json").json
    return [candidate["word"] for candidate in found]


def test_commands_and_their_other_names(installed: Project) -> None:
    names = {command.name.partition(" ")[0] for command in COMMANDS}
    assert names < set(words(installed, "graft "))
    assert "i" not in words(installed, "graft ")
    assert words(installed, "graft unin") == ["uninstall"]
    assert words(installed, "graft help conf") == ["config"]
    assert words(installed, "graft store pa") == ["path"]
    assert words(installed, "graft nonsense ") == []


def test_flags_come_from_the_parsers(installed: Project) -> None:
    assert words(installed, "graft install --of") == ["--offline"]
    assert words(installed, "graft -C .. uninstall --dry") == ["--dry-run"]
    assert words(installed, "graft install --omit d") == ["dev"]
    assert words(installed, "graft install --omit=o") == ["--omit=optional"]
    assert words(installed, "graft config explain --loc") == ["--location"]
    for command in COMMANDS:
        assert {"--json", "--help"} <= set(words(installed, f"graft {command.name} --")), command


def test_words_of_the_project(installed: Project) -> None:
    assert words(installed, "graft run b") == ["build", "build:all"]
    assert words(installed, "graft run build b") == []
    assert words(installed, "graft remove ") == ["@acme/tool", "react"]
    assert words(installed, "graft rm react ") == ["@acme/tool"]
    assert words(installed, "graft update -D 're") == ["react"]
    assert words(installed, "graft why d") == ["deep"]
    assert words(installed, "graft add re") == []
    assert words(installed, "graft exec r") == ["rx"]
    assert words(installed, "graft cache clean p") == ["packuments"]
    assert "save-exact" in words(installed, "graft config set save-")
    assert words(installed, f"graft -C {installed.dir.parent} run ") == []


def test_nothing_is_said_of_a_broken_project(project: Project) -> None:
    project.write("package.json", "{")
    project.write("graft-lock.json", "[")
    assert words(project, "graft run ") == words(project, "graft why ") == []


# What is typed, how bash takes it apart, and what it is given.
_LINES = [
    ("graft remove re", ["graft", "remove", "re"], ["react"]),
    ("graft remove ", ["graft", "remove", ""], ["@acme/tool", "react"]),
    ("graft remove @ac", ["graft", "remove", "@", "ac"], ["acme/tool"]),
    ("graft remove @", ["graft", "remove", "@"], ["acme/tool"]),
    ("graft run build:", ["graft", "run", "build", ":"], ["all"]),
    ("graft run build:a", ["graft", "run", "build", ":", "a"], ["all"]),
    ("graft ci --omit=", ["graft", "ci", "--omit", "="], ["dev", "optional", "peer"]),
    ("graft ci --omit=d", ["graft", "ci", "--omit", "=", "d"], ["dev"]),
    ("graft stor", ["graft", "stor"], ["store"]),
]


@pytest.mark.parametrize(
    ("line", "pieces", "expected"), _LINES, ids=[line for line, _, _ in _LINES]
)
def test_in_bash(installed: Project, line: str, pieces: list[str], expected: list[str]) -> None:
    script = f"""
graft() {{ {shlex.quote(sys.executable)} -P -m graft "$@"; }}
eval "$(graft completion bash)"
complete -p graft
COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)} COMP_CWORD={len(pieces) - 1}
COMP_WORDS=({shlex.join(pieces)})
COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'
_graft
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = installed.machine.run(["bash", "-uec", script], cwd=installed.dir)
    assert done.stdout.splitlines() == ["complete -o default -F _graft graft", *expected]
    assert done.stderr == ""


def test_in_zsh(installed: Project) -> None:
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    script = f"""
graft() {{ {shlex.quote(sys.executable)} -P -m graft "$@" }}
compdef() {{ print "compdef $*" }}
_describe() {{ print -l -- "${{(@P)2}}" }}
eval "$(graft completion zsh)"
words=(graft run build:) CURRENT=3
_graft
"""
    done = installed.machine.run(["zsh", "-fc", script], cwd=installed.dir)
    assert done.stdout.splitlines() == ["compdef _graft graft", "build\\:all:tsc -b"]


def test_in_fish(installed: Project) -> None:
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    script = f"""
function graft; {shlex.quote(sys.executable)} -P -m graft $argv; end
graft completion fish | source
complete -C 'graft remove re'
"""
    done = installed.machine.run(["fish", "--no-config", "-c", script], cwd=installed.dir)
    assert done.stdout.split("\t")[0] == "react"


def test_usage(project: Project) -> None:
    failed = project.graft("completion", "bahs", check=False)
    assert failed.code == 2 and "did you mean 'bash'?" in failed.stderr
    assert set(project.graft("completion", "fish", "--json").json) == {"shell", "script"}
