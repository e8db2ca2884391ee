"""The environment that scripts of packages get: what they need, and nothing that happens to be set.

It starts from nothing, not from graft's own: nobody can list all names that a secret may have. What
is handed on says where programs are and which language to speak, and with the network how to reach
it. So a result depends on its key alone, and other projects may use it.
"""

from __future__ import annotations

import os

from graft.base.records import Record
from graft.scripts.environment import Tools, script_environment
from graft.scripts.package import Package

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from graft.scripts.phases import Phase

_HANDED_ON = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "NO_COLOR"})
# Paths of certificates to believe: no secrets.
CERTIFICATES = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR")
_OF_THE_NETWORK = frozenset(
    {
        *CERTIFICATES,
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    }
)


class Addons(Record):
    """What building addons takes, each empty where it is not there: the folder that has the command
    ``node-gyp``, its script, and where node's headers are."""

    commands: str = ""
    script: str = ""
    headers: str = ""


def build_environment(
    environ: Mapping[str, str],
    package: Package,
    phase: Phase,
    tools: Tools,
    addons: Addons,
    *,
    modules: str,
    called_in: str,
    home: str,
    temporary: str,
    network: bool,
) -> dict[str, str]:
    """``modules`` is the ``node_modules`` that the package lies in; ``home`` and ``temporary`` are
    folders for this one build."""
    folder = os.path.dirname(package.path)
    made = script_environment(
        handed_on(environ, network),
        package,
        tools,
        folder=folder,
        called_in=called_in,
        command="install",
        event=phase.event,
        script=phase.line,
    )
    bins = [os.path.join(place, ".bin") for place in (f"{folder}/node_modules", modules)]
    # Its own node goes first: a version manager's stand-in would ask for files that are not there.
    node = os.path.dirname(tools.node)
    path = [*bins, addons.commands, node, environ.get("PATH", os.defpath)]
    made |= {
        "PATH": os.pathsep.join(filter(None, path)),
        "HOME": home,
        "TMPDIR": temporary,
        "npm_config_cache": os.path.join(home, ".npm"),
    }
    if addons.script:
        made["npm_config_node_gyp"] = addons.script
    if addons.headers:
        made["npm_config_nodedir"] = addons.headers
    return made


def handed_on(environ: Mapping[str, str], network: bool) -> dict[str, str]:
    """What of ``environ`` is no secret, whoever gets it."""

    def passes(name: str, value: str) -> bool:
        if name in _HANDED_ON or name.startswith("LC_"):
            return True
        # A proxy's address may hold a password.
        return network and name in _OF_THE_NETWORK and "@" not in value

    return {name: value for name, value in environ.items() if passes(name, value)}
