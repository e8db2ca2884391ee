"""``index init``: the files of a new index."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from graft.base.diagnostics import GraftError
from graft.base.files import write_atomic
from graft.base.records import Record
from graft.git.program import GitProgram
from graft.indices.compose import quoted
from graft.indices.paths import INFO, PACKAGES
from graft.indices.toml_descriptor import SPEC, own_namespace_fault
from graft.versions.index_name import check_name
from graft.versions.mistakes import MalformedError

_README = """\
# The index of {namespaces}

Packages for [graft](#how-to-use-it), one file each in `pkgs/`.

## How to use it

In the `graft.toml` of a project:

```toml
[indices]
{key} = "<the git URL of this repository>"
```

Then `graft add {example}`.

## How to publish

In the folder of a package, beside a checkout of this index:

```sh
graft index publish --index <this folder> --commit
git -C <this folder> push
```

What is published stays as it is: `graft index check BASE HEAD` refuses every other change. It runs
for each change of this repository (`.github/workflows/index.yml`; elsewhere, let the CI run the
same command). A version that nobody should choose any more is yanked: `graft index yank`.
"""
_WORKFLOW = """\
# What is published stays as it is.
# GRAFT is a variable of this repository: what pip installs graft from.
name: index
on:
  pull_request:
  push:
    branches: [main]
jobs:
  check:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install "$GRAFT"
        env:
          GRAFT: ${{ vars.GRAFT || 'graft' }}
      - run: graft index check "$BASE" HEAD
        env:
          BASE: ${{ github.event.pull_request.base.sha || github.event.before }}
"""
# What is committed is what everybody gets: no line endings of a machine's own.
_ATTRIBUTES = "* -text\n"


class Begun(Record):
    """``files`` are paths in ``folder``; ``repository`` says that one was made there."""

    folder: str
    files: tuple[str, ...]
    repository: bool


def begin_index(
    folder: str, namespaces: Sequence[str], environ: Mapping[str, str], *, dry_run: bool
) -> Begun:
    """Raises ``index-exists``, ``bad-package-name``, ``git-missing`` and ``index-uncommitted``."""
    for namespace in namespaces:
        _check(namespace)
    path = os.path.join(folder, INFO)
    if os.path.lexists(path):
        raise GraftError(
            "index-exists",
            "there is an index already",
            where=path,
            fix="edit its 'namespaces', or name another folder",
        )
    texts = {
        ".gitattributes": _ATTRIBUTES,
        ".github/workflows/index.yml": _WORKFLOW,
        "README.md": _readme(namespaces),
        f"{PACKAGES}/.gitkeep": "",
        INFO: _info(namespaces),
    }
    files = {name: text for name, text in texts.items() if not _is_there(folder, name)}
    git = GitProgram(environ)
    needs_repository = not _is_in_repository(git, folder)
    if not dry_run:
        for name, text in files.items():
            target = os.path.join(folder, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            write_atomic(target, text.encode())
        if needs_repository:
            made = git.run_within(folder, ["init", "--quiet"])
            if not made.is_good:
                raise GraftError(
                    "index-uncommitted",
                    "the files are written, but git made no repository of them",
                    where=folder,
                    why=made.said,
                    fix="mend that, and run 'git init' there",
                )
    return Begun(folder=folder, files=tuple(files), repository=needs_repository)


def _check(namespace: str) -> None:
    fault = own_namespace_fault(namespace)
    if not fault:
        try:
            check_name(namespace)
        except MalformedError as error:
            fault = error.mistakes[0].message
    if fault:
        raise GraftError(
            "bad-package-name",
            f"'{namespace}' is no namespace: it {fault}"
            if not fault.startswith("'")
            else f"'{namespace}' is no namespace: {fault}",
            fix="write one like acme or acme.tools",
        )


def _is_there(folder: str, name: str) -> bool:
    return os.path.lexists(os.path.join(folder, name))


def _is_in_repository(git: GitProgram, folder: str) -> bool:
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return git.run_within(folder, ["rev-parse", "--git-dir"]).is_good


def _info(namespaces: Sequence[str]) -> str:
    listed = ", ".join(map(quoted, namespaces))
    return f"[index]\nspec = {SPEC}\nnamespaces = [{listed}]\n"


def _readme(namespaces: Sequence[str]) -> str:
    first = namespaces[0]
    return _README.format(
        namespaces=", ".join(namespaces),
        key=first if "." not in first else quoted(first),
        example="tool" if first == "default" else f"{first}:tool",
    )
