"""All that a project asks for: its root, the members of its workspace, and the directories of its
own that they lead to. Each is an importer, by its path relative to the root."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graft.base.diagnostics import Diagnostic
from graft.base.records import Record, replace
from graft.model.links import NO_LINKS, Links
from graft.model.requirement import Requirement
from graft.project.defaults import MODULES
from graft.project.manifest import ProjectManifest
from graft.project.manifests import ROOT as ROOT
from graft.project.manifests import Declared, Manifests
from graft.project.overrides import NO_RULES, RULE_FIELDS, Rules
from graft.project.pnpm_settings import PnpmSettings, read_pnpm_settings

if TYPE_CHECKING:
    from graft.project.patches import Patches

_PATCHES = b'"patchedDependencies"'
# How a line begins that has more to it than a package of a registry.
_MORE = ("workspace:", "catalog:", "file:", "link:", "portal:", "./", "../")


class Checkout(Record):
    """``manifests``, and what each asks for, are by importer path; ``members`` are the paths of the
    workspace's, with the root. ``said`` is the text of all files that decide what that amounts to.
    ``edited`` has the texts that are not in those files yet, by path. ``files`` names the manifests
    beside the root's that decided, be it by being absent, and ``folders`` those whose entries did;
    both are relative to the root. ``beside`` are the folders outside of it that are linked to, by
    path, and what their manifests say; None is one without.
    ``modules`` is the name of the folders in which packages appear."""

    folder: str
    manifests: Mapping[str, ProjectManifest]
    asked: Mapping[str, tuple[Requirement, ...]]
    said: bytes
    edited: Mapping[str, bytes]
    members: tuple[str, ...] = (ROOT,)
    links: Links = NO_LINKS
    rules: Rules = NO_RULES
    patches: Patches | None = None
    beside: Mapping[str, ProjectManifest | None] = {}
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    modules: str = MODULES

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        """What is to be said of the files, though they can be used."""
        tomls = (manifest.toml for manifest in self.manifests.values())
        return tuple(note for toml in tomls if toml for note in toml.notes)

    @property
    def root(self) -> ProjectManifest:
        return self.manifests[ROOT]


def read_checkout(
    folder: str, declared: Declared, edited: Mapping[str, bytes] | None = None
) -> Checkout:
    """The project whose root is ``folder``. ``edited`` holds, by path, texts that count in place of
    what is in the files.

    Raises what reading manifests, settings, rules and patches raises, ``workspace-invalid``,
    ``member-unknown`` and ``catalog-unknown``.
    """
    edited = edited or {}
    manifests = Manifests(folder, declared, edited)
    root = manifests.needed(ROOT)
    pnpm = read_pnpm_settings(folder)
    if _is_plain(root, pnpm):
        checkout = Checkout(
            folder=folder,
            manifests={ROOT: root},
            asked={ROOT: root.requirements},
            said=root.raw,
            edited=edited,
        )
    else:
        from graft.project.importers import read_importers

        checkout = read_importers(folder, root, pnpm, manifests, edited)
    if _PATCHES not in root.raw:
        return checkout
    from graft.project.patches import read_patches

    return replace(checkout, patches=read_patches(root.data, folder, root.path))


def _is_plain(root: ProjectManifest, pnpm: PnpmSettings) -> bool:
    """Whether the root's manifest is all there is, and every line of it means what it says."""
    return (
        not pnpm.raw
        and root.toml is None
        and not any(field in root.data for field in ("workspaces", *RULE_FIELDS))
        and not any(r.specifier.lstrip().startswith(_MORE) for r in root.requirements)
    )
