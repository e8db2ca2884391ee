"""When garbage is collected. A project's own ``.npmrc`` has no say in it: the store is the
machine's."""

from __future__ import annotations

from graft.base.records import Record
from graft.project.npmrc import Npmrc
from graft.project.values import boolean, wrong_value

_GRACE = "gc-grace"
_WEEK_SECONDS = 7 * 24 * 60 * 60


class GarbageSettings(Record):
    """``grace`` is how many seconds something stays that nobody needs; ``auto`` whether installs
    have the store collected."""

    grace: int = _WEEK_SECONDS
    auto: bool = True


def read_garbage_settings(npmrc: Npmrc) -> GarbageSettings:
    """Raises ``settings-unreadable``."""
    grace = _WEEK_SECONDS
    if (setting := npmrc.settings.get(_GRACE)) is not None:
        from graft.base.amounts import seconds

        try:
            grace = seconds(setting.value)
        except ValueError:
            raise wrong_value(_GRACE, setting, "a time like 7d or 12h") from None
    return GarbageSettings(grace=grace, auto=boolean(npmrc, "auto-gc", default=True))
