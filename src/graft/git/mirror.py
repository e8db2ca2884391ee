"""A bare copy of what was needed of a repository so far. Whoever uses it holds its lock."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence

from graft.base.diagnostics import GraftError
from graft.base.files import is_for_group, remove_tree
from graft.base.http import missing_offline, redact
from graft.base.locks import FileLock
from graft.git.program import GitAnswer, GitProgram
from graft.git.refs import commit_of, read_refs, tagged_versions
from graft.git.tree import GitTree
from graft.model.origins import is_commit
from graft.versions.source_text import GitSource

_LOCK = ".lock"
# What an archive from elsewhere may have: the files go through memory.
_MAX_TREE_BYTES = 1 << 30
# What would be written down otherwise is for people, and nobody else of a group could write it.
_FETCH = ("fetch", "--quiet", "--no-write-fetch-head", "--no-tags")
_EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


class Mirror:
    """A context manager. ``folder`` is where it lies, ``url`` the repository's identity and
    ``transports`` how to get there."""

    def __init__(
        self,
        git: GitProgram,
        folder: str,
        url: str,
        transports: Sequence[str],
        *,
        offline: bool,
    ) -> None:
        self._git = git
        self.url = url
        self._transports = list(transports)
        self._offline = offline
        self._folder = folder
        self._lock = FileLock(mirror_lock(folder), exclusive=True)

    def __enter__(self) -> Mirror:
        os.makedirs(os.path.dirname(self._folder), exist_ok=True)
        self._lock.__enter__()
        try:
            self._make()
        except BaseException:
            self._lock.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.__exit__()

    def resolve(self, source: GitSource) -> str:
        """The commit that ``source`` means now; it is there when this returns.

        Raises ``git-unreachable``, ``git-ref-missing`` and ``offline-missing``.
        """
        if is_commit(source.ref):
            return self.fetch(source.ref)
        refs = self.refs()
        found = commit_of(source, refs)
        if found is not None:
            return self.fetch(found[1], found[0])
        if is_abbreviated(source.ref) and (commit := self.named(source.ref)):
            return commit
        raise self._no_ref(source, refs)

    def refs(self) -> dict[str, str]:
        """What it says now of its branches and tags, by their full names, and of ``HEAD``. Raises
        ``git-unreachable`` and ``offline-missing``."""
        listed = self._ask(["ls-remote", "--", ""], "its branches and tags")
        return read_refs(listed.data.decode(errors="replace"))

    def named(self, short: str) -> str:
        """The one commit on its branches and tags that begins so; empty if there is none, or more
        than one. Raises as ``refs``."""
        self.fetch_all()
        return self._commit_named(short)

    def fetch(self, commit: str, ref: str = "") -> str:
        """See to it that ``commit`` is there. ``ref`` is one that names it."""
        if self.has(commit):
            return commit
        kept = f"refs/graft/{commit}"
        if self._git.run(self._folder, ["show-ref", "--verify", "--quiet", kept]).is_good:
            remove_tree(self._folder)  # it was here once: somebody cleared a part of the cache
            self._make()
        # Most hosts give any commit that is asked for by its name; others only whole branches.
        wanted = f"+{commit}:{kept}"
        self._try([*_FETCH, "--depth=1", "--", "", wanted])
        if not self.has(commit):
            self.fetch_all()
        if not self.has(commit):
            raise GraftError(
                "git-ref-missing",
                f"the repository has no commit {commit}",
                where=redact(self.url),
                why=[f"{ref} named it a moment ago"] if ref else [],
                fix="name a commit that was pushed to a branch or a tag",
            )
        return commit

    def tree(self, commit: str, path: str) -> GitTree:
        """The files of a commit, or of a folder in it. Raises ``git-ref-missing``."""
        listed = self._git.run(
            self._folder, ["ls-tree", "-r", "-z", "--long", "--full-tree", f"{commit}:{path}"]
        )
        if not listed.is_good:
            if (
                path
                and self._git.run(self._folder, ["cat-file", "-e", f"{commit}^{{tree}}"]).is_good
            ):
                raise GraftError(
                    "git-ref-missing",
                    f"the repository has no folder {path} at {commit[:12]}",
                    where=redact(self.url),
                    fix="correct what stands behind 'path:'",
                )
            raise self._damaged(listed)
        tree = GitTree(self, listed.data)
        if tree.size > _MAX_TREE_BYTES:
            raise GraftError(
                "source-invalid",
                f"the files of the repository at {commit[:12]} come to {tree.size:,} bytes",
                where=redact(self.url),
                why=[f"graft reads up to {_MAX_TREE_BYTES:,}"],
                fix="name a folder of it with '#path:', or depend on a version from a registry",
            )
        return tree

    def blobs(self, names: Sequence[str]) -> Iterator[bytes]:
        """The contents of these objects, in order."""
        request = "".join(f"{name}\n" for name in names).encode()
        answer = self._git.run(self._folder, ["cat-file", "--batch"], data=request)
        if not answer.is_good:
            raise self._damaged(answer)
        at = 0
        for _ in names:
            end = answer.data.index(b"\n", at)
            _, kind, size = answer.data[at:end].split(b" ")
            if kind != b"blob":
                raise self._damaged(answer)
            at = end + 1 + int(size)
            yield answer.data[end + 1 : at]
            at += 1

    def keep(self, commit: str) -> None:
        """Let nothing that happens to branches and tags take a commit away."""
        kept = self._git.run(self._folder, ["update-ref", f"refs/graft/{commit}", commit])
        if not kept.is_good:
            raise self._damaged(kept)

    def is_before(self, older: str, newer: str) -> bool:
        """Whether one commit is the other, or an ancestor of it, as far as history is here:
        ``fetch_all`` brings it."""
        asked = ["merge-base", "--is-ancestor", older, newer]
        return self._git.run(self._folder, asked).is_good

    def distance(self, older: str, newer: str) -> int | None:
        """How many commits ``newer`` has that ``older`` has not; None where history is not here."""
        if older == newer:
            return 0
        if os.path.exists(os.path.join(self._folder, "shallow")):
            return None
        counted = self._git.run(self._folder, ["rev-list", "--count", newer, f"^{older}"])
        return int(counted.data) if counted.is_good else None

    def has(self, commit: str) -> bool:
        """With all that belongs to it: a cache may have lost a part."""
        tree = ["rev-list", "--objects", "--quiet", "--max-count=1", commit]
        return self._git.run(self._folder, tree).is_good

    def _make(self) -> None:
        if self._is_sound():
            return
        remove_tree(self._folder)
        os.makedirs(self._folder)
        shared = ["--shared=group"] if is_for_group(os.path.dirname(self._folder)) else []
        made = self._git.run(self._folder, ["init", "--quiet", "--bare", "--template=", *shared])
        if not made.is_good:
            raise self._damaged(made)

    def _is_sound(self) -> bool:
        return os.path.exists(os.path.join(self._folder, "HEAD")) and os.path.isdir(
            os.path.join(self._folder, "objects")
        )

    def _commit_named(self, short: str) -> str:
        found = self._git.run(
            self._folder, ["rev-parse", "--verify", "--quiet", f"{short}^{{commit}}"]
        )
        commit = found.data.decode().strip()
        return commit if found.is_good and is_commit(commit) else ""

    def fetch_all(self) -> None:
        """All branches and tags with all that came before. Raises as ``refs``."""
        shallow = os.path.exists(os.path.join(self._folder, "shallow"))
        whole = ["--unshallow"] if shallow else []
        command = [*_FETCH, "--prune", *whole, "--", "", *_EVERYTHING]
        self._ask(command, "its branches and tags")

    def _ask(self, command: list[str], what: str) -> GitAnswer:
        """Raises ``git-unreachable`` where no way leads there."""
        answers = self._try(command)
        if answers and answers[-1].is_good:
            return answers[-1]
        ways = ", ".join(redact(url) for url in self._transports)
        said = dict.fromkeys(line for answer in answers for line in answer.said)
        raise GraftError(
            "git-unreachable",
            f"the repository did not tell {what}",
            where=redact(self.url),
            why=[*said, f"tried {ways}"],
            fix="check the address, and that 'git ls-remote' reaches it without asking anything",
        )

    def _try(self, command: list[str]) -> list[GitAnswer]:
        """Each way, until one leads there, which is then the first to be tried again; the empty
        argument stands for it."""
        if self._offline:
            raise missing_offline(f"the repository {redact(self.url)}", self.url)
        answers: list[GitAnswer] = []
        for url in list(self._transports):
            arguments = [argument or url for argument in command]
            answers.append(self._git.run(self._folder, arguments, uses_network=True))
            if answers[-1].is_good:
                self._transports.remove(url)
                self._transports.insert(0, url)
                break
        return answers

    def _no_ref(self, source: GitSource, refs: Mapping[str, str]) -> GraftError:
        if source.range:
            tags = tagged_versions(refs)
            newest = f"the newest is {tags[-1][1].removeprefix('refs/tags/')}" if tags else ""
            message = f"no tag of the repository is a version in '{source.range}'"
            why = newest or "it has no tag that is a version"
            fix = "name another range, a tag, a branch or a commit"
        else:
            message = f"the repository has no '{source.ref}'" if source.ref else "it is empty"
            names = sorted(ref.removeprefix("refs/heads/") for ref in refs if "refs/heads/" in ref)
            why = f"its branches are {', '.join(names[:10])}" if names else "it has no branch"
            fix = "name a branch, a tag or a commit that is there"
        return GraftError("git-ref-missing", message, where=redact(self.url), why=[why], fix=fix)

    def _damaged(self, answer: GitAnswer) -> GraftError:
        return GraftError(
            "git-unreachable",
            "graft's copy of the repository cannot be used",
            where=self._folder,
            why=answer.said,
            fix="delete that folder and try again",
        )


def is_abbreviated(text: str) -> bool:
    """Whether it may be how a commit's name begins."""
    return 4 <= len(text) < 64 and set(text) <= set("0123456789abcdef")


def url_digest(url: str) -> str:
    """One name for what is kept of a repository."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def mirror_lock(folder: str) -> str:
    """The lock that whoever uses a mirror holds; it stays where it is when the mirror goes."""
    return folder + _LOCK
