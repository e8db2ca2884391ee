"""``config``: what npm's settings say here, who says so, and changes of their files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.files import read_file, write_atomic
from graft.base.http import redact
from graft.base.records import Record, replace
from graft.link.importers import refuse_strange
from graft.project.default_registry import DefaultRegistry
from graft.project.defaults import npmrc_files, user_config
from graft.project.edit_ini import delete_key, set_key
from graft.project.ini import IniLine
from graft.project.known_settings import KNOWN, is_known, nearest
from graft.project.npmrc import (
    Layer,
    Source,
    is_credential,
    is_secret,
    objection,
    read_sources,
    read_text,
)
from graft.project.settings import settings_files

PROTECTED = "(protected)"
# A file that may hold tokens is for its owner alone.
_PRIVATE = 0o600


class Place(Record):
    """``folder`` is the project's absolute path, ``flags`` are settings from the command line."""

    folder: str
    environ: Mapping[str, str]
    home: str
    flags: Mapping[str, str] = {}


class Said(Record):
    """What one layer says of a key: a value fit to be shown, or why it is not obeyed. ``layer`` is
    ``default`` for graft's own answer, ``where`` a file and line, a variable or a flag."""

    layer: str
    value: str
    where: str = ""
    ignored: str = ""


class Explained(Record):
    """All that is said of a key, what counts first. Empty if nobody says anything."""

    key: str
    says: tuple[Said, ...]

    @property
    def counts(self) -> Said | None:
        return next((said for said in self.says if not said.ignored), None)


class Edited(Record):
    """The file, the keys that changed in it, and notes."""

    path: str
    keys: tuple[str, ...]
    notes: tuple[Diagnostic, ...] = ()


def explain(place: Place, key: str) -> Explained:
    """Raises ``settings-unreadable``. A registry that nobody names is what an install would take:
    npm is asked for it, once."""
    explained = _explained(key, _sources(place))
    if key == "registry" and not explained.counts:
        own = user_config(place.environ, place.home)
        found = DefaultRegistry(user_config=own, home=place.home, environ=place.environ).find()
        said = Said(layer="user", value=_bare_url(found), where=own)
        return replace(explained, says=(*explained.says, said))
    known = KNOWN.get(key)
    if known and known.default:
        return replace(
            explained, says=(*explained.says, Said(layer="default", value=known.default))
        )
    return explained


def listed(place: Place) -> list[Explained]:
    """All keys that somebody sets, by name. Raises ``settings-unreadable``."""
    sources = _sources(place)
    keys = {key for source in sources for key in source.settings}
    return [_explained(key, sources) for key in sorted(keys)]


def change(
    place: Place,
    location: str,
    values: Mapping[str, str | None],
    *,
    dry_run: bool = False,
) -> Edited:
    """Set keys in the user's or the project's file, or delete those that map to None.

    Raises ``credential-in-project`` and ``setting-in-project`` for what a project may not say,
    ``settings-unreadable`` for a file that is none, ``usage`` for what the format cannot hold.
    """
    path = _file(place, Layer.USER if location == "user" else Layer.PROJECT)
    is_project = path == os.path.join(place.folder, ".npmrc")
    text = before = _editable(path)
    notes = []
    for key, value in values.items():
        if value is None:
            text = delete_key(text, key)
            continue
        if is_project:
            _refuse_in_project(key, value, path)
        edited = set_key(text, key, value)
        if edited is None:
            raise GraftError("usage", f"no line of {path} can hold '{key}'", where=path)
        text = edited
        if not is_known(key):
            notes.append(_unknown(key))
    if is_project:
        refuse_strange(place.folder, ".npmrc")
    if text != before and not dry_run:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        mode = 0o666 if is_project else _PRIVATE
        write_atomic(path, text.encode(), durable=True, mode=mode)
    changed = tuple(values) if text != before else ()
    return Edited(path=path, keys=changed, notes=tuple(notes))


def unknown_note(key: str) -> Diagnostic | None:
    """For a key that nobody sets and nobody knows."""
    return None if is_known(key) else _unknown(key)


def _unknown(key: str) -> Diagnostic:
    near = nearest(key)
    return Diagnostic(
        code="setting-unknown",
        message=f"neither graft nor npm knows the setting '{key}'",
        fix=f"did you mean '{near}'?" if near else "'graft config list' shows what is set",
    )


def _sources(place: Place) -> list[Source]:
    global_file = npmrc_files(place.folder, place.environ, place.home)[0]
    files = settings_files(
        place.folder, place.environ, place.home, [global_file] if global_file else []
    )
    return read_sources(files, place.environ, place.flags)


def _explained(key: str, sources: Sequence[Source]) -> Explained:
    says = []
    for source in reversed(sources):
        layer = source.layer.name.lower()
        setting = source.settings.get(key)
        if setting:
            value = PROTECTED if is_secret(key, setting) else ",".join(setting.values)
            says.append(Said(layer=layer, value=_bare_url(value), where=setting.where))
        says += [
            Said(layer=layer, value="", where=note.where, ignored=note.message)
            for name, note in source.ignored
            if name == key
        ]
    return Explained(key=key, says=tuple(says))


def _bare_url(value: str) -> str:
    """A proxy's or a registry's address without the password in it."""
    return redact(value) if "://" in value and "@" in value else value


def _file(place: Place, layer: Layer) -> str:
    files = dict(settings_files(place.folder, place.environ, place.home, []))
    # In the home folder the project's file is the user's.
    path = files.get(layer, files[Layer.USER])
    # Whoever keeps the user's file elsewhere has put a link in its place; a project has no say.
    return os.path.realpath(path) if layer is Layer.USER else path


def _editable(path: str) -> str:
    if os.path.islink(path):
        raise GraftError(
            "link-refused",
            f"{path} is a link to {os.readlink(path)}, and graft writes only its own",
            where=path,
            fix="edit what it leads to, or put a file in its place",
        )
    read_text(path)  # which says what is wrong with it
    return (read_file(path) or b"").decode()


def _refuse_in_project(key: str, value: str, path: str) -> None:
    note = objection(IniLine(key=key, value=value, is_list=False, line=1), path)
    if is_credential(key):
        raise GraftError(
            "credential-in-project",
            f"'{key}' is a credential, and a project's .npmrc is there for everyone to read",
            where=path,
            fix="leave out --location=project: the user's own file is where it belongs",
        )
    if note is not None:
        raise GraftError(
            note.code,
            note.message.replace("ignored", "not written:"),
            where=path,
            why=note.why,
            fix="leave out --location=project, if you want it",
        )
