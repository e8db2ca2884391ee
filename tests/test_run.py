"""``graft run`` and the scripts that are commands: what runs, in which order, with which words."""

from __future__ import annotations

import sys

import pytest

from harness.project import Project

# What a script prints of the words that it got, one a line.
_WORDS = "node -e 'for (const word of process.argv.slice(1)) console.log(word)' --"


def scripts(project: Project, **texts: str) -> Project:
    project.manifest(scripts=texts)
    return project


def test_a_script_runs_in_the_shell_in_the_projects_folder(project: Project) -> None:
    scripts(project, where='pwd && echo "$((1 + 1))"')
    done = project.graft("run", "where")
    assert done.stdout == f"{project.dir}\n2\n"
    assert done.stderr == '$ pwd && echo "$((1 + 1))"\n'
    assert project.graft("run-script", "where").stdout == done.stdout


def test_pre_and_post_scripts(project: Project) -> None:
    scripts(project, prebuild="echo before", build="echo at", postbuild="echo after", at="echo no")
    done = project.graft("run", "build", "x")
    assert done.stdout == "before\nat x\nafter\n"
    assert done.stderr == "$ echo before\n$ echo at x\n$ echo after\n"
    assert project.graft("run", "--ignore-scripts", "build").stdout == "at\n"
    project.write(".npmrc", "ignore-scripts=true\n")
    assert project.graft("run", "build").stdout == "at\n"


@pytest.mark.parametrize(
    ("failing", "code", "ran"),
    [("prebuild", 3, []), ("build", 4, ["before"]), ("postbuild", 5, ["before", "at"])],
)
def test_the_first_that_fails_ends_it_and_is_named(
    project: Project, failing: str, code: int, ran: list[str]
) -> None:
    texts = {"prebuild": "echo before", "build": "echo at", "postbuild": "echo after"}
    scripts(project, **(texts | {failing: f"exit {code}"}))
    done = project.graft("run", "build", check=False)
    assert (done.code, done.stdout.split()) == (code, ran)
    later = {"prebuild": "'build', 'postbuild'", "build": "'postbuild'"}.get(failing)
    said = f"'{failing}' ended with exit code {code}: not run: {later}\n"
    assert done.stderr.endswith(said) == bool(later)


@pytest.mark.parametrize("folder", [".", ".."])
def test_a_script_without_hooks_takes_grafts_place(project: Project, folder: str) -> None:
    """As seen by its parent: there is no process between them, by either road."""
    scripts(project, parent="node -p process.ppid; :")
    project.write("ask.sh", 'cd "$1"; shift; echo $$; exec "$@"')
    graft = [sys.executable, "-P", "-m", "graft"]
    flags = ["run", "parent"] if folder == "." else ["run", "-C", str(project.dir), "parent"]
    command = ["sh", str(project.path("ask.sh")), folder, *graft, *flags]
    asked, told = project.machine.run(command, cwd=project.dir).stdout.split()
    assert asked == told


WORDS = ["a b", "", "it's", '"q"', "$HOME", "`x`", "a\\b", "*", "~", "#", "é", "a\nb", "'", "--x=1"]


@pytest.mark.parametrize("hook", ["", "true"])
def test_arguments_reach_the_script_as_they_are(project: Project, hook: str) -> None:
    scripts(project, words=_WORDS, postwords=hook)
    done = project.graft("run", "words", *WORDS)
    assert done.stdout == "".join(f"{word}\n" for word in WORDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "words", "--watch", "--json", "-s"], ["--watch", "--json", "-s"]),
        (["run", "words", "--", "--watch", "--", "x"], ["--watch", "--", "x"]),
        (["run", "words", "x", "--", "y"], ["x", "--", "y"]),
        (["run", "--", "words", "x"], ["x"]),
        (["run", "words", "--if-present", "x"], ["x"]),
        (["run", "words", "--", "--if-present"], ["--if-present"]),
        (["--silent", "run", "words", "-C", "x"], ["-C", "x"]),
        (["test", "x", "--silent"], ["x", "--silent"]),
        (["test", "--watch", "--silent"], ["--watch", "--silent"]),
        (["test", "--silent", "--watch"], ["--watch"]),
        (["t", "--", "--silent"], ["--silent"]),
        (["tst"], []),
        (["test", "x", "--", "y"], ["x", "--", "y"]),
    ],
)
def test_which_flags_are_grafts_and_which_the_scripts(
    project: Project, arguments: list[str], words: list[str]
) -> None:
    scripts(project, words=_WORDS, test=_WORDS)
    assert project.graft(*arguments).stdout.splitlines() == words


def test_silent_leaves_the_script_its_output(project: Project) -> None:
    scripts(project, build="echo out; echo err >&2")
    done = project.graft("run", "--silent", "build")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_stdin_is_the_scripts(project: Project) -> None:
    scripts(project, prehear="cat", hear="cat")
    assert project.graft("run", "hear", stdin="said\n").stdout == "said\n"


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("biuld", "did you mean 'graft run build'?"),
        ("tsc", "'graft exec tsc' runs the command of that name"),
        ("qqqq", "'graft run' lists the scripts"),
        ("restart", "'graft run' lists the scripts"),
        ("start", "'graft run' lists the scripts"),
        ("../x", "'graft run' lists the scripts"),
    ],
)
def test_a_script_that_is_not_there(project: Project, name: str, fix: str) -> None:
    scripts(project, build="echo built")
    project.write("node_modules/.bin/tsc", "")
    failed = project.graft("run", name, check=False)
    assert (failed.code, failed.stdout) == (50, "")
    assert f"error script-missing: there is no script '{name}'" in failed.stderr
    assert fix in failed.stderr
    failed = project.graft("run", "--json", name, check=False)
    assert (failed.json["error"]["code"], failed.stderr) == ("script-missing", "")
    failed = project.graft("run", name, "--json", check=False)
    assert failed.stdout == "" and "error script-missing" in failed.stderr
    assert project.graft("run", "--if-present", name).stdout == ""
    assert project.graft("run", name, "--if-present").stdout == ""


def test_a_project_without_scripts_is_shown_where_they_go(project: Project) -> None:
    failed = project.graft("test", check=False)
    assert failed.code == 50
    assert 'add "scripts": {"test": "…"} to package.json' in failed.stderr
    assert project.graft("test", "--if-present").stdout == ""


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        (None, 70),
        ("{", 71),
        ('{"scripts": {"x": "a", "x": "b"}}', 71),
        ('{"scripts": {"x": "a"}} {}', 71),
        ('{"scripts": ["x"]}', 72),
        ('{"scripts": {"x": 1}}', 72),
        ('{"scripts": {"x": "a\\u0000b"}}', 72),
        ('{"scripts": {"x": "a\\ud800"}}', 72),
    ],
)
def test_a_manifest_that_cannot_be_run(project: Project, manifest: str | None, code: int) -> None:
    project.remove("package.json")
    if manifest is not None:
        project.write("package.json", manifest)
    assert project.graft("run", "x", check=False).code == code
    assert project.graft("run", check=False).code == code


def test_what_else_is_wrong_with_a_manifest_stops_no_script(project: Project) -> None:
    project.write(
        "package.json", '\ufeff {"dependencies": ["?"], "scripts": {"fix": "echo fixed"}}\n'
    )
    assert project.graft("run", "fix").stdout == "fixed\n"


def test_an_empty_script_does_nothing(project: Project) -> None:
    scripts(project, prebuild="echo before", build="")
    assert project.graft("run", "build", "x").stdout == "before\n"
    scripts(project, build="")
    assert project.graft("run", "build", "x").stdout == ""


def test_scripts_are_listed(project: Project) -> None:
    scripts(project, build="tsc -p .", test="vitest\nvitest --ui")
    assert project.graft("run").stdout.splitlines() == [
        *("build", "  tsc -p ."),
        *("test", "  vitest", "  vitest --ui"),
    ]
    said = {"scripts": {"build": "tsc -p .", "test": "vitest\nvitest --ui"}}
    assert project.graft("run", "--json").json == said
    project.manifest(scripts={})
    assert project.graft("run").stderr == "package.json has no scripts\n"
    assert project.graft("run", "--json").json == {"scripts": {}}


def test_the_scripts_that_are_commands(project: Project) -> None:
    scripts(
        project, test="echo tested", start="echo started", stop="echo stopped", pretest="echo 1"
    )
    assert project.graft("test").stdout == "1\ntested\n"
    assert project.graft("start", "x").stdout == "started x\n"
    assert project.graft("stop").stdout == "stopped\n"


def test_restart_is_stop_and_start(project: Project) -> None:
    texts = {"start": "echo start", "poststart": "echo up", "prerestart": "echo first"}
    scripts(project, **texts)
    assert project.graft("restart", "x").stdout == "first\nstart x\nup\n"
    scripts(project, stop="echo stop", poststop="echo down", **texts)
    assert project.graft("restart", "x").stdout == "first\nstop\ndown\nstart x\nup\n"
    scripts(project, restart="echo again", **texts)
    assert project.graft("restart", "x").stdout == "first\nagain x\n"


def test_start_without_a_script_runs_the_server(project: Project) -> None:
    project.write("server.js", "console.log('served', process.argv[2])")
    assert project.graft("start", "x").stdout == "served x\n"
    scripts(project, start="echo mine")
    assert project.graft("start").stdout == "mine\n"


def test_a_script_is_no_command(project: Project) -> None:
    scripts(project, build="echo built")
    failed = project.graft("build", check=False)
    assert failed.code == 2 and failed.stdout == ""
    assert "did you mean 'graft run build'?" in failed.stderr


def test_the_users_shell_is_taken_and_the_projects_is_not(project: Project) -> None:
    shell = project.write("../shell", ("#!/bin/sh\necho in shell: $2\n", 0o755))
    scripts(project, build="echo built")
    project.write(".npmrc", f"script-shell={shell}\n")
    done = project.graft("run", "build")
    assert done.stdout == "built\n"
    assert "note setting-in-project: ignored 'script-shell'" in done.stderr
    project.remove(".npmrc")
    with project.machine.npmrc.open("a") as file:
        file.write(f"script-shell={shell}\n")
    assert project.graft("run", "build").stdout == "in shell: echo built\n"
    project.path("../shell").unlink()
    failed = project.graft("run", "build", check=False)
    assert failed.code == 51 and "'script-shell'" in failed.stderr


def test_a_command_of_a_package_is_no_shell(project: Project) -> None:
    project.write("node_modules/.bin/sh", ("#!/bin/sh\necho fooled\n", 0o755))
    scripts(project, build="echo built")
    assert project.graft("run", "build").stdout == "built\n"


def test_too_many_arguments_are_an_error_of_the_systems(project: Project) -> None:
    scripts(project, build="echo")
    failed = project.graft("run", "build", *["x" * 100_000] * 2, check=False)
    assert failed.code == 1 and "system-refused" in failed.stderr


def test_the_shortest_road_loads_little(project: Project) -> None:
    """By name: what each of these costs is more than all the rest."""
    scripts(project, build="echo built")
    done = project.graft("run", "build", "x", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.stdout == "built x\n"
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "graft.workflows.run" in loaded
    heavy = {"argparse", "json", "subprocess", "shutil", "signal", "graft.base.diagnostics"}
    assert loaded & (heavy - set(_of_the_interpreter(project))) == set()


def _of_the_interpreter(project: Project) -> list[str]:
    code = "import sys; print(*sys.modules)"
    return project.machine.run([sys.executable, "-P", "-c", code]).stdout.split()
