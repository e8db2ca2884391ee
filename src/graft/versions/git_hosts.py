"""Hosts of git repositories that npm knows by name: their shortcuts, and which of their web
addresses mean a repository."""

from __future__ import annotations

from graft.base.records import Record

# Shortcut -> host.
HOSTS = {
    "github": "github.com",
    "gitlab": "gitlab.com",
    "bitbucket": "bitbucket.org",
    "gist": "gist.github.com",
    "sourcehut": "git.sr.ht",
}
_BY_HOST = {host: name for name, host in HOSTS.items()}


class Hosted(Record):
    """A repository of a known host. ``ref`` is set where the address itself names one."""

    host: str
    path: str
    ref: str = ""

    @property
    def https(self) -> str:
        return f"https://{self.host}/{self.path}{'' if self.host == HOSTS['sourcehut'] else '.git'}"

    @property
    def ssh(self) -> str:
        return f"ssh://git@{self.host}/{self.path}.git"


def by_shortcut(name: str, path: str) -> Hosted | None:
    """``github``, ``owner/repository``. A gist needs no owner."""
    # npm drops credentials here: a shortcut says nothing of how to get there.
    owner, _, project = path.rpartition("@")[2].strip("/").rpartition("/")
    project = project.removesuffix(".git")
    if not project or not (owner or name == "gist"):
        return None
    # A gist is known by its own name; whose it is has no say.
    path = project if name == "gist" else f"{owner}/{project}"
    return Hosted(host=HOSTS[name], path=path)


def by_address(host: str, path: str) -> Hosted | None:
    """The repository that an address at ``host`` means; None if it means something else there, like
    an archive. ``path`` comes without its first slash."""
    host = host.lower().removeprefix("www.")
    name = _BY_HOST.get(host)
    if name is None:
        return None
    parts = path.split("/")
    ref = ""
    if name == "gitlab":
        if "/-/" in f"/{path}" or "/archive.tar.gz" in f"/{path}":
            return None
    elif name == "github" and len(parts) > 2 and parts[2]:
        if parts[2] != "tree":
            return None
        ref = "/".join(parts[3:4])
    elif parts[2:3] in (["get"], ["raw"], ["archive"]):
        return None
    if name != "gitlab":
        parts = parts[:2]
    found = by_shortcut(name, "/".join(part for part in parts if part))
    return Hosted(host=found.host, path=found.path, ref=ref) if found else None
