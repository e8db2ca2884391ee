"""Where things lie in a store. The format is design section 4; a change of it is a new ``v``."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from graft.base.diagnostics import GraftError


@dataclass(frozen=True, slots=True)
class Store:
    """A store's folders. ``root`` is absolute and is what ``graft store path`` prints."""

    root: str

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
    def trash(self) -> str:
        return os.path.join(self.root, "trash")

    def slot(self, name: str) -> str:
        return os.path.join(self.slots, name)

    def package(self, slot: str, name: str) -> str:
        """The folder of a slot's own package, which projects link to."""
        return os.path.join(self.slots, slot, "node_modules", name)

    def project_record(self, project: str) -> str:
        return os.path.join(self.projects, f"{path_digest(project)}.json")

    def project_lock(self, project: str) -> str:
        return os.path.join(self.locks, f"project-{path_digest(project)}")

    @property
    def shared_lock(self) -> str:
        """Installs hold this lock shared, collection holds it exclusive."""
        return os.path.join(self.locks, "store")


def open_store(home: str) -> Store:
    """The store below ``home``, with its folders made; raises ``store-unwritable``."""
    store = Store(os.path.join(os.path.abspath(home), "store", "v1"))
    try:
        for folder in (store.objects, store.slots, store.projects, store.locks, store.trash):
            os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise GraftError(
            "store-unwritable",
            f"the store cannot be created: {error.strerror}",
            where=store.root,
            fix="set GRAFT_HOME to a folder that you may write to",
        ) from error
    return store


def path_digest(path: str) -> str:
    return hashlib.sha256(os.path.abspath(path).encode()).hexdigest()[:32]
