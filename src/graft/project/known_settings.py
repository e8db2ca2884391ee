"""The settings that graft reads, what they are where nobody says, and those of npm's that it
leaves alone. For whoever shows settings or checks a spelling; a test holds it against the code."""

from __future__ import annotations

from graft.base.http import HttpSettings
from graft.base.records import Record
from graft.project.build_settings import BuildSettings

_HTTP = HttpSettings()
_BUILDS = BuildSettings()


class Known(Record, kw_only=False):
    """``default`` is as a file would say it, empty if there is none."""

    summary: str
    default: str = ""


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:g}"


KNOWN: dict[str, Known] = {
    "registry": Known("where packages come from"),
    "ca": Known("certificates to believe, in place of the system's"),
    "cafile": Known("a file of certificates to believe, in place of the system's"),
    "cert": Known("the client certificate for the default registry's host: PEM on one line"),
    "key": Known("the key of cert"),
    "strict-ssl": Known("whether certificates are verified", "true"),
    "proxy": Known("the proxy for http, and for https where nothing else is said"),
    "http-proxy": Known("the same as proxy"),
    "https-proxy": Known("the proxy for https"),
    "noproxy": Known("hosts that no proxy is asked for"),
    "no-proxy": Known("the same as noproxy"),
    "local-address": Known("this machine's address that connections begin at"),
    "maxsockets": Known("connections to a host that speaks HTTP/1.1", str(_HTTP.max_sockets)),
    "fetch-timeout": Known("milliseconds without a byte", _milliseconds(_HTTP.idle_timeout)),
    "fetch-retries": Known("how often a request is tried again", str(_HTTP.retry.retries)),
    "fetch-retry-factor": Known("how waiting grows", f"{_HTTP.retry.factor:g}"),
    "fetch-retry-mintimeout": Known(
        "milliseconds before the first retry", _milliseconds(_HTTP.retry.shortest)
    ),
    "fetch-retry-maxtimeout": Known(
        "milliseconds before a retry at most", _milliseconds(_HTTP.retry.longest)
    ),
    "save-prefix": Known("what 'graft add' writes before a version", "^"),
    "save-exact": Known("whether 'graft add' writes versions without it", "false"),
    "tag": Known("the preferred dist-tag", "latest"),
    "omit": Known("kinds of dependencies to leave out: dev, optional, peer"),
    "include": Known("kinds not to leave out, whatever else is said"),
    "production": Known("whether dev is left out", "false"),
    "only": Known("'prod' leaves out dev"),
    "dev": Known("'false' leaves out dev", "true"),
    "optional": Known("'false' leaves out optional packages", "true"),
    "strict-peer-deps": Known("whether a peer that does not fit is an error", "false"),
    "legacy-peer-deps": Known("add no missing peers; where unset, as the lock was made"),
    "engine-strict": Known("whether a package that is not for this node is an error", "false"),
    "layout": Known("virtual, isolated or hoisted: how node_modules is made"),
    "node-linker": Known("pnpm's word for layout, where that is not set: isolated or hoisted"),
    "install-strategy": Known("npm's: 'linked' is isolated, all others are hoisted"),
    "resolution": Known("nested, or flat: one version a package", "nested"),
    "offline": Known("use no network", "false"),
    "prefer-offline": Known("use cached metadata however old it is", "false"),
    "frozen-store": Known("install from a store that is not written to", "false"),
    "script-shell": Known("the shell of the project's own scripts", "sh"),
    "ignore-scripts": Known("leave out pre and post scripts, and scripts of packages", "false"),
    "strict-dep-builds": Known("fail where scripts of packages are not decided about", "false"),
    "build-timeout": Known("seconds for each script of a package", f"{_BUILDS.timeout:g}"),
    "sandbox": Known("whether scripts of packages need one: auto, required, off", "auto"),
    "node-options": Known("NODE_OPTIONS of the project's own scripts"),
    "auto-gc": Known("whether installs have garbage collected, once a day", "true"),
    "gc-grace": Known("how long what no project needs stays in the store", "7d"),
}

# npm's, which graft reads past.
OTHERS = frozenset(
    {
        *("access", "allow-git", "allow-remote", "audit", "audit-level", "auth-type", "before"),
        *("bin-links", "cache", "color", "depth", "editor", "force"),
        *("foreground-scripts", "fund", "git", "global", "globalconfig", "heading", "if-present"),
        *("init-author-email", "init-author-name", "init-author-url", "init-license"),
        *("init-module", "init-version", "install-links", "json"),
        *("legacy-bundling", "libc", "loglevel", "long", "message"),
        *("min-release-age", "otp", "package-lock", "prefix", "progress"),
        *("provenance", "save", "save-dev", "scope", "shell", "sign-git-tag", "store-dir"),
        *("timing", "tmp", "umask", "unicode", "update-notifier"),
        *("user-agent", "userconfig", "workspace", "workspaces", "workspaces-update", "yes"),
        *("hoist", "hoist-pattern", "public-hoist-pattern", "shamefully-hoist", "email"),
        *("auto-install-peers", "strict-peer-dependencies", "lockfile", "_auth", "_authToken"),
        *("_password", "username", "always-auth", "certfile", "keyfile", "tokenHelper"),
    }
)


def is_known(key: str) -> bool:
    """Whether npm or graft knows it; keys of a host or of a scope are taken as they are."""
    host_or_scope = key.startswith("//") or (key.startswith("@") and key.endswith(":registry"))
    return host_or_scope or key in KNOWN or key in OTHERS


def nearest(key: str) -> str:
    """The known key that may have been meant; empty if none is near."""
    import difflib

    names = sorted({*KNOWN, *OTHERS})
    return next(iter(difflib.get_close_matches(key, names, n=1, cutoff=0.75)), "")
