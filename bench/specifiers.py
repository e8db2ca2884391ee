"""Compare how graft reads specifiers with npm-package-arg, npm's own reader. Exit 1 if they differ.

What is left out, because graft means to differ: a web address that ends in ``.git`` is a repository
at any host, and so is ``user@host:path``; ``&path:`` and yarn's ``commit=`` are read in fragments;
addresses of sourcehut are that host's in each form; what git would refuse as a ref, and rsync, are
refused here.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from graft.base.diagnostics import GraftError
from graft.versions.source_text import ArchiveSource, GitSource, LocalSource, parse_source
from graft.versions.specifier import parse_specifier

ORACLE = """
const npa = require('npm-package-arg')
const read = (text) => {
  try {
    const said = npa.resolve('x', text, '/srv/app')
    const kinds = { remote: 'tarball', file: 'directory', directory: 'directory', git: 'git' }
    const kind = kinds[said.type] || ''
    if (kind === 'tarball') return [kind, said.fetchSpec]
    if (kind === 'directory') return [kind, said.fetchSpec]
    if (kind !== 'git') return [kind]
    const https = said.hosted && said.hosted.https({ noCommittish: true, noGitPlus: true })
    const plain = https ? https.replace(/\\/\\/[^/@]*@/, '//') : ''
    const url = plain.includes('git.sr.ht') ? plain.replace(/\\.git$/, '') : plain
    const path = (said.gitSubdir || '').replace(/^\\/+/, '')
    return [kind, url, said.gitCommittish || '', said.gitRange || '', path]
  } catch { return null }
}
const lines = require('fs').readFileSync(0, 'utf8').trimEnd().split('\\n')
process.stdout.write(lines.map((line) => JSON.stringify(read(JSON.parse(line)))).join('\\n'))
"""

_HOSTED = ("github", "gitlab", "bitbucket", "gist", "sourcehut")
_DOMAINS = ("github.com", "gitlab.com", "bitbucket.org", "gist.github.com", "git.sr.ht")
_NPM_KNOWS = _DOMAINS[:4]
_FRAGMENTS = ("", "#v1.0.0", "#feature/x", "#semver:^1.0.0", "#v1::path:a/b", "#" + "ab" * 20)


def cases() -> Iterator[str]:
    for name, path, fragment in itertools.product(_HOSTED, ("o/r", "o/r.git"), _FRAGMENTS):
        yield f"{name}:{path}{fragment}"
    for path, fragment in itertools.product(("o/r", "o.x/r-1", "o/r.git", "o/.x"), _FRAGMENTS):
        yield f"{path}{fragment}"
    schemes = ("git+ssh://git@", "git+https://", "https://", "git+https://u:p@", "ssh://git@")
    for scheme, host, path, fragment in itertools.product(
        schemes, (*_NPM_KNOWS, "www.github.com"), ("o/r", "o/r.git"), _FRAGMENTS
    ):
        yield f"{scheme}{host}/{path}{fragment}"
    for host, fragment in itertools.product((*_NPM_KNOWS, "h.example.com"), _FRAGMENTS):
        if host in _DOMAINS:
            yield f"git@{host}:o/r.git{fragment}"
        yield f"git+ssh://git@{host}:o/r.git{fragment}"
    for scheme in ("git", "git+https", "git+http", "git+ssh", "git+file"):
        yield f"{scheme}://{'' if scheme == 'git+file' else 'h.example.com'}/a/b"
    yield from (
        *("https://h.example.com/x.tgz", "http://h.example.com/x", "https://h.example.com/x?y=z"),
        *("https://github.com/o/r/archive/v1.tar.gz", "https://github.com/o/r/tarball/main"),
        *("https://github.com/o/r/tree/main", "https://gitlab.com/g/s/r"),
        *("https://gitlab.com/o/r/-/archive/v1/r.tar.gz", "https://bitbucket.org/o/r/get/v1.tgz"),
        *("file:x", "file:../x", "file:./x.tgz", "file:/x", "file:///x", "./x", "../x.tgz", "/x"),
        *("x.tgz", "a/b/c", "a/b/c.tgz", "~/x", ".", "..", "x.tar.gz", "x.tar", "file:x/../y"),
        *("^1.0.0", "1.x", "latest", "next", "v1", ">=1 <2", "*", "", "1 || 2", "beta-1"),
        *("https://git.sr.ht/~o/r", "gopher://h.example.com/x", "ext::sh/x"),
    )


def ours(text: str) -> list[str] | None:
    kind = parse_specifier("x", text).foreign
    if not kind:
        return [""]
    try:
        source = parse_source(text)
    except GraftError:
        return None
    if isinstance(source, ArchiveSource):
        return [kind, source.url]
    if isinstance(source, LocalSource):
        path = source.path.replace("~", os.path.expanduser("~"), 1)
        return [kind, os.path.normpath(os.path.join("/srv/app", path))]
    return [kind, *_git(source)]


def _git(source: GitSource) -> list[str]:
    host = source.url.partition("://")[2].partition("/")[0]
    url = source.url if host in _DOMAINS else ""
    return [url, source.ref, source.range, source.path]


def main() -> int:
    texts = list(dict.fromkeys(cases()))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "graft", "add", "--silent", "-C", folder]
        environ = os.environ | {"GRAFT_HOME": str(Path(folder) / "graft")}
        subprocess.run([*command, "npm-package-arg@13"], check=True, env=environ)
        asked = "\n".join(map(json.dumps, texts))
        answer = subprocess.run(
            ["node", "-e", ORACLE], cwd=folder, input=asked, text=True, check=True, stdout=-1
        )
        theirs = [json.loads(line) for line in answer.stdout.split("\n")]
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    wrong = [(t, ours(t), said) for t, said in zip(texts, theirs, strict=True) if ours(t) != said]
    for text, mine, said in wrong:
        print(f"{text}\n  graft {mine}\n  npm   {said}")
    print(f"{len(texts)} specifiers, {len(wrong)} read otherwise")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
