"""The environment of users' scripts: what says where programs are and which language to speak, and
what was asked for by name. It starts from nothing, as that of packages' scripts does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graft.base.diagnostics import GraftError
from graft.scripts.build_environment import handed_on

_OF_THE_TERMINAL = ("TERM",)
# What has a program load, run or believe something else, and what holds tokens of packages and of
# fleets. Nobody is given these, also not by name.
_NEVER = frozenset(
    {
        *("NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE", "NODE_AUTH_TOKEN", "NPM_TOKEN"),
        *("BASH_ENV", "ENV", "SHELLOPTS", "IFS", "PYTHONSTARTUP", "PYTHONPATH", "PERL5OPT"),
        *("HOME", "TMPDIR"),
    }
)
_NEVER_BEGINS = ("LD_", "DYLD_", "GRAFT_", "BUN_", "npm_", "NPM_CONFIG_")


def run_environment(
    environ: Mapping[str, str],
    asked: Iterable[str],
    said: Mapping[str, str],
    *,
    scratch: str,
    node_options: str,
    network: bool,
) -> dict[str, str]:
    """Of ``environ`` what is always handed on and what is ``asked`` for, and ``said`` as it is.
    ``scratch`` has the folders for home and temporary files. Raises ``fleet-run-refused`` for what
    nobody is given."""
    asked = list(asked)
    for name in (*asked, *said):
        if name in _NEVER or name.startswith(_NEVER_BEGINS) or not name or "=" in name:
            raise GraftError(
                "fleet-run-refused",
                f"scripts of a fleet are not given a variable '{name}'",
                why=["it could have them load other code, or holds a token that is not theirs"],
                fix="hand it on under another name, if it is for the script itself",
            )
    passed = (*_OF_THE_TERMINAL, *asked)
    return {
        **handed_on(environ, network),
        **{name: environ[name] for name in passed if name in environ},
        **said,
        "HOME": f"{scratch}/home",
        "TMPDIR": f"{scratch}/tmp",
        "NODE_OPTIONS": node_options,
    }
