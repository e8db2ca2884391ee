"""Which commands there are. Each names the module that holds it, loaded only when it is called."""

from __future__ import annotations

from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Command(Record, kw_only=False):
    """``name`` may have two words: the first is then that of a group."""

    name: str
    module: str
    summary: str
    aliases: tuple[str, ...] = ()


COMMANDS = (
    Command(
        "install", "install", "bring the project to what package.json and the lock say", ("i",)
    ),
    Command("ci", "install", "install exactly what the lock says, or say why that cannot be"),
    Command("add", "add", "add packages to the manifest and install them"),
    Command("remove", "remove", "take packages out of the manifest", ("rm", "uninstall", "un")),
    Command("update", "update", "take the newest versions that the manifest allows", ("up",)),
    Command("link", "link", "use a folder beside the project in a package's place", ("ln",)),
    Command("unlink", "link", "take packages again in the places of linked folders"),
    Command("sync", "sync", "bring clones that are worked in up to date"),
    Command("detach", "detach", "make own packages of links into other workspaces"),
    Command("status", "status", "say whether all is installed, and what came from elsewhere"),
    Command("import", "import_", "take the versions of another package manager's lock"),
    Command("fetch", "fetch", "bring all that the lock names into the store"),
    Command("prune", "prune", "take away what nobody asks for any more"),
    Command("dedupe", "dedupe", "make do with fewer versions of what is locked", ("ddp",)),
    Command("ls", "ls", "list what is installed", ("list",)),
    Command("why", "why", "show who asked for a package", ("explain",)),
    Command("why-not", "why_not", "show what keeps a version away, and what brings it"),
    Command("outdated", "outdated", "show which direct dependencies have newer versions"),
    Command("audit", "audit", "show known weaknesses of what the lock holds, and mend them"),
    Command("view", "view", "show what a registry says of a package", ("info", "show")),
    Command("search", "search", "find packages by words", ("find", "s", "se")),
    Command("patch", "patch", "put a package's files where they can be edited"),
    Command("patch-commit", "patch_commit", "keep what was edited as a patch of the project's"),
    Command("patch-remove", "patch_remove", "take a patch out again"),
    Command(
        "approve-builds", "approve_builds", "decide which packages may run scripts when installed"
    ),
    Command("rebuild", "rebuild", "run the approved scripts of packages again", ("rb",)),
    Command("peers check", "peers", "say which peers do not fit, and what mends it"),
    Command("run", "run", "run a script of package.json, or list them", ("run-script",)),
    Command("test", "run", "run the script 'test'", ("t", "tst")),
    Command("start", "run", "run the script 'start'"),
    Command("stop", "run", "run the script 'stop'"),
    Command("restart", "run", "run the script 'restart', or 'stop' and 'start'"),
    Command("exec", "exec", "run a command of a package that is installed here"),
    Command("x", "x", "run a command of a package that may not be installed here"),
    Command("init", "init", "write a first package.json"),
    Command("pack", "pack", "make the archive that a registry would be given of a package"),
    Command("deploy", "deploy", "write a copy of a project that needs nothing around it"),
    Command("config", "config", "what npm's settings say here, and who says so", ("c",)),
    Command("cache", "cache", "what graft keeps to be quick, and may be deleted at any time"),
    Command("doctor", "doctor", "look for what is wrong with machine, settings and project"),
    Command("completion", "completion", "print what completes command lines in a shell"),
    Command("index list", "index_list", "list the indices that packages may come from"),
    Command("index status", "index_status", "say what is here of each index, without a network"),
    Command("index update", "index_update", "pin what indices are now, in the lock"),
    Command("index pin", "index_pin", "write the commit of an index into graft.toml"),
    Command("index unpin", "index_unpin", "take the commit of an index out of graft.toml"),
    Command("index diff", "index_diff", "show what is new in an index since its pin"),
    Command("index verify", "index_verify", "see that archives are what lock and index say"),
    Command("index gc", "index_gc", "remove what no lock names of any index"),
    Command("store status", "store_status", "say what is in the store, and who uses it"),
    Command("store why", "store_why", "say which projects need something in the store"),
    Command("store gc", "store_gc", "remove what no project has needed for a while"),
    Command("store path", "store_path", "print where the store is"),
    Command("store verify", "store_verify", "see that the store holds what it should"),
    Command("index init", "index_init", "begin an index of packages"),
    Command("index publish", "index_publish", "put a version of a package into an index"),
    Command("index yank", "index_yank", "hide a version in an index from who has not locked it"),
    Command("index check", "index_check", "say what a change of an index would break"),
    Command("fleet serve", "fleet_serve", "be the server of a fleet of hosts"),
    Command("fleet agent", "fleet_agent", "bring this host to what package sets are to be"),
    Command("fleet run", "fleet_run", "run a script with the packages that this host has of a set"),
    Command("fleet policy", "fleet_policy", "say what scripts may do on this host, or change it"),
    Command("fleet dev", "fleet_dev", "try a server and two hosts on this machine"),
    Command("fleet token", "fleet_token", "make, list and revoke what a server is asked with"),
    Command("fleet set", "fleet_set", "make, list and delete package sets"),
    Command("fleet add", "fleet_add", "let the scripts of a fleet import packages"),
    Command("fleet remove", "fleet_remove", "let them import packages no more"),
    Command("fleet enable", "fleet_enable", "publish packages of a set again"),
    Command("fleet disable", "fleet_enable", "leave packages of a set out for now"),
    Command("fleet config", "fleet_config", "show or change how a package set is resolved"),
    Command("fleet install", "fleet_install", "resolve a package set and publish it to its hosts"),
    Command("fleet publish", "fleet_publish", "publish what the lock of a project says"),
    Command("fleet state", "fleet_state", "say what the hosts of a package set are to have"),
    Command("fleet history", "fleet_history", "list the releases of a package set"),
    Command("fleet rollback", "fleet_rollback", "go back to an earlier release"),
    Command("fleet pin", "fleet_pin", "keep a release whatever comes after it"),
    Command("fleet unpin", "fleet_pin", "keep it no longer than others"),
    Command("fleet storage", "fleet_storage", "say where archives lie, and move them"),
    Command("fleet gc", "fleet_gc", "remove archives that no release needs any more"),
    Command("fleet hosts", "fleet_hosts", "say which release each host has"),
    Command("fleet search", "fleet_search", "find packages in the registry of a package set"),
    Command("fleet versions", "fleet_versions", "list the versions of a package there"),
    Command("fleet audit", "fleet_audit", "list known weaknesses of a release"),
)


def find(words: Sequence[str]) -> tuple[Command | None, int]:
    """The command that a command line begins with, and how many words name it."""
    for count in (1, 2):
        name = " ".join(words[:count])
        for command in COMMANDS:
            if name == command.name or name in command.aliases:
                return command, count
    return None, 0


def group(name: str) -> list[str]:
    """The second words of the commands that have ``name`` for their first."""
    names = (command.name.partition(" ") for command in COMMANDS)
    return [second for first, _, second in names if first == name and second]
