"""The road on real packages, from the registry that npm is configured for on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.machine import Machine
from harness.tree import snapshot

pytestmark = [
    pytest.mark.real_registry,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm names the registry to use"),
]

ROOT = Path(__file__).resolve().parent.parent
FIXTURE = ROOT / "bench" / "fixtures" / "packages-266.json"
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def configured_registry(environ: dict[str, str] | None = None) -> str:
    asked = subprocess.run(
        ["npm", "config", "get", "registry"], capture_output=True, text=True, env=environ
    )
    return asked.stdout.strip()


@pytest.fixture
def real(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.npmrc.write_text(f"registry={configured_registry()}\n")
    known = (*_CERTIFICATES, *_PROXIES)
    machine.env |= {name: os.environ[name] for name in known if name in os.environ}
    return machine


def test_a_second_folder_costs_links_and_nothing_else(real: Machine) -> None:
    first = real.project("first")
    first.write("package.json", FIXTURE.read_text())
    cold = first.graft("install", "--json", timeout=300).json
    assert cold["packages"] > 250
    assert cold["fetched"] == cold["packages"]

    second = real.project("second")
    second.write("package.json", FIXTURE.read_text())
    second.write("graft-lock.json", first.read("graft-lock.json"))
    before = snapshot(real.store / "slots")
    warm = second.graft("install", "--json", "--offline").json
    assert warm["fetched"] == warm["slots"] == 0
    assert snapshot(real.store / "slots") == before
    assert second.read("graft-lock.json") == first.read("graft-lock.json")

    loaded = second.node(
        "const {createElement} = require('react');"
        "console.log(require('react-dom/server').renderToString(createElement('b', null, 'hi')));"
        "for (const name of Object.keys(require.cache)) console.log(name)"
    ).splitlines()
    assert loaded[0] == "<b>hi</b>"
    assert all(name.startswith(str(real.store)) for name in loaded[1:])
    assert second.graft("install", "--json").json["upToDate"]


def test_a_cold_and_a_warm_cache_write_the_same_lock(real: Machine) -> None:
    manifest = json.loads(FIXTURE.read_text())
    first = real.project("first")
    first.write("package.json", manifest)
    first.graft("install", "--lockfile-only", timeout=300)
    manifest["dependencies"] = dict(reversed(manifest["dependencies"].items()))
    second = real.project("second")
    second.write("package.json", manifest)
    second.graft("install", "--lockfile-only", timeout=300)
    assert second.read("graft-lock.json") == first.read("graft-lock.json")
    assert configured_registry().split("/")[2] not in first.read("graft-lock.json")


def test_npm_is_asked_once_for_the_registry(real: Machine) -> None:
    real.npmrc.write_text("")
    if configured_registry(real.env) != configured_registry():
        pytest.skip("this machine's registry is named in the user's own settings")
    project = real.project("app")
    project.graft("add", "is-number@7.0.0")
    config = real.home / ".config" / "graft" / "config.toml"
    assert configured_registry() in config.read_text()
    # From here on npm is not needed.
    without_npm = {"PATH": str(real.root)}
    project.graft("add", "is-odd@3.0.1", env=without_npm)
    assert project.node("console.log(require('is-odd')(3))") == "true"


def test_what_is_outdated_and_what_is_known_of_it(real: Machine) -> None:
    project = real.project("app", dependencies={"minimist": "0.0.8", "is-number": "^7"})
    project.graft("install")
    said = project.graft("outdated", "--json", check=False)
    assert said.code == 1 and list(said.json) == ["minimist"]
    assert said.json["minimist"]["wanted"] == "0.0.8" != said.json["minimist"]["latest"]
    audited = project.graft("audit", "--json", check=False)
    if audited.code == 45:
        pytest.skip("the registry of this machine offers no advisories")
    assert audited.code == 1
    assert {finding["package"] for finding in audited.json["findings"]} == {"minimist"}


def test_the_demo_runs() -> None:
    command = ["make", "-s", "-C", str(ROOT), "demo"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "the store grew by 0." in shown.stdout


def test_the_demo_of_a_fleet_runs() -> None:
    command = ["make", "-s", "-C", str(ROOT), "demo-fleet"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.count("archives pulled: 1 (") == 3
    assert shown.stdout.count("archives pulled: 0 (0 bytes)") == 6


def test_one_version_of_each_package_or_overrides_that_work(real: Machine) -> None:
    """express 4 asks for two versions of ms."""
    project = real.project("flat", resolution="flat", dependencies={"express": "4.21.2"})
    refused = project.graft("install", "--json", check=False, timeout=300).json["error"]
    assert refused["code"] == "flat-conflict"
    assert "ms@2.0.0" in " ".join(refused["why"])
    overrides, _ = json.JSONDecoder().raw_decode(refused["fix"].partition('"overrides": ')[2])
    project.manifest(overrides=overrides)
    project.graft("install", timeout=300)
    names = [id.rpartition("@")[0] for id in project.lock["nodes"]]
    assert len(names) > 60
    assert len(names) == len(set(names))
    assert project.node('console.log(typeof require("express")())') == "function"
