"""What a project, the command line and settings may each say: how packages are laid out, and
whether several versions of one may live side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.project.npmrc import Layer, Npmrc, Setting

LAYOUTS = ("virtual", "isolated", "hoisted")
NESTED, FLAT = "nested", "flat"
RESOLUTIONS = (NESTED, FLAT)

# What other package managers call it: setting -> value -> layout. Plug'n'Play has none.
_OTHERS: dict[str, dict[str, str]] = {
    "node-linker": {"isolated": "isolated", "hoisted": "hoisted"},
    "install-strategy": {
        "hoisted": "hoisted",
        "nested": "hoisted",
        "shallow": "hoisted",
        "linked": "isolated",
    },
}


class Choice(Record):
    """What the command line says, and what settings do; empty where they say nothing."""

    flag: str = ""
    setting: str = ""

    def over(self, manifest: str) -> str:
        """The flag's, else the manifest's, else the settings'; empty if nobody chooses."""
        return self.flag or manifest or self.setting


def read_layout(npmrc: Npmrc) -> Choice:
    """Raises ``settings-unreadable`` for a layout that there is not."""
    said = _read(npmrc, "layout", LAYOUTS)
    if said != Choice():
        return said
    for key, layouts in _OTHERS.items():
        layout = layouts.get(npmrc.get(key), "")
        if layout:
            return Choice(setting=layout)
    return said


def read_resolution(npmrc: Npmrc) -> Choice:
    """Raises ``settings-unreadable`` for a way to resolve that there is not."""
    return _read(npmrc, "resolution", RESOLUTIONS)


def manifest_layout(manifest: Mapping[str, Any]) -> str:
    said: str = manifest.get("graft", {}).get("layout", "")
    return said


def manifest_resolution(manifest: Mapping[str, Any]) -> str:
    """At the top, or beside the layout."""
    said: str = manifest.get("resolution", "")
    return said or manifest.get("graft", {}).get("resolution", "")


def is_flat(choice: Choice, manifest: Mapping[str, Any]) -> bool:
    """Whether there is to be one version of each package."""
    return choice.over(manifest_resolution(manifest)) == FLAT


def wrong_choices(manifest: Mapping[str, Any]) -> list[str]:
    """What is wrong with what a manifest chooses."""
    own = manifest.get("graft", {})
    if not isinstance(own, dict):
        return ["graft is not an object"]
    said = (
        ("graft.layout", own, "layout", LAYOUTS),
        ("graft.resolution", own, "resolution", RESOLUTIONS),
        ("resolution", manifest, "resolution", RESOLUTIONS),
    )
    wrong = [
        f"{name} is {where[key]!r}, which is not {', '.join(values)}"
        for name, where, key, values in said
        if key in where and where[key] not in values
    ]
    top, beside = manifest.get("resolution"), own.get("resolution")
    if not wrong and top and beside and top != beside:
        wrong.append(f"resolution is {top!r}, and graft.resolution is {beside!r}")
    return wrong


def _read(npmrc: Npmrc, key: str, values: tuple[str, ...]) -> Choice:
    said = npmrc.settings.get(key)
    if said is None:
        return Choice()
    if said.value not in values:
        raise _unknown(said, key, values)
    return Choice(flag=said.value) if said.layer is Layer.FLAG else Choice(setting=said.value)


def _unknown(said: Setting, key: str, values: tuple[str, ...]) -> GraftError:
    from graft.base.suggestions import did_you_mean

    return GraftError(
        "settings-unreadable",
        f"'{key}' is '{said.value}', which is not {', '.join(values[:-1])} or {values[-1]}",
        where=said.where,
        fix=did_you_mean(said.value, values) or f"set {key} to {values[0]}, or remove it",
    )
