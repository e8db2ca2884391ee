"""Whether anything at all in the settings could change what a project's ``node_modules`` holds.

Mostly nothing does. Then the shortest roads need not read settings in earnest. In doubt the answer
is no, and settings.py decides. Imports next to nothing, as it runs before everything else.
"""

from __future__ import annotations

import os

from graft.base.files import is_for_group, read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Keys that decide which packages are linked, or of which the user must be told each time.
_DECISIVE = frozenset(
    {
        *("omit", "include", "only", "production", "dev", "also", "optional"),
        *("strict-ssl", "prefix", "strict-dep-builds", "strict-peer-deps", "engine-strict"),
        *("layout", "node-linker", "install-strategy", "frozen-store"),
    }
)
# Locks of other package managers, the one to read first in front: a stray package-lock.json beside
# another tool's lock is common, the reverse is rare.
_FOREIGN_LOCKS = (
    *("pnpm-lock.yaml", "yarn.lock", "bun.lock"),
    *("npm-shrinkwrap.json", "package-lock.json"),
)
# Beside package.json it may hold overrides, which have a say in what is resolved.
PNPM_SETTINGS = "pnpm-workspace.yaml"
# It asks for packages as package.json does.
GRAFT_TOML = "graft.toml"
# Where packages appear, as Node.js looks for them there.
MODULES = "node_modules"
# In settings, it says that packages may be taken from other workspaces.
DONORS = "deps-source"
_OWN_VARIABLE = "npm_config_user_agent"
# All that a project's own file may hold here: the rest can be refused there, with a note.
_HARMLESS_IN_PROJECT = frozenset(
    {
        *("registry", "tag", "fund", "audit", "progress", "loglevel", "update-notifier"),
        *("save-exact", "save-prefix", "package-lock", "legacy-peer-deps"),
    }
)


def npmrc_files(folder: str, environ: Mapping[str, str], home: str) -> tuple[str, str, str]:
    """npm's global file (empty if unknown), the user's and the project's, whether there or not."""
    prefix = environ.get("PREFIX", "") or _node_prefix(environ.get("PATH", ""))
    return (
        os.path.join(prefix, "etc", "npmrc") if prefix else "",
        os.path.join(home, ".npmrc"),
        os.path.join(folder, ".npmrc"),
    )


def home_folder() -> str:
    """The user's home; the root folder where there is none, as for a user of a container that only
    has a number. Never a path from the current folder: a repository could fill that."""
    home = os.path.expanduser("~")
    return home if os.path.isabs(home) else "/"


def store_home(environ: Mapping[str, str], home: str) -> str:
    """Where a user's store and caches are: ``$GRAFT_HOME``, else below the user's data folder."""
    data = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    return environ.get("GRAFT_HOME") or os.path.join(data, "graft")


def own_home(environ: Mapping[str, str], home: str) -> str:
    """Where a user's caches and notes are: beside the store, but not if a group shares that. They
    hold what registries said to this user's tokens, and what this user has linked."""
    shared = store_home(environ, home)
    if not is_for_group(shared):
        return shared
    data = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    return os.path.join(data, "graft")


def state_home(environ: Mapping[str, str], home: str) -> str:
    """Where a user keeps what is neither configuration nor data."""
    folder = environ.get("XDG_STATE_HOME") or os.path.join(home, ".local", "state")
    return os.path.join(folder, "graft")


def cache_below(home: str) -> str:
    """The folder of what may be deleted at any time."""
    return os.path.join(home, "cache")


def user_config(environ: Mapping[str, str], home: str) -> str:
    """graft's own settings of a user: a path, whether the file is there or not."""
    folder = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    return os.path.join(folder, "graft", "config.toml")


def modules_folder(project: str) -> str:
    """The name of the folder in which packages appear in the project whose root this is, and in
    every importer of it: ``node_modules``, unless ``graft.toml`` is alone there and so there is no
    JavaScript. Raises what reading that raises."""
    if not os.path.lexists(os.path.join(project, GRAFT_TOML)):
        return MODULES
    from graft.project.packages_folder import packages_folder

    return packages_folder(project)


def sound_modules_folder(folder: str) -> str:
    """The same for who looks for commands, in this folder and those above: the usual name where
    ``graft.toml`` cannot be read."""
    try:
        return modules_folder(folder)
    except Exception:  # to name it, diagnostics would have to be loaded
        return MODULES


def foreign_locks(folder: str) -> list[str]:
    """The names of other package managers' locks that lie in a project, best first."""
    return [name for name in _FOREIGN_LOCKS if os.path.exists(os.path.join(folder, name))]


def settings_digest(folder: str, environ: Mapping[str, str], home: str) -> str:
    """One name, of 64 hex digits, for all settings that have a say in what is resolved, where that
    is ``only_defaults``; empty where some other program would have to be asked, or another tool's
    lock or pnpm's own settings have a say as well."""
    if foreign_locks(folder) or os.path.exists(os.path.join(folder, PNPM_SETTINGS)):
        return ""
    texts = setting_texts(folder, environ, home)
    if not any(text.lstrip().startswith(b"registry") or b"\nregistry" in text for text in texts):
        return ""
    return texts_digest(texts)


def setting_texts(folder: str, environ: Mapping[str, str], home: str) -> list[bytes]:
    """What is in all files that settings are read from, each in its place."""
    files = [*npmrc_files(folder, environ, home), user_config(environ, home)]
    return [glance(path) for path in files]


def glance(path: str) -> bytes:
    """What is in a settings file; where that cannot be read, a text of which one cannot tell what
    it says: whoever reads it in earnest names it."""
    try:
        return (read_file(path) if path else None) or b""
    except OSError:
        return b"\\"


def texts_digest(texts: list[bytes]) -> str:
    import hashlib

    digest = hashlib.sha256()
    for text in texts:
        digest.update(b"%d:" % len(text))
        digest.update(text)
    return digest.hexdigest()


def is_setting(variable: str) -> bool:
    """Whether a variable of the environment is a setting of npm's. What scripts are told of who
    runs them is none."""
    return variable[:11].lower() == "npm_config_" and variable != _OWN_VARIABLE


def sets_anything(environ: Mapping[str, str]) -> bool:
    """Whether a setting of npm's comes from the environment."""
    return any(map(is_setting, environ))


def only_defaults(folder: str, environ: Mapping[str, str], home: str) -> bool:
    """True if no setting has a say in what is linked, and none has to be spoken of."""
    if environ.get("NODE_ENV") == "production" or environ.get("GRAFT_DEPS_SOURCE"):
        return False
    if sets_anything(environ):
        return False
    global_file, user, project = npmrc_files(folder, environ, home)
    return (
        _DECISIVE.isdisjoint(_keys(global_file))
        and _DECISIVE.isdisjoint(_keys(user))
        and all(_is_harmless(key) for key in _keys(project))
    )


def _keys(path: str) -> set[str]:
    """The keys of an ini file, as far as a glance tells; ``omit`` for what it cannot tell."""
    keys = set()
    for line in glance(path).decode("utf-8", "replace").splitlines():
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        key = text.partition("=")[0].strip().strip("'\"").removesuffix("[]")
        keys.add("omit" if text[0] == "[" or "\\" in key or "${" in text else key)
    return keys


def _is_harmless(key: str) -> bool:
    return key in _HARMLESS_IN_PROJECT or (key.startswith("@") and key.endswith(":registry"))


def _node_prefix(path: str) -> str:
    """Where npm is installed by default: beside the node that is found first."""
    for folder in path.split(os.pathsep):
        node = os.path.join(folder, "node")
        if os.path.isfile(node):
            return os.path.dirname(os.path.dirname(os.path.realpath(node)))
    return ""
