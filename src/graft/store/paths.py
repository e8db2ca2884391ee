"""Where things lie in a store. The format is design section 4; a change of it is a new ``v``."""

from __future__ import annotations

import errno
import os


class Store:
    """A store's folders. ``root`` is absolute and is what ``graft store path`` prints."""

    __slots__ = ("root",)

    def __init__(self, root: str) -> None:
        self.root = root

    @property
    def objects(self) -> str:
        return os.path.join(self.root, "objects")

    @property
    def slots(self) -> str:
        return os.path.join(self.root, "slots")

    @property
    def projects(self) -> str:
        return os.path.join(self.root, "projects")

    @property
    def locks(self) -> str:
        return os.path.join(self.root, "locks")

    @property
    def journals(self) -> str:
        return os.path.join(self.root, "journals")

    @property
    def leases(self) -> str:
        return os.path.join(self.root, "leases")

    @property
    def trash(self) -> str:
        return os.path.join(self.root, "trash")

    def slot(self, name: str) -> str:
        return os.path.join(self.slots, name)

    def package(self, slot: str, name: str) -> str:
        """The folder of a slot's own package, which projects link to."""
        return os.path.join(self.slots, slot, "node_modules", name)

    def project_record(self, project: str) -> str:
        return os.path.join(self.projects, path_digest(project))

    def graph_record(self, inputs: str) -> str:
        return os.path.join(self.root, "graphs", inputs)

    def graph_seen(self, inputs: str) -> str:
        """How the folder of slots looked when all slots of the graph were last seen there."""
        return os.path.join(self.root, "graphs", f"{inputs}.seen")

    def project_lock(self, project: str) -> str:
        return os.path.join(self.locks, f"project-{path_digest(project)}")

    def tools_lock(self, folder: str) -> str:
        """Held, shared, by whoever uses a folder of tools in the cache: by the tool too."""
        return os.path.join(self.locks, f"tools-{path_digest(folder)}")

    def slot_lock(self, name: str) -> str:
        """Held while scripts build a slot, so that two processes do not run them both."""
        return os.path.join(self.locks, f"slot-{name}")

    def project_journal(self, project: str) -> str:
        """Where a change of the project that has been decided is written down: not in the project,
        because what comes with a repository decides nothing."""
        return os.path.join(self.journals, f"{path_digest(project)}.json")

    @property
    def shared_lock(self) -> str:
        """Installs hold this lock shared, collection holds it exclusive (store/hold.py)."""
        return os.path.join(self.locks, "store")

    @property
    def gate_lock(self) -> str:
        """What all pass through on their way to ``shared_lock``."""
        return os.path.join(self.locks, "gate")


def store_below(home: str) -> Store:
    """The store below ``home``, whether it is there or not."""
    return Store(os.path.join(os.path.abspath(home), "store", "v1"))


def open_store(home: str) -> Store:
    """The store below ``home``, with its folders made; raises ``store-unwritable``."""
    store = store_below(home)
    folders = ("objects", "slots", "graphs", "projects", "locks", "leases", "journals", "trash")
    try:
        if "\n" in store.root:
            raise OSError(errno.EINVAL, "its path holds a line end")
        for folder in folders:
            os.makedirs(os.path.join(store.root, folder), exist_ok=True)
    except OSError as error:
        from graft.base.diagnostics import GraftError

        raise GraftError(
            "store-unwritable",
            f"the store cannot be created: {error.strerror}",
            where=store.root,
            fix="set GRAFT_HOME to a folder that you may write to",
        ) from error
    return store


def has_slot(store: Store, name: str) -> bool:
    """Whether a slot is complete: its record comes with it, in one rename."""
    return os.path.exists(f"{store.slots}/{name}/slot.json")


def path_digest(path: str) -> str:
    """One digest for a folder, whatever links lead to it."""
    import hashlib  # who runs a script needs the path of the store, and no digest

    return hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:32]
