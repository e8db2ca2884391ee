"""The settings in force in a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graft.base.diagnostics import Diagnostic
from graft.base.http import HttpSettings
from graft.project.registries import Registries


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    registries: Registries
    http: HttpSettings
    save_exact: bool
    save_prefix: str
    tag: str
    offline: bool
    prefer_offline: bool
    omit: frozenset[str]
    notes: tuple[Diagnostic, ...]
    store_root: str
    cache_root: str
    user_config: str


def read_settings(
    project_dir: str, environ: Mapping[str, str], home: str, flags: Mapping[str, str]
) -> Settings:
    raise NotImplementedError
