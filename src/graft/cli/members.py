"""Flags about members of a workspace, and what running in many of them looks like."""

from __future__ import annotations

import os
import sys
import threading

from graft.base.diagnostics import GraftError
from graft.cli.words import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from graft.cli.console import Console
    from graft.workflows.jobs import Jobs, Place
    from graft.workflows.members import Choice, Chosen
    from graft.workflows.recursive import Ended

# Those with a word behind them: command lines whose end is another's have to know.
WITH_VALUE = ("--filter", "-F", "--workspace", "-w", "--workspace-concurrency")
ALONE = (
    *("-r", "--recursive", "--workspaces", "--include-workspace-root", "--fail-if-no-match"),
    *("--parallel", "--no-sort", "--sort", "--bail", "--no-bail"),
)
_AT_ONCE = 4
_COLOURS = ("cyan", "green", "yellow", "bold")


def member_flags(parser: argparse.ArgumentParser) -> None:
    """Which members a command is about."""
    group = parser.add_argument_group("in a workspace")
    group.add_argument(
        *("-r", "--recursive", "--workspaces"), action="store_true", help="in all members"
    )
    group.add_argument(
        *("--filter", "-F", "--workspace", "-w"),
        action="append",
        default=[],
        metavar="SELECTOR",
        help="in members by name, ./folder, {folder} or [git-ref]; 'a...' with what a needs, "
        "'...a' with what needs a, '!a' without a",
    )
    group.add_argument(
        "--include-workspace-root", action="store_true", help="with -r, in the root as well"
    )
    group.add_argument(
        "--fail-if-no-match", action="store_true", help="fail where --filter selects nothing"
    )


def running_flags(parser: argparse.ArgumentParser) -> None:
    """How to run in several members."""
    member_flags(parser)
    group = parser.add_argument_group("running in several members")
    group.add_argument("--parallel", action="store_true", help="all at once, whoever needs whom")
    group.add_argument(
        "--workspace-concurrency",
        type=int,
        metavar="N",
        help=f"how many at once (default: {_AT_ONCE}; 1 gives each the terminal)",
    )
    group.add_argument(
        "--sort", action="store_true", default=True, help="what others need first (the default)"
    )
    group.add_argument("--no-sort", action="store_false", dest="sort", help="in any order")
    group.add_argument(
        "--bail", action="store_true", default=True, help="stop at a failure (the default)"
    )
    group.add_argument(
        "--no-bail", action="store_false", dest="bail", help="go on, and fail at the end"
    )


def choice_of(said: argparse.Namespace, *, with_root: bool = False) -> Choice | None:
    """None where no flag is about members."""
    if not (said.recursive or said.filter):
        return None
    from graft.workflows.members import Choice

    return Choice(filters=tuple(said.filter), with_root=with_root or said.include_workspace_root)


def chosen_of(
    console: Console, said: argparse.Namespace, place: Place, *, with_root: bool = False
) -> Chosen:
    """The members that the flags mean; says so where there are none. Raises ``usage`` if that is to
    be a failure. The root is one ``with_root`` too."""
    from graft.workflows.members import choose

    choice = choice_of(said, with_root=with_root)
    assert choice is not None
    chosen = choose(place, choice)
    if not chosen.paths:
        names = sorted(filter(None, (m.name for m in chosen.checkout.manifests.values())))
        message = f"no member is selected by {' '.join(said.filter) or '-r'}"
        if said.fail_if_no_match:
            raise GraftError(
                "usage", message, where=chosen.folder, fix=f"there are {', '.join(names)}"
            )
        console.status(f"{message}; there are {', '.join(names)}")
    return chosen


def run_in_members(
    console: Console,
    said: argparse.Namespace,
    place: Place,
    jobs_of: Callable[[Place], Jobs | None],
    nothing: Callable[[], GraftError | None],
) -> int:
    """``jobs_of`` gives what runs in a member, None for nothing; ``nothing`` what to say where that
    is so of all."""
    from graft.base.records import replace
    from graft.workflows.lease import lease_modules
    from graft.workflows.recursive import Pace, run_in_turn, run_together

    if said.workspace_concurrency is not None and said.workspace_concurrency < 1:
        raise GraftError(
            "usage",
            "--workspace-concurrency is a number from 1",
            where="--workspace-concurrency",
            fix="write 1 for one after the other",
        )
    chosen = chosen_of(console, said, place)
    jobs = {}
    for path in chosen.paths:
        folder = os.path.normpath(os.path.join(chosen.folder, path))
        its = jobs_of(replace(place, folder=folder))
        if its is not None:
            jobs[path] = its
    if not jobs:
        error = nothing() if chosen.paths else None
        if error is not None:
            raise error
        return 0
    lease_modules(place, chosen.folder)
    pace = Pace(
        at_once=len(jobs) if said.parallel else said.workspace_concurrency or _AT_ONCE,
        sorted=said.sort and not said.parallel,
        bail=said.bail,
    )
    if pace.at_once == 1 or len(jobs) == 1:
        ended = run_in_turn(jobs, pace, lambda path, text: console.status(f"{path}: {text}"))
    else:
        ended = run_together(jobs, chosen.needs, pace, _Prefixed(console, list(jobs)))
    return _show(console, ended, bail=said.bail)


class _Prefixed:
    """Lines with their member in front, in columns; each whole, whoever else speaks."""

    def __init__(self, console: Console, paths: list[str]) -> None:
        self._console = console
        self._width = max(map(len, paths))
        self._colours = {path: _COLOURS[at % len(_COLOURS)] for at, path in enumerate(paths)}
        self._lock = threading.Lock()

    def __call__(self, path: str, text: str, is_error: bool) -> None:
        stream = sys.stderr if is_error else sys.stdout
        name = self._console.style(self._colours[path], path.ljust(self._width), stream)
        with self._lock:
            print(f"{name} | {text}", file=stream, flush=True)


def _show(console: Console, ended: Ended, *, bail: bool) -> int:
    from graft.base.foreground import end_like

    failed = ended.failed
    for path, code in failed.items():
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        console.status(f"{console.style('red', 'failed')} {path}: {how}")
    if failed or ended.left:
        done = len(ended.codes) - len(failed)
        parts = [f"{done} of {count(len(ended.codes) + len(ended.left), 'member')} done"]
        if ended.left:
            parts.append(f"not run to the end: {', '.join(ended.left)}")
        console.status("; ".join(parts))
    if ended.received:
        return end_like(-ended.received)
    if failed and bail:
        return end_like(next(iter(failed.values())))
    return 1 if failed else 0
