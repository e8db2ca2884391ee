"""Flags, read the same way by all commands."""

from __future__ import annotations

import argparse
import os

from graft.base.diagnostics import GraftError
from graft.cli.commands import Command
from graft.project.choices import LAYOUTS, RESOLUTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

    from graft.project.donor_settings import DonorOptions
    from graft.workflows.report import InstallOptions


class _AskedError(Exception):
    """Ends a command that was called for its parser."""

    def __init__(self, parser: Parser) -> None:
        super().__init__()
        self.parser = parser


class Parser(argparse.ArgumentParser):
    """Usage errors become diagnostics, and a flag that is nearly right is named."""

    _is_asked_for = False

    @staticmethod
    def of(command: Command) -> Parser:
        """The parser that a command reads its arguments with. No command does anything before."""
        from importlib import import_module

        from graft.cli.console import Console

        module = import_module(f"graft.cli.{command.module}")
        Parser._is_asked_for = True
        try:
            module.run(command, [], Console({}))
        except _AskedError as asked:
            return asked.parser
        finally:
            Parser._is_asked_for = False
        raise AssertionError(f"{command.name} reads no arguments")

    def __init__(self, command: Command, *, examples: str, usage: str) -> None:
        super().__init__(
            prog=f"graft {command.name}",
            usage=f"graft {command.name} {usage}".rstrip(),
            description=command.summary[0].upper() + command.summary[1:] + ".",
            epilog=f"examples:\n{examples}",
            formatter_class=_unmeasured,
            allow_abbrev=False,
        )
        shared = self.add_argument_group("shared by all commands")
        shared.add_argument("--json", action="store_true", help="one JSON document on stdout")
        shared.add_argument("--silent", "-s", action="store_true", help="print errors alone")
        shared.add_argument("--dir", "-C", default=".", metavar="DIR", help="work in DIR")

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        if Parser._is_asked_for:
            raise _AskedError(self)
        said, extra = self.parse_known_intermixed_args(arguments)
        if extra and extra[0].startswith("-"):
            self.error(f"there is no flag '{extra[0]}'")
        if extra:
            self.error(f"'{extra[0]}' is one argument too many")
        said.command = self.prog
        return said

    def format_help(self) -> str:
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        return super().format_help()

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """A word that is nearly one of those that are possible is named."""
        # An empty list stands for no word at all.
        if action.choices is None or value in action.choices or not isinstance(value, str):
            return
        from graft.base.suggestions import did_you_mean

        choices = list(map(str, action.choices))
        name = action.option_strings[-1] if action.option_strings else action.metavar or action.dest
        raise GraftError(
            "usage",
            f"{name}: '{value}' is none of {', '.join(choices)}",
            where=self.prog,
            fix=did_you_mean(value, choices) or f"'{self.prog} --help' shows what there is",
        )

    def error(self, message: str) -> NoReturn:
        raise GraftError(
            "usage",
            message,
            where=self.prog,
            fix=self._near(message) or f"'{self.prog} --help' shows what there is",
        )

    def _near(self, message: str) -> str:
        from graft.base.suggestions import did_you_mean

        written = message.rpartition("'")[0].rpartition("'")[2]
        flags: Iterable[str] = self._option_string_actions
        return did_you_mean(written.partition("=")[0], flags)


def _unmeasured(prog: str) -> argparse.HelpFormatter:
    """Each flag that is added has a formatter made, which would ask for the terminal's width, and
    load for that what takes longer than all flags."""
    return argparse.RawDescriptionHelpFormatter(prog, width=80)


def source_flags(group: argparse._ActionsContainer, *, prefer_offline: str = "") -> None:
    """Those about where packages come from. ``prefer_offline`` is what that flag means here; where
    it means nothing there is none."""
    group.add_argument("--offline", action="store_true", help="use no network")
    if prefer_offline:
        group.add_argument("--prefer-offline", action="store_true", help=prefer_offline)
    group.add_argument("--registry", metavar="URL", help="the default registry, for this command")


def source_settings(said: argparse.Namespace) -> dict[str, str]:
    """What ``source_flags`` say, in the words of npm's settings."""
    settings = {}
    if said.offline:
        settings["offline"] = "true"
    if getattr(said, "prefer_offline", False):
        settings["prefer-offline"] = "true"
    if said.registry:
        settings["registry"] = said.registry
    return settings


def install_flags(parser: argparse.ArgumentParser) -> None:
    """Those of all commands that install."""
    group = parser.add_argument_group("installing")
    omit_flags(group)
    group.add_argument(
        "--strict-peer-deps",
        action=argparse.BooleanOptionalAction,
        help="fail where a peer is missing or out of range",
    )
    group.add_argument(
        "--legacy-peer-deps",
        action=argparse.BooleanOptionalAction,
        help="add no missing peers, and say nothing of them; the lock remembers it",
    )
    group.add_argument(
        "--engine-strict",
        action=argparse.BooleanOptionalAction,
        help="fail where a package is not for the node that runs here",
    )
    group.add_argument(
        "--layout",
        choices=LAYOUTS,
        help="how node_modules is made, for this command (the manifest's graft.layout keeps it)",
    )
    group.add_argument(
        "--resolution",
        choices=RESOLUTIONS,
        help="whether versions live side by side, for this command (the manifest's resolution "
        "keeps it)",
    )
    source_flags(group, prefer_offline="use cached metadata however old it is")
    group.add_argument(
        "--lockfile-only",
        action="store_true",
        help="write package.json and the lock, and nothing else",
    )
    group.add_argument("--dry-run", action="store_true", help="say what would change")
    group.add_argument(
        "--ignore-scripts", action="store_true", help="run no scripts of packages, approved or not"
    )
    group.add_argument(
        "--strict-dep-builds",
        action="store_true",
        help="fail where a package has scripts that are neither approved nor denied",
    )
    group.add_argument(
        "--foreground-scripts",
        action="store_true",
        help="show what scripts of packages print, also where they succeed",
    )
    donor_flags(parser)


def donor_flags(parser: argparse.ArgumentParser) -> None:
    """Those about packages that another workspace has."""
    group = parser.add_argument_group("taking packages from other workspaces")
    group.add_argument(
        "--deps-source",
        action="append",
        metavar="DIR",
        default=[],
        help="take what DIR has (repeatable; the first that has a package gives it)",
    )
    group.add_argument(
        "--deps-source-mode",
        action="append",
        metavar="MODE",
        default=[],
        help="link, copy, reflink or auto; PACKAGE=MODE for one (default: link)",
    )
    group.add_argument(
        "--deps-source-verify",
        choices=("lock", "shape", "content"),
        default="shape",
        help="how closely what is there is looked at (default: shape)",
    )
    group.add_argument(
        "--trust-deps-source",
        action="store_true",
        help="take packages of the same name as they lie there",
    )
    group.add_argument(
        "--require-deps-source", action="store_true", help="fail where one has to be fetched"
    )
    group.add_argument(
        "--from-parent-lock", action="store_true", help="take the versions of those workspaces"
    )
    group.add_argument(
        "--explain-deps-source", action="store_true", help="say of each package why or why not"
    )
    group.add_argument(
        "--no-worktree-deps-source",
        action="store_true",
        help="do not look for other checkouts of this repository",
    )


def donor_options(said: argparse.Namespace) -> DonorOptions | None:
    """What these flags and the environment say; None if that is nothing."""
    asks = (
        *(said.deps_source, said.deps_source_mode, said.trust_deps_source),
        *(said.require_deps_source, said.from_parent_lock, said.explain_deps_source),
        *(said.no_worktree_deps_source, said.deps_source_verify != "shape"),
    )
    named = os.environ.get("GRAFT_DEPS_SOURCE", "")
    if not (named or any(asks)):
        return None
    from graft.project.donor_settings import VARIABLE, DonorOptions, read_modes

    paths = said.deps_source or [path for path in named.split(os.pathsep) if path]
    return DonorOptions(
        paths=tuple(os.path.abspath(path) for path in paths),
        where="--deps-source" if said.deps_source else f"${VARIABLE}",
        modes=read_modes(said.deps_source_mode),
        trust=said.trust_deps_source,
        requires=said.require_deps_source,
        takes_versions=said.from_parent_lock,
        explains=said.explain_deps_source,
        searches=not said.no_worktree_deps_source,
        level=said.deps_source_verify,
    )


def install_options(said: argparse.Namespace) -> InstallOptions:
    """What the flags of ``install_flags`` say that are no settings."""
    from graft.workflows.report import InstallOptions

    return InstallOptions(
        donors=donor_options(said),
        lock_only=said.lockfile_only,
        dry_run=said.dry_run,
        ignore_scripts=said.ignore_scripts,
        show_scripts=said.foreground_scripts,
    )


def root_flag(parser: argparse.ArgumentParser) -> None:
    """For commands that edit a package.json."""
    parser.add_argument(
        *("-w", "--workspace-root"),
        action="store_true",
        help="edit the package.json of the workspace's root, wherever this is called",
    )


def omit_flags(group: argparse._ArgumentGroup) -> None:
    """Those about kinds of dependencies that are left out."""
    group.add_argument(
        "--prod", "-P", "--production", action="store_true", help="leave out devDependencies"
    )
    group.add_argument("--no-optional", action="store_true", help="leave out optional packages")
    group.add_argument(
        "--omit",
        action="append",
        choices=("dev", "optional", "peer"),
        default=[],
        help="leave out a kind of dependency (as npm's --omit)",
    )


def flag_settings(said: argparse.Namespace) -> dict[str, str]:
    """What the flags of ``install_flags`` say that are settings, in npm's words."""
    settings = omit_settings(said)
    for key in ("strict-peer-deps", "legacy-peer-deps", "engine-strict"):
        value = getattr(said, key.replace("-", "_"))
        if value is not None:
            settings[key] = str(value).lower()
    if said.strict_dep_builds:
        settings["strict-dep-builds"] = "true"
    if said.layout:
        settings["layout"] = said.layout
    if said.resolution:
        settings["resolution"] = said.resolution
    return settings


def omit_settings(said: argparse.Namespace) -> dict[str, str]:
    """The same for ``source_flags`` and ``omit_flags`` alone."""
    settings = source_settings(said)
    omit = [
        *said.omit,
        *(["dev"] if said.prod else []),
        *(["optional"] if said.no_optional else []),
    ]
    if omit:
        settings["omit"] = ",".join(dict.fromkeys(omit))
    return settings
