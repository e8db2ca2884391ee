"""Where things lie in a store. The format is design section 4; a change of it is a new ``v``."""

from __future__ import annotations

import errno
import os

from graft.base.files import NO_ROOM

_FOLDERS = ("objects", "slots", "graphs", "projects", "locks", "leases", "journals", "trash")


class Store:
    """A store's folders. ``root`` is absolute and is what ``graft store path`` prints.

    Nothing is written into a ``frozen`` one. What a change of a project has to write down lies in
    ``state`` then, a folder of the user's.
    """

    __slots__ = ("frozen", "root", "state")

    def __init__(self, root: str, *, frozen: bool = False, state: str = "") -> None:
        self.root = root
        self.frozen = frozen
        self.state = state

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
    def indices(self) -> str:
        """A folder for each repository of descriptors: see ``graft.indices.snapshots``."""
        return os.path.join(self.root, "indices")

    @property
    def graphs(self) -> str:
        return os.path.join(self.root, "graphs")

    @property
    def leases(self) -> str:
        """A file for each graph that something which runs may still load from, named like it and
        locked while that is so."""
        return os.path.join(self.root, "leases")

    @property
    def garbage(self) -> str:
        """What nobody needs, and since when."""
        return os.path.join(self.root, "garbage")

    @property
    def collected(self) -> str:
        """Its time is when garbage was last collected, or began to be waited for."""
        return os.path.join(self.root, "collected")

    @property
    def collector_lock(self) -> str:
        """Held by the one collector that may be at work, to the end of its deleting."""
        return os.path.join(self.locks, "collector")

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
        folder = os.path.join(self.state, "journals") if self.frozen else self.journals
        return os.path.join(folder, f"{path_digest(project)}.json")

    def project_journals(self, project: str) -> list[str]:
        """All places where a change may have been written down, as it may be finished by a command
        that may write into the store or by one that may not."""
        name = f"{path_digest(project)}.json"
        states = [os.path.join(self.state, "journals")] if self.state else []
        return [os.path.join(folder, name) for folder in (self.journals, *states)]

    def journal(self, digest: str) -> str:
        return os.path.join(self.journals, f"{digest}.json")

    def linked_record(self, digest: str) -> str:
        """What lines said before ``graft link``: beside the stores, as it outlives their format."""
        return os.path.join(os.path.dirname(os.path.dirname(self.root)), "linked", digest)

    @property
    def shared_lock(self) -> str:
        """Installs hold this lock shared, collection holds it exclusive (store/hold.py)."""
        return os.path.join(self.locks, "store")

    @property
    def objects_lock(self) -> str:
        """In which each object that somebody is fetching has a byte (store/claims.py)."""
        return os.path.join(self.locks, "objects")

    @property
    def gate_lock(self) -> str:
        """What all pass through on their way to ``shared_lock``."""
        return os.path.join(self.locks, "gate")


def store_below(home: str) -> Store:
    """The store below ``home``, whether it is there or not: one, whatever links lead to it."""
    return Store(os.path.join(os.path.realpath(home), "store", "v1"))


def open_store(home: str, *, state: str = "", frozen: bool = False) -> Store:
    """The store below ``home``, with its folders made, or ``frozen`` as it is; ``state`` is where
    journals lie if nothing may be written into it. Raises ``store-unwritable``, or ``store-lacks``
    where a frozen store is not there."""
    store = Store(store_below(home).root, frozen=frozen, state=state)
    try:
        if home.startswith("~"):
            raise OSError(errno.ENOENT, "there is no home folder")
        if not os.path.isabs(home):
            # It would be another one in each folder, and a repository could bring it.
            raise OSError(errno.EINVAL, f"'{home}' is no absolute path")
        if "\n" in store.root:
            raise OSError(errno.EINVAL, "its path holds a line end")
        if frozen:
            os.stat(store.slots)
            return store
        from graft.store.sharing import open_to_group, refuse_root

        refuse_root(store)
        folders = [os.path.join(store.root, name) for name in _FOLDERS]
        for folder in folders:
            os.makedirs(folder, exist_ok=True)
        open_to_group(home, [os.path.dirname(store.root), store.root, *folders])
        for folder in folders:
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        from graft.store.unwritable import no_store, unwritable

        raise (no_store if frozen else unwritable)(store, error) from error
    return store


def has_slot(store: Store, name: str) -> bool:
    """Whether a slot is complete: its record comes with it, in one rename."""
    return os.path.exists(f"{store.slots}/{name}/slot.json")


def path_digest(path: str) -> str:
    """One digest for a folder, whatever links lead to it."""
    import hashlib  # who runs a script needs the path of the store, and no digest

    return hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:32]
