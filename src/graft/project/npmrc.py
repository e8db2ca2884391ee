"""npm's settings: files, environment and flags, laid over each other.

A project's own ``.npmrc`` comes with whatever was cloned, so it may not do all that the user's may.
It must not send the user's secrets anywhere (an expanded ``${VAR}`` in a credential or an address
would), weaken or reroute connections, or choose another store or script policy. What it sets of
these is ignored with a note that holds the line for the user's own file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.files import read_file
from graft.base.records import Record
from graft.project.defaults import is_setting
from graft.project.ini import IniLine, expand, parse_ini, references

_CREDENTIALS = frozenset(
    {"_authToken", "_auth", "_password", "username", "email", "certfile", "keyfile", "tokenHelper"}
)
# Fields of a host that say who asks, but not how that is proven.
_OPEN_FIELDS = frozenset({"username", "email", "certfile", "keyfile", "tokenHelper", "always-auth"})
_SECRET_WORDS = ("_auth", "token", "password", "passwd", "secret")
# These name files or programs of this machine: never for a repository to say.
_LOCAL_CREDENTIALS = frozenset({"certfile", "keyfile", "tokenHelper"})
_REFUSED_IN_PROJECT = frozenset(
    {
        # where graft and npm keep things, and where settings come from
        *("cache", "prefix", "userconfig", "globalconfig", "store-dir", "tmp"),
        "frozen-store",
        # how connections are made, and who is believed on them
        *("strict-ssl", "ca", "cafile", "cert", "key", "local-address"),
        *("proxy", "http-proxy", "https-proxy", "noproxy", "no-proxy"),
        # how programs are run
        *("script-shell", "shell", "node-options", "git", "unsafe-perm", "sandbox"),
        # when the store that all projects share is collected
        *("auto-gc", "gc-grace"),
    }
)
# Stricter than the user's choice is welcome from a project; laxer is not.
_REFUSED_VALUES = {"ignore-scripts": "false", "strict-dep-builds": "false"}


class Layer(IntEnum):
    """Where a setting comes from; a higher layer wins."""

    GLOBAL = 1
    USER = 2
    PROJECT = 3
    ENVIRONMENT = 4
    FLAG = 5


class Setting(Record, unshown=("values",)):
    """``values`` has one item unless the key was written as a list; ``where`` says who set it.
    Tokens are among the values. ``variables`` are those that the values were made of."""

    values: tuple[str, ...]
    layer: Layer
    where: str
    variables: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        return self.values[-1]


class Source(Record):
    """One file, the environment or the flags: what it sets, and what it may not, each by key."""

    layer: Layer
    settings: Mapping[str, Setting]
    ignored: tuple[tuple[str, Diagnostic], ...] = ()


class Npmrc(Record):
    """All settings by key, what they would be without the project's file, and what was ignored."""

    settings: Mapping[str, Setting]
    without_project: Mapping[str, Setting] = {}
    notes: tuple[Diagnostic, ...] = ()

    def get(self, key: str, default: str = "") -> str:
        setting = self.settings.get(key)
        return setting.value if setting else default


def read_npmrc(
    files: Iterable[tuple[Layer, str]], environ: Mapping[str, str], flags: Mapping[str, str]
) -> Npmrc:
    """Read the files that exist; raise ``settings-unreadable`` for one that cannot be read."""
    settings: dict[str, Setting] = {}
    machine: dict[str, Setting] = {}
    notes: list[Diagnostic] = []
    for source in read_sources(files, environ, flags):
        settings |= source.settings
        if source.layer is not Layer.PROJECT:
            machine |= source.settings
        notes += [note for _, note in source.ignored]
    return Npmrc(settings=settings, without_project=machine, notes=tuple(notes))


def read_sources(
    files: Iterable[tuple[Layer, str]], environ: Mapping[str, str], flags: Mapping[str, str]
) -> list[Source]:
    """All that say something, the lowest first. Raises as ``read_npmrc``."""
    found = [
        _read_file(path, layer, environ) for layer, path in sorted(files, key=lambda file: file[0])
    ]
    found.append(Source(layer=Layer.ENVIRONMENT, settings=_read_environment(environ)))
    said = {
        key: Setting(values=(value,), layer=Layer.FLAG, where=f"--{key}")
        for key, value in flags.items()
    }
    return [*found, Source(layer=Layer.FLAG, settings=said)]


def environment_setting(environ: Mapping[str, str], key: str) -> str:
    """``npm_config_<key>`` in whatever case; empty counts as unset."""
    setting = _read_environment(environ).get(key)
    return setting.value if setting else ""


def _read_file(path: str, layer: Layer, environ: Mapping[str, str]) -> Source:
    found: dict[str, Setting] = {}
    ignored: list[tuple[str, Diagnostic]] = []
    for line in parse_ini(read_text(path)):
        where = f"{path}:{line.line}"
        if layer is Layer.PROJECT and (note := objection(line, where)):
            ignored.append((line.key, note))
            continue
        key, value = expand(line.key, environ), expand(line.value, environ)
        before = found.get(key) if line.is_list else None
        found[key] = Setting(
            values=(*(before.values if before else ()), value),
            layer=layer,
            where=where,
            variables=(*(before.variables if before else ()), *references(line.value)),
        )
    return Source(layer=layer, settings=found, ignored=tuple(ignored))


def read_text(path: str) -> str:
    """What is in a settings file; empty if there is none. Raises ``settings-unreadable``."""
    try:
        data = read_file(path) or b""
    except OSError as error:
        raise GraftError(
            "settings-unreadable",
            f"cannot read {path}: {error.strerror}",
            where=path,
            fix="make it a readable file, or remove it",
        ) from error
    try:
        text = data.decode("utf-8-sig")
        bad = text.index("\0") if "\0" in text else -1
    except UnicodeDecodeError as error:
        text, bad = data[: error.start].decode("utf-8-sig", "replace"), error.start
    if bad >= 0:
        line = text[:bad].count("\n") + 1
        raise GraftError(
            "settings-unreadable",
            f"{path} is not a text file: line {line} holds bytes that are not UTF-8 text",
            where=f"{path}:{line}",
            fix="write it as UTF-8 text, one key=value a line",
        )
    return text


def _read_environment(environ: Mapping[str, str]) -> dict[str, Setting]:
    """npm's rule: ``_`` reads as ``-`` but for a leading one; keys of a host are taken as is."""
    found = {}
    for variable, value in environ.items():
        if not is_setting(variable) or not value:
            continue
        key = variable[11:]
        if not key.startswith("//"):
            key = key[:1].lower() + key[1:].lower().replace("_", "-")
        found[key] = Setting(values=(value,), layer=Layer.ENVIRONMENT, where=f"${variable}")
    return found


def objection(line: IniLine, where: str) -> Diagnostic | None:
    """Why a line of a project's file is not obeyed, if it is not."""
    last = line.key.rpartition(":")[2]
    is_address = last == "registry"
    variables = references(line.key) or references(line.value)
    if variables and (is_credential(line.key) or is_address or references(line.key)):
        what = "a credential" if is_credential(line.key) else "an address"
        return Diagnostic(
            code="credential-in-project",
            message=f"ignored {what} that takes ${{{variables[0]}}} from the environment",
            where=where,
            why=(
                "a project's .npmrc comes with the repository: expanding variables there would "
                "let any repository send your secrets to a host of its choice",
            ),
            fix=f"put this line into ~/.npmrc instead: {_without_secrets(line, where)}",
        )
    if (
        line.key in _REFUSED_IN_PROJECT
        or _REFUSED_VALUES.get(line.key) == line.value
        or (line.key.startswith("//") and last in _LOCAL_CREDENTIALS)
    ):
        return Diagnostic(
            code="setting-in-project",
            message=f"ignored '{line.key}': a project may not set it",
            where=where,
            why=("it would choose this machine's store, connections or script policy",),
            fix=f"if you want it, put this line into ~/.npmrc: {_without_secrets(line, where)}",
        )
    return None


def is_secret(key: str, setting: Setting) -> bool:
    """Whether a value must not be shown: credentials, and what a variable of such a name gave."""
    if key.startswith("//"):
        secret = key.rpartition(":")[2] not in _OPEN_FIELDS
    else:
        secret = key in ("key", "otp") or any(word in key.lower() for word in _SECRET_WORDS)
    return secret or any(
        word in name.lower() for name in setting.variables for word in ("key", *_SECRET_WORDS)
    )


def is_credential(key: str) -> bool:
    return key.startswith("//") or key in _CREDENTIALS


def _without_secrets(line: IniLine, where: str) -> str:
    """The line to copy. A value that may hold a secret in plain text is not repeated."""
    key = f"{line.key}[]" if line.is_list else line.key
    is_reference = line.value.startswith("${") and line.value.find("}") == len(line.value) - 1
    may_be_secret = is_credential(line.key) or line.key == "key"
    if (may_be_secret and not is_reference) or "@" in line.value or "-----" in line.value:
        return f"{key}=<the value in {where}>"
    return f"{key}={line.value}"
