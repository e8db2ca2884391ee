"""What the server is asked and what it answers, as its OpenAPI document has it.

Times are milliseconds since the epoch, sizes bytes. Whatever may be absent is empty or 0.
"""

from __future__ import annotations

from typing import Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from graft.fleet.blobs.collect import GRACE

NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
HASH = r"^[0-9a-f]{64}$"


class Answer(BaseModel):
    """Made of a record by its attributes."""

    model_config = ConfigDict(from_attributes=True)


def json_answer(said: BaseModel) -> Response:
    """What is known to be as it is documented needs no second look."""
    return Response(said.model_dump_json(), media_type="application/json")


class Asked(BaseModel):
    """What nobody knows is a mistake, and not passed over."""

    model_config = ConfigDict(extra="forbid")


class Failure(BaseModel):
    code: str
    message: str
    where: str = ""
    why: list[str] = []
    fix: str = ""


class Failed(BaseModel):
    """What every answer is that is no success: the diagnostic that a command would print."""

    error: Failure


class Whoami(Answer):
    id: str
    role: str
    label: str
    host: str


class Platform(Asked):
    model_config = ConfigDict(from_attributes=True, extra="forbid")
    os: str = Field(max_length=32)
    cpu: str = Field(max_length=32)
    libc: str = Field(default="", max_length=32)


class Settings(Answer):
    """``registry`` is empty where the server's own settings name it. ``token_hosts`` says for which
    hosts there are tokens: what these are is never answered."""

    registry: str
    scopes: dict[str, str]
    platforms: list[Platform]
    warn_bytes: int
    block_bytes: int
    token_hosts: list[str] = []


class SettingsAsked(Asked):
    """What is left out stays as it is."""

    registry: str | None = Field(default=None, max_length=2048)
    scopes: dict[str, str] | None = None
    platforms: list[Platform] | None = Field(default=None, max_length=64)
    warn_bytes: int | None = Field(default=None, ge=0, lt=1 << 62)
    block_bytes: int | None = Field(default=None, ge=0, lt=1 << 62)


class SettingsChange(SettingsAsked):
    """In a ``dry_run`` they are looked at and answered, and stay as they are."""

    dry_run: bool = False


class SetAsked(SettingsAsked):
    name: str


class TokenAsked(Asked):
    token: str = Field(min_length=1, max_length=4096)


class State(Answer):
    """``hash`` is what hosts are to have; ``status`` what became of the last attempt to change
    that."""

    set: str
    status: str
    hash: str
    epoch: int
    error: str
    operation: str
    changed_at: int
    attempted_at: int


class Sets(Answer):
    sets: list[State]


class SetAnswer(Answer):
    name: str
    settings: Settings
    state: State


class PinAnswer(Answer):
    local: str
    specifier: str
    enabled: bool
    added_by: str
    added_at: int
    updated_at: int


class Packages(Answer):
    packages: list[PinAnswer]


class PinAsked(Asked):
    """``specifier`` may be left out where only ``enabled`` changes."""

    specifier: str = Field(default="", max_length=512)
    enabled: bool | None = None


class Removed(Answer):
    """``removed`` is false where there was nothing to remove, which is no mistake."""

    removed: bool


class Deleted(Removed):
    """With the ``releases`` of its history. In a ``dry_run`` that is what would go."""

    releases: int
    dry_run: bool


class Desired(Answer):
    set: str
    hash: str
    epoch: int


class ReleaseEntry(Answer):
    name: str
    version: str
    integrity: str
    size: int
    unpacked: int
    os: list[str]
    cpu: list[str]
    libc: list[str]


class ReleaseAnswer(Answer):
    """``platforms`` are those that it was made for; none are all there are."""

    hash: str
    lock: str
    platforms: list[Platform]
    entries: list[ReleaseEntry]


class MissingAsked(Asked):
    platform: Platform
    have: list[str] = Field(default=[], max_length=100_000)


class Offer(Answer):
    """``url`` is empty where the server gives the archive itself, at /v1/blobs/."""

    integrity: str
    size: int
    url: str = ""


class Missing(Answer):
    blobs: list[Offer]


class Published(Answer):
    hash: str
    published_at: int
    by: str
    packages: int
    size: int
    unpacked: int
    pinned: bool
    retained: bool
    current: bool


class History(Answer):
    releases: list[Published]


class ReportAsked(Asked):
    hash: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    status: str = Field(max_length=32)
    platform: str = Field(default="", max_length=128)
    error: str = Field(default="", max_length=4096)
    pulled_bytes: int = Field(default=0, ge=0, lt=1 << 62)
    pulled_blobs: int = Field(default=0, ge=0, lt=1 << 62)
    milliseconds: int = Field(default=0, ge=0, lt=1 << 62)
    version: str = Field(default="", max_length=64)
    converged_at: int = Field(default=0, ge=0, lt=1 << 62)


class Host(Answer):
    """``lag`` is for how long, in milliseconds, the host has not had what it is to have; 0 where
    it has."""

    host: str
    set: str
    hash: str
    status: str
    platform: str
    error: str
    pulled_bytes: int
    pulled_blobs: int
    milliseconds: int
    version: str
    reported_at: int
    converged_at: int
    desired: str
    lag: int


class Hosts(Answer):
    hosts: list[Host]


class Health(Answer):
    status: str
    version: str


class Report(Answer):
    """What an operation came to. ``report`` is empty as long as it is at work."""

    operation: str
    set: str = ""
    done: bool
    report: dict[str, Any] = {}
    state: State | None = None


class Operation(Asked):
    """``wait_seconds`` is for how long another operation that is under way is waited for.

    ``id`` is a name that the caller makes up for what it asks. Who asks again with the same one, as
    after a connection that broke, is answered what came of the first, for a quarter of an hour, and
    nothing is begun anew."""

    wait_seconds: float = Field(default=0, ge=0, le=24 * 60 * 60)
    id: str = Field(default="", pattern=r"^[0-9A-Za-z_-]{0,64}$")


class InstallAsked(Operation):
    """``update`` chooses the versions below the pins anew."""

    dry_run: bool = False
    update: bool = False


class PublishAsked(Operation):
    lock: str
    dry_run: bool = False


class RollbackAsked(Operation):
    """``hash`` is empty for the release before the current one."""

    hash: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    dry_run: bool = False


class StorageAnswer(Answer):
    """``active`` is the store that is written to, ``stores`` all that the server has."""

    active: str
    stores: list[str]
    status: str
    target: str
    moved: int
    total: int
    error: str
    updated_at: int


class TargetAsked(Asked):
    target: str = Field(max_length=64)


class ActiveAsked(Asked):
    active: str = Field(max_length=64)


class GcAsked(Operation):
    """``grace`` is for how many milliseconds nobody must have needed an archive."""

    dry_run: bool = False
    grace: int = Field(default=GRACE, ge=0, lt=1 << 53)


class Found(BaseModel):
    name: str
    version: str
    description: str


class FoundPackages(BaseModel):
    packages: list[Found]


class Versions(BaseModel):
    """Newest first; ``tags`` are the registry's dist-tags."""

    name: str
    versions: list[str]
    tags: dict[str, str]


class Audited(BaseModel):
    """``counts`` are of findings, by severity. ``unaudited`` are registries that told nothing,
    ``local`` counts packages that are from none."""

    set: str
    hash: str
    packages: int
    local: int
    counts: dict[str, int]
    findings: list[dict[str, Any]]
    unaudited: list[dict[str, Any]]


class TypeFile(BaseModel):
    path: str
    content: str


class Types(BaseModel):
    """The declarations that an editor needs for a package. ``truncated`` says that there are more
    than are answered, ``not_found`` that there are none."""

    specifier: str
    files: list[TypeFile]
    has_own_types: bool
    has_at_types: bool
    not_found: bool
    truncated: bool
