"""Settings as the types that they stand for."""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.project.npmrc import Npmrc, Setting

_BOOLEANS = {"true": True, "1": True, "": True, "false": False, "0": False, "null": False}


def boolean(npmrc: Npmrc, key: str, *, default: bool = False) -> bool:
    """Raises ``settings-unreadable`` for anything but true and false."""
    setting = npmrc.settings.get(key)
    if setting is None:
        return default
    value = _BOOLEANS.get(setting.value.lower())
    if value is None:
        raise wrong_value(key, setting, "true or false")
    return value


def number(npmrc: Npmrc, key: str, default: float, *, least: float = 0.0) -> float:
    """Raises ``settings-unreadable`` for what is no number, or one below ``least``."""
    setting = npmrc.settings.get(key)
    if setting is None:
        return default
    try:
        value = float(setting.value)
    except ValueError:
        value = float("nan")
    if not least <= value < 1e12:
        raise wrong_value(key, setting, f"a number from {least:g} upward")
    return value


def words(npmrc: Npmrc, key: str) -> list[str]:
    """A list: ``key[]=`` lines, or words between commas or spaces."""
    setting = npmrc.settings.get(key)
    if setting is None:
        return []
    return [word for value in setting.values for word in value.replace(",", " ").split()]


def wrong_value(key: str, setting: Setting, wanted: str) -> GraftError:
    return GraftError(
        "settings-unreadable",
        f"'{key}' is '{setting.value}', which is not {wanted}",
        where=setting.where,
        fix=f"set {key} to {wanted}, or remove it",
    )
