"""Which layout a project asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.project.npmrc import Layer, Npmrc, Setting

LAYOUTS = ("virtual", "isolated", "hoisted")

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


class LayoutSettings(Record):
    """What the command line says, and what settings do; empty where they say nothing."""

    flag: str = ""
    setting: str = ""


def read_layout(npmrc: Npmrc) -> LayoutSettings:
    """Raises ``settings-unreadable`` for a layout that there is not."""
    said = npmrc.settings.get("layout")
    if said is not None:
        if said.value not in LAYOUTS:
            raise _unknown(said)
        is_flag = said.layer is Layer.FLAG
        return LayoutSettings(
            flag=said.value if is_flag else "", setting="" if is_flag else said.value
        )
    for key, layouts in _OTHERS.items():
        layout = layouts.get(npmrc.get(key), "")
        if layout:
            return LayoutSettings(setting=layout)
    return LayoutSettings()


def asked_layout(settings: LayoutSettings, manifest: Mapping[str, Any]) -> str:
    """The flag's, else the manifest's, else the settings'; empty if nobody asks for one."""
    return settings.flag or manifest_layout(manifest) or settings.setting


def manifest_layout(manifest: Mapping[str, Any]) -> str:
    said: str = manifest.get("graft", {}).get("layout", "")
    return said


def wrong_layout(manifest: Mapping[str, Any]) -> list[str]:
    """What is wrong with what a manifest says of its layout."""
    own = manifest.get("graft", {})
    if not isinstance(own, dict):
        return ["graft is not an object"]
    layout = own.get("layout", LAYOUTS[0])
    if layout not in LAYOUTS:
        return [f"graft.layout is {layout!r}, which is not {', '.join(LAYOUTS)}"]
    return []


def _unknown(said: Setting) -> GraftError:
    from graft.base.suggestions import did_you_mean

    return GraftError(
        "settings-unreadable",
        f"'layout' is '{said.value}', which is not {', '.join(LAYOUTS[:-1])} or {LAYOUTS[-1]}",
        where=said.where,
        fix=did_you_mean(said.value, LAYOUTS) or f"set layout to {LAYOUTS[0]}, or remove it",
    )
