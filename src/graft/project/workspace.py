"""A workspace: one project of several packages, which its root lists.

The root names them by patterns: ``packages`` of pnpm-workspace.yaml, else ``workspaces`` of its
package.json.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.light_json import read_json
from graft.project.globs import Found, expand, matches, normal
from graft.project.manifest import MANIFEST_NAME, ProjectManifest
from graft.project.manifests import Manifests
from graft.project.pnpm_settings import PnpmSettings, read_pnpm_settings


def patterns_of(data: Mapping[str, Any], pnpm: PnpmSettings, *, where: str) -> tuple[str, ...]:
    """The patterns of a root's manifest and pnpm's file beside it; none where it lists nothing.
    Raises ``workspace-invalid``."""
    said, place = data.get("workspaces"), where
    if isinstance(said, dict):
        said = said.get("packages")
    if pnpm.data.get("packages") is not None:
        said, place = pnpm.data["packages"], pnpm.path
    if said is None or said == "":
        return ()
    if not isinstance(said, list) or not all(isinstance(item, str) for item in said):
        raise _invalid(
            "the workspace's packages are not a list of folders", place, fix='write ["packages/*"]'
        )
    for item in said:
        if item.removeprefix("!").startswith("/") or ".." in item.split("/"):
            raise _invalid(
                f"the workspace's pattern '{item}' leads out of its folder",
                place,
                fix="move those packages into the root's folder, or the root above them",
            )
    return tuple(normal(item) for item in said if item)


def lists(folder: str, path: str) -> bool:
    """Whether the root in ``folder`` has a member at ``path``. Raises ``workspace-invalid`` and
    ``manifest-unreadable``."""
    file = os.path.join(folder, MANIFEST_NAME)
    try:
        data = read_json(read_file(file) or b"{}")
    except ValueError as error:
        raise GraftError(
            "manifest-unreadable",
            f"the {MANIFEST_NAME} above cannot be read: {error}",
            where=file,
            fix="correct the file: it may be the root of a workspace",
        ) from None
    said = data if isinstance(data, dict) else {}
    return matches(patterns_of(said, read_pnpm_settings(folder), where=file), path)


def members_at(
    folder: str, patterns: Sequence[str], manifests: Manifests
) -> tuple[dict[str, ProjectManifest], Found]:
    """The members by path, without the root; and where they were looked for. A folder that has no
    manifest is none."""
    found = expand(folder, patterns)
    read = {path: manifests.at(path) for path in found.folders if path != "."}
    return {path: manifest for path, manifest in read.items() if manifest}, found


def members_by_name(members: Mapping[str, ProjectManifest]) -> dict[str, str]:
    """Name -> path. Raises ``workspace-invalid`` where two have one name."""
    paths: dict[str, str] = {}
    for path, manifest in members.items():
        name = manifest.name
        if name and paths.setdefault(name, path) != path:
            first = members[paths[name]]
            raise GraftError(
                "workspace-invalid",
                f"two members of the workspace are called '{name}'",
                where=manifest.path,
                why=[f"{first.path} has that name too"],
                fix="rename one of them, or take its folder out with a pattern like '!<folder>'",
            )
    return paths


def _invalid(message: str, where: str, *, fix: str) -> GraftError:
    return GraftError("workspace-invalid", message, where=where, fix=fix)
