"""The cheap check: whether slots and objects have all their files and links, by sizes alone.

Who is about to use something looks at it so; bytes are compared in store/check. What was stored
before there were inventories counts as complete while its record is there.
"""

from __future__ import annotations

from graft.base.inventories import INVENTORY, LACKING, UNKNOWN, compare
from graft.store.paths import has_slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from graft.model.integrity import Integrity
    from graft.store.paths import Store


def lacking_slots(store: Store, names: Collection[str], *, front: bool = False) -> set[str]:
    """Those that are not there, or not whole. With ``front``, of a package's files only those are
    looked at that lie in no folder of it."""
    states = zip(names, compare(store.slots, [*names], INVENTORY, front), strict=True)
    return {
        name
        for name, state in states
        if state == LACKING or (state == UNKNOWN and not has_slot(store, name))
    }


def lacking_objects(store: Store, integrities: Collection[Integrity]) -> set[Integrity]:
    """Those whose folders are not there, or not whole; whether there is a record is another
    question."""
    folders = [integrity.file_name for integrity in integrities]
    states = zip(integrities, compare(store.objects, folders, INVENTORY, False), strict=True)
    return {integrity for integrity, state in states if state == LACKING}
