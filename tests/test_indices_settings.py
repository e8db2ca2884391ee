"""``[indices]``: what it may say, where from, and which namespace goes where."""

from __future__ import annotations

import pytest

from graft.base.diagnostics import GraftError
from graft.project.graft_toml import parse_graft_toml
from graft.project.indices_settings import Indices, read_indices
from harness.machine import Machine
from harness.project import Project

URL = "https://git.example.com/acme.git"


def read(text: str, config: str = "/none", **scopes: str) -> Indices:
    toml = parse_graft_toml(text.encode(), "/app/graft.toml")
    return read_indices(toml, config, scopes)


def test_every_form_of_a_declaration() -> None:
    found = read(
        f"""
[indices]
short = "{URL}"
long = {{ url = "{URL}", tag = "v1" }}
folder = {{ path = "../mine" }}
scp = "git@git.example.com:acme/index.git"
deep.er = "{URL}"
"quoted.one" = {{ url = "ssh://git@git.example.com/x", branch = "release/2" }}
default = "file:///srv/index.git"
[indices.header]
url = "{URL}"
rev = "8ff60d75"
"""
    ).sources
    asked = {name: (source.url, source.ref) for name, source in found.items()}
    assert asked == {
        "short": (URL, ""),
        "long": (URL, "tag v1"),
        "folder": ("", ""),
        "scp": ("git@git.example.com:acme/index.git", ""),
        "deep.er": (URL, ""),
        "quoted.one": ("ssh://git@git.example.com/x", "branch release/2"),
        "default": ("file:///srv/index.git", ""),
        "header": (URL, "rev 8ff60d75"),
    }
    assert found["folder"].folder == "/mine" and found["folder"].path == "../mine"
    assert found["long"].where == "/app/graft.toml:4"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("acme = 1", "needs the address of a repository"),
        ("acme = {}", "needs the address of a repository"),
        ("acme = { ulr = 'x' }", "has 'ulr', which means nothing here; did you mean 'url'?"),
        ("acme = { url = 'https://a.example/x', brunch = 'y' }", "did you mean 'branch'?"),
        ("acme = { rev = '8ff60d75' }", "has neither a url nor a path"),
        ("acme = { url = 'https://a.example/x', path = 'y' }", "has both a url and a path"),
        ("acme = { path = 'y', rev = '8ff60d75' }", "a folder has none"),
        ('acme = { path = "a\\u0007" }', "control characters"),
        (
            "acme = { url = 'https://a.example/x', rev = '8ff6', tag = 'v1' }",
            "both a rev and a tag",
        ),
        ("acme = { url = 'https://a.example/x', rev = 'main' }", "has a rev that is not a commit"),
        ("acme = { url = 'https://a.example/x', tag = '--output=x' }", "no name that a tag"),
        ("acme = { url = 'https://a.example/x', branch = 'a..b' }", "no name that a branch"),
        ("acme = { url = 'https://a.example/x', branch = 3 }", "has a branch that is no text"),
        ("'a b' = 'https://a.example/x'", "is no namespace"),
        ("'../x' = 'https://a.example/x'", "is no namespace"),
        ("Default = 'https://a.example/x'", "is no namespace"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(entry: str, said: str) -> None:
    with pytest.raises(GraftError) as caught:
        read(f"[indices]\n\n{entry}")
    (why,) = caught.value.diagnostic.why
    assert caught.value.diagnostic.code == "manifest-invalid"
    assert why.startswith("line 3: ") and said in why


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch ran",
        "--upload-pack=x",
        "ext::sh -c touch%20ran",
        "ext::x",
        "fd::3",
        "ssh://-oProxyCommand=x/y",
        "-oProxyCommand=x:y",
        "git@-oProxyCommand=x:y",
        "https://user:hush@git.example.com/x",
        "https://hush@git.example.com/x",
        "ssh://git:hush@git.example.com/x",
        "https://git.example.com/x?token=hush",
        "https://git.example.com/x#main",
        "https://git.example.com",
        "https:///x",
        "file://host/x",
        "git+https://git.example.com/x",
        "ftp://git.example.com/x",
        "/srv/index.git",
        "https://git.example.com/\\u0007x",
        "https://gıt.example.com/x",
        "",
    ],
)
def test_option_like_urls_transports_that_run_programs_and_credentials_are_refused(
    url: str,
) -> None:
    with pytest.raises(GraftError) as caught:
        read(f'[indices]\nacme = "{url}"')
    (why,) = caught.value.diagnostic.why
    assert "has a url that" in why and "hush" not in why
    if "hush" in url and "?" not in url:
        assert "credential helper" in why


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(GraftError) as caught:
        read("[indices]\na = 1\nb = 'x'\n[indices.c]\nurl = 'https://c.example/x'\nrev = '-'\n")
    assert [why.split(":")[0] for why in caught.value.diagnostic.why] == [
        *("line 2", "line 3", "line 4"),
    ]


def test_the_longest_namespace_serves_and_nothing_else_does() -> None:
    found = read(
        f'[indices]\nacme = "{URL}"\n"acme.sub" = "{URL}2"\nacme-edge = "{URL}3"\n'
        f'default = "{URL}4"'
    )
    routed = {
        namespace: source.namespace if (source := found.route(namespace)) else None
        for namespace in ("acme", "acme.sub", "acme.sub.x", "acme.other", "acmes", "acme-edge", "")
    }
    assert routed == {
        "acme": "acme",
        "acme.sub": "acme.sub",
        "acme.sub.x": "acme.sub",
        "acme.other": "acme",
        "acmes": None,
        "acme-edge": "acme-edge",
        "": "default",
    }
    assert read("").route("") is None


def test_a_scope_of_a_registry_that_an_index_would_serve_is_an_error() -> None:
    for scope in ("acme", "acme.sub"):
        with pytest.raises(GraftError) as caught:
            read(f'[indices]\nacme = "{URL}"', **{scope: "https://registry.example.com/"})
        assert caught.value.diagnostic.code == "index-conflict"
        assert caught.value.diagnostic.where == "/app/graft.toml:2"
    assert read(f'[indices]\nacme = "{URL}"', other="https://registry.example.com/").scopes


def test_the_nearest_declaration_wins_whole(project: Project, machine: Machine) -> None:
    config = machine.home / ".config/graft/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        f'[indices]\nmine = {{ path = "mine" }}\nacme = {{ url = "{URL}", tag = "v1" }}\n'
    )
    project.write("graft.toml", f'[indices]\nacme = "{URL}2"\n')
    found = {entry["namespace"]: entry for entry in listed(project)}
    assert found["acme"]["url"] == f"{URL}2" and found["acme"]["ref"] == ""
    assert found["mine"]["path"] == str(config.parent / "mine")
    assert found["mine"]["declared"] == f"{config}:2"
    config.write_text('[indices]\nacme = "ext::x"\n')
    assert project.graft("index", "list", check=False).code == 80


def listed(project: Project) -> list[dict[str, str]]:
    return list(project.graft("index", "list", "--json").json["indices"])
