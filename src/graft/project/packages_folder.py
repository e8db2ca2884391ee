"""Where packages appear in a project without any JavaScript."""

from __future__ import annotations

import os

from graft.project.defaults import MODULES, PNPM_SETTINGS
from graft.project.graft_toml import Wrong, read_graft_toml, refusal
from graft.project.toml_package import read_own


def packages_folder(project: str) -> str:
    """For ``defaults.modules_folder``, where there is a ``graft.toml``."""
    for name in ("package.json", PNPM_SETTINGS):
        if os.path.lexists(os.path.join(project, name)):
            return MODULES
    toml = read_graft_toml(project)
    if toml is None:
        return MODULES
    wrong: list[Wrong] = []
    own = read_own(toml, wrong)
    if wrong:
        raise refusal(toml, wrong)
    return own.folder
