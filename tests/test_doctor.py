"""``graft doctor``: checks with their mending, and packages that load what they do not declare."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from graft.vet.reachable import mentions, package_of
from graft.vet.references import references
from harness.project import Project
from harness.registry import LocalRegistry


def checks(project: Project, *arguments: str, **env: str) -> dict[str, dict[str, str]]:
    done = project.graft("doctor", "--json", *arguments, check=False, env=env)
    assert done.code == (0 if done.json["well"] else 1)
    return {check["name"]: check for check in done.json["checks"]}


def test_a_sound_project(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    before = sorted(path.name for path in project.dir.rglob("*"))
    found = checks(project)
    wanted = ("registry", "store", "project", "settings", "lock", "links", "phantoms")
    assert {name: found[name]["state"] for name in wanted} == dict.fromkeys(wanted, "ok")
    assert registry.url in found["registry"]["message"]
    assert sorted(path.name for path in project.dir.rglob("*")) == before
    if shutil.which("node"):
        assert found["node"]["state"] == "ok"
        assert project.graft("doctor").code == 0


def test_nothing_installed_and_no_project(project: Project) -> None:
    found = checks(project)
    assert (found["lock"]["state"], found["links"]["state"]) == ("note", "note")
    project.remove("package.json")
    assert checks(project)["project"]["message"] == "no package.json here"


def test_what_is_broken_is_named(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    registry.publish("b@1.0.0")
    project.manifest(dependencies={"a": "1", "b": "1"})
    project.graft("install")
    project.remove("node_modules/a")
    shutil.move(project.store / "slots", project.store / "moved")
    project.manifest(dependencies={"a": "1", "b": "1", "c": "1"})
    project.write(".npmrc", "strict-ssl=false\n")
    found = checks(project)
    assert found["lock"]["state"] == "fail" and "asks for c@1" in found["lock"]["message"]
    assert found["links"]["state"] == "fail" and found["links"]["fix"] == "run 'graft install'"
    assert "node_modules/a is not what graft made" in found["links"]["message"]
    assert "node_modules/b leads to nothing" in found["links"]["message"]
    assert found["settings"]["state"] == "note" and "strict-ssl" in found["settings"]["message"]


def test_a_registry_that_does_not_answer(project: Project) -> None:
    project.machine.npmrc.write_text("registry=http://127.0.0.1:1/\nfetch-retries=0\n")
    found = checks(project)["registry"]
    assert found["state"] == "fail" and "http://127.0.0.1:1/ does not answer" in found["message"]
    assert checks(project, "--offline")["registry"]["state"] == "note"


def test_no_node_and_a_store_that_cannot_be_made(project: Project) -> None:
    project.write("file", "")
    found = checks(project, PATH="/nowhere", GRAFT_HOME=str(project.path("file/below")))
    assert found["node"]["state"] == found["store"]["state"] == "fail"
    assert found["git"]["state"] == "note"
    assert found["launcher"]["fix"].startswith("add ")


# Phantom dependencies


def phantoms(project: Project, *arguments: str) -> dict[str, Any]:
    found = project.graft("doctor", "--json", *arguments, check=False).json["phantoms"]
    return {f"{each['package']} {each['missing']}": each for each in found}


def test_the_line_that_is_printed_mends_it(project: Project, registry: LocalRegistry) -> None:
    code = "const l = require('lodash/merge');\nexports.l = require('lodash').version;\n"
    registry.publish("lodash@4.0.0")
    registry.publish("lodash@4.2.0")
    registry.publish("parser@1.0.0", files={"index.js": code.replace("/merge", "")})
    project.manifest(dependencies={"parser": "1", "lodash": "4.0.0"})
    project.graft("install")
    done = project.graft("doctor", check=False)
    assert done.code == 1 and "1 undeclared: parser@1.0.0 loads lodash" in done.stdout
    line = '"parser": {"dependencies": {"lodash": "^4.0.0"}}'
    assert f'  "packageExtensions": {{\n    {line}\n  }}' in done.stdout
    project.manifest(packageExtensions=json.loads(f"{{{line}}}"))
    project.graft("install")
    assert phantoms(project) == {} and checks(project)["phantoms"]["state"] == "ok"
    assert project.node("console.log(require('parser').l)") == "4.0.0"


def test_which_range_is_proposed(project: Project, registry: LocalRegistry) -> None:
    registry.publish("deep@1.5.0")
    registry.publish("new@2.0.0")
    registry.publish("other@1.0.0", dependencies={"deep": "1"})
    code = "import 'deep'; import x from 'new'; import 'gone';"
    registry.publish("a@1.0.0", files={"index.js": code})
    project.manifest(dependencies={"a": "1", "other": "1"})
    project.graft("install")
    found = phantoms(project)
    assert [each["packageExtension"] for each in found.values()] == [
        '"a": {"dependencies": {"deep": "^1.5.0"}}',
        '"a": {"dependencies": {"gone": "*"}}',
        '"a": {"dependencies": {"new": "^2.0.0"}}',
    ]
    assert found["a@1.0.0 deep"]["where"] == "index.js:1"


def test_what_is_declared_in_any_way_is_no_phantom(
    project: Project, registry: LocalRegistry
) -> None:
    names = (
        "dep",
        "opt",
        "peer",
        "soft",
        "bundled",
        "metaonly",
        "a",
        "a/sub",
        "node:fs",
        "fs/promises",
    )
    code = "".join(f"require('{name}');\n" for name in names)
    registry.publish("dep@1.0.0")
    registry.publish("peer@1.0.0")
    registry.publish(
        "a@1.0.0",
        dependencies={"dep": "1"},
        optional={"opt": "1"},
        peers={"peer": "1", "soft": "1"},
        optional_peers=["soft", "metaonly"],
        bundled=["bundled"],
        files={"index.js": code},
    )
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert phantoms(project) == {}


def test_what_was_read_is_remembered(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", files={"index.js": "require('x')"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    first = phantoms(project)
    scans = [path for path in (project.machine.cache / "scans").rglob("*") if path.is_file()]
    assert len(scans) == 1 and phantoms(project) == first
    scans[0].write_text("broken")
    assert phantoms(project) == first
    kinds = project.graft("cache", "ls", "--json").json["kinds"]
    assert "scans" in [kind["kind"] for kind in kinds]
    project.graft("cache", "clean", "scans")
    assert not scans[0].exists()


def test_packages_that_are_not_in_the_store_are_no_proof(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft("install", "--lockfile-only")
    found = checks(project)["phantoms"]
    assert found["state"] == "note" and "1 packages could not be read" in found["message"]


def sure(text: str) -> str:
    return " ".join(reference.specifier for reference in references(text) if reference.sure)


def unsure(text: str) -> str:
    return " ".join(reference.specifier for reference in references(text) if not reference.sure)


@pytest.mark.parametrize(
    ("text", "certain", "possible"),
    [
        ("const a = require('a')\nvar b = require( \"b\" ), c = require('c').d;", "a b c", ""),
        ("import 'a'; import b from \"b\"; import{d as e}from'd';", "a b d", ""),
        ("import * as c from 'c'; import*as x from'x'", "c x", ""),
        ("export * from 'a'; export { b } from 'b'; export const c = 1; export { d }", "a b", ""),
        ("import a, { b } from 'a'\nimport {\n  c,\n  default as d,\n} from 'c'\n", "a c", ""),
        ("import type { A } from 'a'", "", ""),
        ("// require('a')\n/* import 'b' */ require('c')", "c", ""),
        ("var s = \"require('a')\", t = 'import \"b\"'; require('d')", "d", ""),
        ("u = `${x + `${y}`} require('c')`; require('d')", "d", ""),
        ("x = a / b; require('a'); y = c / d", "a", ""),
        ("x = /['\"`]/; require('a'); y = s.replace(/[/'\"]/g, '')\nrequire('b')", "a b", ""),
        ("return /`/.test(x)\n;require('a')", "a", ""),
        ("try { require('a') } catch { require('b') }", "", "a b"),
        ("function f() { return require('a') }\nconst g = () => require('b')", "", "a b"),
        ("if (x) require('a'); else require('b')\nx ? require('c') : require('d')", "", "a b c d"),
        ("x && require('a')\nvar y = x || require('b')\nrequire('c')", "c", "a b"),
        ("import('a'); await import( 'b' )", "", "a b"),
        ("require(name); require(`a`); obj.require('b'); import.meta.url; $require('c')", "", ""),
        ("module.exports = {\n  a: require('a')\n}", "", "a"),
        ("unclosed = 'require(\nrequire('a')", "a", ""),
    ],
)  # fmt: skip
def test_references(text: str, certain: str, possible: str) -> None:
    assert (sure(text), unsure(text)) == (certain, possible)


def test_package_of() -> None:
    said = [
        "a",
        "a/b",
        "@s/a/b",
        "./a",
        "/a",
        "#a",
        "fs",
        "node:test",
        "bun:x",
        "https://a",
        "@s",
        "",
    ]
    assert [package_of(each) for each in said] == ["a", "a", "@s/a", *[""] * 9]


def test_only_what_the_front_door_leads_to_is_certain() -> None:
    files = {
        "main.cjs": "require('./lib'); require('front')",
        "lib/index.js": "require('behind'); require('./data.json'); try{require('./soft')}catch{}",
        "lib/soft.js": "require('maybe')",
        "browser.js": "import 'dom'",
        "plugin.js": "import 'plugged'",
        "test.js": "require('tester')",
        "cli": "#!/usr/bin/env node\nrequire('cli')",
        "lib/data.json": "{}",
        "types.d.ts": "import 'types'",
    }
    manifest = {
        "name": "self",
        "bin": "./cli",
        "exports": {
            ".": {"types": "./types.d.ts", "browser": "./browser.js", "require": "./main.cjs"},
            "./plugin": "./plugin.js",
        },
    }
    found = mentions(manifest, files, files.__getitem__)
    assert {each.package for each in found if each.sure} == {"front", "behind"}
    assert {each.package for each in found if not each.sure} == {"maybe", "dom", "plugged", "cli"}
