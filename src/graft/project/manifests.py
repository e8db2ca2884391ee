"""What the files of a folder ask for together: ``package.json``, ``graft.toml``, or both."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.records import replace
from graft.project.defaults import GRAFT_TOML
from graft.project.manifest import MANIFEST_NAME, SECTIONS, ProjectManifest, parse_manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.project.graft_toml import GraftToml
    from graft.project.namespaces import Namespaces
    from graft.project.toml_manifest import TomlManifest

Declared = Callable[["GraftToml | None"], "Namespaces"]
"""The namespaces that are declared where the project's root has this ``graft.toml``."""

ROOT = "."
INDICES = "indices"


class Manifests:
    """Those of one project. ``edited`` holds, by the path of a file from the root, texts that count
    in place of what is in it."""

    def __init__(self, root: str, declared: Declared, edited: Mapping[str, bytes]) -> None:
        self._root = root
        self._declared = declared
        self._edited = edited
        self._namespaces: Namespaces | None = None

    def at(self, path: str) -> ProjectManifest | None:
        """That of a folder, by its path from the root; None if it has neither file.

        Raises what reading either raises, and ``dependency-twice``.
        """
        raw, toml = self._text(path, MANIFEST_NAME), self._text(path, GRAFT_TOML)
        file = self._file(path, MANIFEST_NAME)
        manifest = parse_manifest(raw, file) if raw is not None else None
        return manifest if toml is None else self._with_toml(path, manifest, toml)

    def needed(self, path: str) -> ProjectManifest:
        """The same. Raises ``manifest-missing`` where it is not there."""
        manifest = self.at(path)
        if manifest is None:
            raise GraftError(
                "manifest-missing",
                f"there is no {MANIFEST_NAME} here",
                where=os.path.dirname(self._file(path, MANIFEST_NAME)),
                fix="go to the project's folder, or start one with 'graft add <package>'",
            )
        return manifest

    def _with_toml(
        self, path: str, manifest: ProjectManifest | None, raw: bytes
    ) -> ProjectManifest:
        from graft.project.graft_toml import Wrong, parse_graft_toml, refusal
        from graft.project.toml_manifest import read_toml_manifest

        toml = parse_graft_toml(raw, self._file(path, GRAFT_TOML))
        if path != ROOT and INDICES in toml.data:
            raise refusal(toml, [Wrong((INDICES,), f"[{INDICES}] is for the root to say")])
        said = read_toml_manifest(toml, self._known(toml if path == ROOT else None))
        if manifest is None:
            data = {"name": said.name, "version": said.version}
            return ProjectManifest(
                path=toml.path,
                raw=b"",
                data={key: text for key, text in data.items() if text},
                requirements=said.requirements,
                toml=said,
            )
        _refuse_twice(manifest, said)
        every = sorted((*manifest.requirements, *said.requirements), key=lambda r: r.local)
        return replace(manifest, requirements=tuple(every), toml=said)

    @property
    def namespaces(self) -> Namespaces:
        """Those that are declared."""
        return self._known(None)

    def _known(self, root: GraftToml | None) -> Namespaces:
        if self._namespaces is None:
            if root is None and (raw := self._text(ROOT, GRAFT_TOML)) is not None:
                from graft.project.graft_toml import parse_graft_toml

                root = parse_graft_toml(raw, self._file(ROOT, GRAFT_TOML))
            self._namespaces = self._declared(root)
        return self._namespaces

    def _text(self, path: str, name: str) -> bytes | None:
        edited = self._edited.get(name if path == ROOT else f"{path}/{name}")
        return edited if edited is not None else read_file(self._file(path, name))

    def _file(self, path: str, name: str) -> str:
        return os.path.join(self._root, name if path == ROOT else f"{path}/{name}")


def _refuse_twice(manifest: ProjectManifest, said: TomlManifest) -> None:
    """Nothing says which of two files has the last word on a dependency."""
    sections = {name: key for key in SECTIONS for name in manifest.data.get(key, {})}
    twice = [requirement for requirement in said.requirements if requirement.local in sections]
    if not twice:
        return
    from graft.project.graft_toml import line_of

    why = []
    for requirement in twice:
        section, keys = sections[requirement.local], said.keys[requirement.local]
        there = manifest.data[section][requirement.local]
        why += [
            f'{MANIFEST_NAME} has "{requirement.local}": "{there}" in {section}',
            f"{GRAFT_TOML} has it on line {line_of(said.toml, keys)}, in [{keys[0]}]",
        ]
    raise GraftError(
        "dependency-twice",
        f"{MANIFEST_NAME} and {GRAFT_TOML} both ask for {', '.join(r.local for r in twice)}",
        where=os.path.dirname(manifest.path),
        why=why,
        fix="take it out of one of them",
    )
