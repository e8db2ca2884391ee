"""The settings in force in a project: what npm's users have configured, and where graft lives."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from graft.base.diagnostics import Diagnostic
from graft.base.http import HttpSettings
from graft.base.records import Record
from graft.project.build_settings import BuildSettings, read_build_settings
from graft.project.choices import Choice, read_layout, read_resolution
from graft.project.credentials import read_credentials
from graft.project.default_registry import DefaultRegistry
from graft.project.defaults import cache_below, own_home, state_home, store_home, user_config
from graft.project.garbage_settings import GarbageSettings, read_garbage_settings
from graft.project.http_settings import read_http_settings
from graft.project.npmrc import Layer, Npmrc, environment_setting, read_npmrc
from graft.project.omit import read_omit
from graft.project.peer_settings import PeerSettings, read_peer_settings
from graft.project.registries import Registries, read_registries
from graft.project.values import boolean


class Settings(Record):
    """``omit`` holds ``dev``, ``optional`` or ``peer``. ``notes`` are for the user to see.
    ``state_root`` is for what has to be written down while the store is frozen."""

    registries: Registries
    http: HttpSettings
    save_exact: bool
    save_prefix: str
    tag: str
    offline: bool
    prefer_offline: bool
    frozen_store: bool
    omit: frozenset[str]
    builds: BuildSettings
    peers: PeerSettings
    engine_strict: bool
    layout: Choice
    resolution: Choice
    garbage: GarbageSettings
    notes: tuple[Diagnostic, ...]
    store_root: str
    state_root: str
    own_root: str
    cache_root: str
    user_config: str


def read_settings(
    project_dir: str,
    environ: Mapping[str, str],
    home: str,
    flags: Mapping[str, str],
    *,
    global_files: Sequence[str] = (),
) -> Settings:
    """``flags`` are npm's settings as the command line gave them: ``{"registry": "https://…"}``.

    Raises ``settings-unreadable``, naming file and line.
    """
    npmrc = read_npmrc(settings_files(project_dir, environ, home, global_files), environ, flags)
    store_root = store_home(environ, home)
    own_root = own_home(environ, home)
    own_file = user_config(environ, home)
    fallback = DefaultRegistry(user_config=own_file, home=home, environ=environ)
    return Settings(
        registries=read_registries(npmrc, read_credentials(npmrc, home), fallback.find),
        http=read_http_settings(npmrc, environ, home),
        save_exact=boolean(npmrc, "save-exact"),
        save_prefix=npmrc.get("save-prefix", "^"),
        tag=npmrc.get("tag", "latest"),
        offline=boolean(npmrc, "offline"),
        prefer_offline=boolean(npmrc, "prefer-offline"),
        frozen_store=boolean(npmrc, "frozen-store"),
        omit=read_omit(npmrc, environ),
        builds=read_build_settings(npmrc),
        peers=read_peer_settings(npmrc),
        engine_strict=boolean(npmrc, "engine-strict"),
        layout=read_layout(npmrc),
        resolution=read_resolution(npmrc),
        garbage=read_garbage_settings(npmrc),
        notes=npmrc.notes + _warnings(npmrc),
        store_root=store_root,
        state_root=state_home(environ, home),
        own_root=own_root,
        cache_root=cache_below(own_root),
        user_config=own_file,
    )


def settings_files(
    project_dir: str, environ: Mapping[str, str], home: str, global_files: Sequence[str]
) -> list[tuple[Layer, str]]:
    """The files that ``read_npmrc`` reads, whether they are there or not."""
    user = environment_setting(environ, "userconfig") or os.path.join(home, ".npmrc")
    named = environment_setting(environ, "globalconfig")
    files = [(Layer.GLOBAL, path) for path in (*global_files, *([named] if named else []))]
    files.append((Layer.USER, user))
    project = os.path.join(project_dir, ".npmrc")
    # A command run in the home folder: the file is the user's, and keeps its rights.
    if os.path.realpath(project) != os.path.realpath(user):
        files.append((Layer.PROJECT, project))
    return files


def _warnings(npmrc: Npmrc) -> tuple[Diagnostic, ...]:
    if boolean(npmrc, "strict-ssl", default=True):
        return ()
    return (
        Diagnostic(
            code="tls-unverified",
            message="strict-ssl=false: certificates of registries are not verified",
            where=npmrc.settings["strict-ssl"].where,
            fix="name the registry's authority by cafile= and remove strict-ssl=false",
        ),
    )
