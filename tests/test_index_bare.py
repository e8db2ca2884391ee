"""Packages of indices that are no packages of npm's: their archives hold no package.json."""

from __future__ import annotations

import hashlib

import pytest

from harness.archive import pack_files
from harness.project import Project


@pytest.fixture
def bare(project: Project) -> Project:
    data = pack_files({"tool.hpp": "int tool();\n"})
    folder = project.dir.parent / "index"
    for path in ("pkgs/@acme/t", "archives"):
        (folder / path).mkdir(parents=True)
    (folder / "index.toml").write_text('[index]\nspec = 1\nnamespaces = ["acme"]\n')
    (folder / "archives/tool.tgz").write_bytes(data)
    (folder / "pkgs/@acme/t/tool.toml").write_text(
        'spec = 1\nnamespace = "acme"\nname = "tool"\n[versions."1.0.0"]\n'
        f'url = "archives/tool.tgz"\nsha256 = "{hashlib.sha256(data).hexdigest()}"\n'
    )
    (project.dir / "package.json").unlink()
    lines = '[dependencies.acme]\ntool = "1.0.0"\n[indices]\nacme = { path = "../index" }\n'
    project.write("graft.toml", lines)
    return project


def test_they_lie_in_every_layout_and_give_way_to_the_next(bare: Project) -> None:
    """Graft knows folders that it made by a sign on package.json, where there is one."""
    tool = "packages/@acme/tool/tool.hpp"
    for layout in ("hoisted", "isolated", "hoisted", "virtual", "hoisted"):
        bare.graft("install", "--layout", layout)
        assert bare.read(tool) == "int tool();\n"
        assert (bare.dir / "packages/@acme/tool").is_symlink() is (layout != "hoisted")
    assert bare.graft("install", "--layout", "hoisted", "--json").json["upToDate"]
    assert not bare.exists("packages/.ignored")


def test_what_somebody_put_into_one_is_not_lost(bare: Project) -> None:
    bare.graft("install", "--layout", "hoisted")
    bare.write("packages/@acme/tool/mine.txt", "mine")
    bare.graft("install")
    assert bare.read("packages/.ignored/@acme/tool/mine.txt") == "mine"
    assert (bare.dir / "packages/@acme/tool").is_symlink()
