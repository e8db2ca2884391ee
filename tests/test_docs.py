"""The documentation against the code: codes, links, commands, flags, and what must not be there."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from graft.base.diagnostics import CODES
from graft.cli.commands import COMMANDS, find
from harness.command import GRAFT, run

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
DIAGNOSTICS = DOCS / "diagnostics"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_RAISED = re.compile(r'(?:GraftError\(|Diagnostic\(\s*code=)\s*"([a-z-]+)"')
# `GraftError("one" if … else "other",` is how one place chooses between two codes.
_CHOSEN = re.compile(r'GraftError\(\s*"([a-z-]+)" if [^"]+ else "([a-z-]+)"')
_FLAG = re.compile(r"(?<![\w-])(--?[A-Za-z][a-z-]*)")
# In parts, so that this file does not hold what it looks for.
_NAMES = ("npm" + "js", "yarn" + "pkg", "npm" + "mirror")
_HOSTS = re.compile(rf"registry\.({'|'.join(_NAMES)})")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Diagnostics


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    pages = {page.stem for page in DIAGNOSTICS.glob("*.md")} - {"README"}
    assert pages == CODES.keys()


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_page_is_titled_by_its_code_and_names_its_exit_code(code: str) -> None:
    text = (DIAGNOSTICS / f"{code}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {code}\n")
    opening = text.partition("\n\n")[2].replace("\n", " ")
    assert opening.startswith((f"Exit code {CODES[code]}.", "A note: the command went on."))


def test_the_list_of_codes_is_complete_and_right() -> None:
    text = (DIAGNOSTICS / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[([a-z-]+)\]\(([a-z-]+)\.md\) \| (note|\d+) \|", text, re.MULTILINE)
    assert [code for code, _, _ in rows] == list(CODES)
    for code, page, said in rows:
        assert page == code
        page_text = (DIAGNOSTICS / f"{code}.md").read_text(encoding="utf-8")
        assert ("A note:" in page_text) == (said == "note")
        assert said in ("note", str(CODES[code]))


def test_every_code_in_src_is_listed_and_every_listed_code_is_used() -> None:
    sources = {
        path: path.read_text(encoding="utf-8")
        for path in (ROOT / "src" / "graft").rglob("*.py")
        if path.name != "diagnostics.py"
    }
    raised = {
        code
        for text in sources.values()
        for found in (*_RAISED.findall(text), *_CHOSEN.findall(text))
        for code in ([found] if isinstance(found, str) else found)
    }
    assert raised <= CODES.keys()
    used = {code for code in CODES if any(f'"{code}"' in text for text in sources.values())}
    assert CODES.keys() - used == set()


# Links


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_between_pages_lead_to_something(page: Path) -> None:
    broken = []
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The names that headings get: lower case, spaces to hyphens, other characters dropped."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# The tests of fleets


def test_every_test_that_a_page_names_is_there() -> None:
    """Whoever renames a test renames it on docs/fleet-behaviours.md too."""
    page = (DOCS / "fleet-behaviours.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/\w+\.py)::(\w+)`", page))
    files = {file: ROOT / file for file, _ in named}
    there = {file: path.read_text("utf-8") if path.exists() else "" for file, path in files.items()}
    assert {(file, test) for file, test in named if f"def {test}(" not in there[file]} == set()
    assert page.count("::") == page.count("::test_") and len(named) > 200


# The rooms


def test_architecture_names_each_module_once() -> None:
    """Under its floor; a module that is a command is named by the list of commands."""
    page = DOCS / "architecture.md"
    written: list[str] = []
    for floor, text in re.findall(
        r"^### (\S+)\n(.*?)(?=^##)", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        listed = "\n".join(line for line in text.splitlines() if line.startswith("- "))
        written += [f"{floor}/{name}" for name in re.findall(r"`(\w+)`", listed)]
    source = ROOT / "src" / "graft"
    modules = {
        str(path.relative_to(source).with_suffix(""))
        for path in source.rglob("*.py")
        if path.parent != source and path.name != "__init__.py"
    }
    commands = {f"cli/{command.module}" for command in COMMANDS}
    assert set(written) ^ (modules - commands) == set()
    assert len(written) == len(set(written))


# Commands


@cache
def graft_help(*names: str) -> str:
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    return run([*GRAFT, "help", *names], cwd=ROOT, env=env).stdout


def sections(page: Path) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def flags_in_tables(text: str) -> set[str]:
    cells = re.findall(r"^\| (`-.+?) \| ", text, re.MULTILINE)
    return {flag for cell in cells for flag in _FLAG.findall(cell)}


def flags_of(command: str) -> set[str]:
    listed = graft_help(*command.split()).partition("\nexamples:")[0]
    heads = re.findall(r"^  (-.+?)(?:  +|$)", listed, re.MULTILINE)
    return {flag for head in heads for flag in _FLAG.findall(head)}


def test_the_page_of_commands_has_each_command_with_its_aliases() -> None:
    written = sections(DOCS / "concepts" / "commands.md")
    told = {title.removeprefix("graft ") for title in written if title.startswith("graft ")}
    assert told == {command.name for command in COMMANDS}
    for command in COMMANDS:
        assert re.search(rf"^  {command.name}\b", graft_help(), re.MULTILINE)
        for alias in command.aliases:
            assert f"`graft {alias}`" in written[f"graft {command.name}"]


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_the_page_of_commands_has_the_flags_that_help_has(command: str) -> None:
    written = sections(DOCS / "concepts" / "commands.md")
    shared = flags_in_tables(written["Flags of all commands"])
    installing = flags_in_tables(written["Flags of all commands that install"])
    own = flags_in_tables(written[f"graft {command}"])
    if command == "install":
        own |= flags_in_tables(written["graft add"])
    told = (
        shared | own | (installing if "--lockfile-only" in graft_help(*command.split()) else set())
    )
    for flag, title in (
        ("--filter", "Flags about members of a workspace"),
        ("--parallel", "Flags of running in several members"),
        ("--token-file", "Flags about a fleet's server"),
    ):
        if f"{flag} " in graft_help(*command.split()):
            told |= flags_in_tables(written[title])
    assert told == flags_of(command)


def test_readme_lists_each_command() -> None:
    table = sections(ROOT / "README.md")["Commands"]
    rows = re.findall(r"^\| `graft ([a-z -]+)", table, re.MULTILINE)
    assert [find(row.split())[0] for row in rows] == list(COMMANDS)


def test_make_targets_that_pages_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
        assert named <= targets, relative(page)


# What must not be there


def project_files() -> list[Path]:
    """What is tracked or about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_the_host_of_a_registry() -> None:
    named = [
        relative(path)
        for path in project_files()
        if _HOSTS.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert named == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_no_page_holds_a_path_of_a_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w…])/(?:home|root|tmp|Users|work)/\S*", text) == []
