"""``index yank``: a version that nobody should choose any more, or may again."""

from __future__ import annotations

from collections.abc import Mapping

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.suggestions import did_you_mean
from graft.indices.compose import with_yank
from graft.indices.gate import compare, shown
from graft.indices.reading import TOML, read_descriptor
from graft.indices.toml_descriptor import identity_of
from graft.model.names import split_spec
from graft.workflows.index_edit import Kept, keep, open_index


def yank(
    index: str,
    spec: str,
    reason: str,
    environ: Mapping[str, str],
    *,
    dry_run: bool,
    commit: bool,
) -> Kept:
    """``spec`` is ``acme:tool@1.2.0``; without a reason the version may be chosen again.

    Raises ``bad-specifier``, ``package-not-found``, ``no-matching-version``, ``publish-refused``
    and what opening and writing an index raises.
    """
    spelling, version = split_spec(spec)
    try:
        identity = identity_of(spelling)
    except ValueError as error:
        raise GraftError("bad-specifier", str(error), fix="write acme:tool@1.2.0") from None
    tree = open_index(index)
    descriptor = tree.find(identity)
    if descriptor is None:
        raise GraftError(
            "package-not-found",
            f"the index has no {shown(identity)}",
            where=index,
            fix=did_you_mean(identity, tree.names()),
        )
    if version not in descriptor.releases:
        raise GraftError(
            "no-matching-version",
            f"the index has no {shown(identity)}@{version}" if version else "which version?",
            where=descriptor.where,
            why=[f"it has {', '.join(list(descriptor.releases)[:10])}"],
            fix="write acme:tool@1.2.0",
        )
    path = tree.path_of(descriptor)
    raw = read_file(descriptor.where) or b""
    text = with_yank(raw.decode("utf-8-sig"), version, reason) if path.endswith(TOML) else None
    if text is not None:
        written = read_descriptor(text.encode(), path)
        is_so = written.releases[version].yanked == reason
        if is_so and not list(compare(descriptor, written)):
            verb = "yank" if reason else "unyank"
            message = f"{verb} {shown(identity)} {version}"
            files = {path: text.encode()}
            return keep(index, files, message, environ, dry_run=dry_run, commit=commit)
    raise GraftError(
        "publish-refused",
        "this descriptor has a form that cannot be edited here",
        where=descriptor.where,
        fix='write yanked = "…" into the version\'s table by hand',
    )
