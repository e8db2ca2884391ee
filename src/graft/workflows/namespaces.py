"""Which namespaces are declared where a command works: by the project, and by settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graft.project.graft_toml import GraftToml
    from graft.project.indices_settings import Indices
    from graft.project.manifests import Declared
    from graft.project.namespaces import Namespaces
    from graft.project.settings import Settings


def declared_by(toml: GraftToml | None, settings: Settings) -> Namespaces:
    """``toml`` is that of the project's root. Raises what ``read_indices`` raises."""
    return indices_of(toml, settings).namespaces


def indices_of(toml: GraftToml | None, settings: Settings) -> Indices:
    """The same with where each comes from."""
    from graft.project.indices_settings import read_indices

    return read_indices(toml, settings.user_config, settings.registries.scopes)


def declared_in(folder: str, environ: Mapping[str, str], home: str) -> Declared:
    """For commands that read no settings, unless there is a ``graft.toml`` that makes them."""

    def declared(toml: GraftToml | None) -> Namespaces:
        from graft.project.settings import read_settings

        return declared_by(toml, read_settings(folder, environ, home, {}))

    return declared
