"""The entry point: ``graft`` and ``python -m graft``."""

from __future__ import annotations

import sys

_PLAIN = (["install"], ["i"], ["ci"])
_SCRIPTS = ("run", "run-script", "test", "t", "start", "stop")


def main() -> int:
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-v"], ["version"]):
        from graft import __version__

        print(__version__)
        return 0
    if arguments in _PLAIN:
        from graft.cli.shortest import run_shortest

        try:
            if run_shortest("ci" if arguments == ["ci"] else "install"):
                return 0
        except KeyboardInterrupt:
            return _interrupted()
    if arguments[:1] and arguments[0] in _SCRIPTS:
        from graft.cli.shortest_run import run_shortest as run_script

        code = run_script(arguments)
        if code is not None:
            return code
    from graft.cli.main import run

    return run(arguments)


def _interrupted() -> int:
    import os

    from graft.cli.console import Console
    from graft.cli.main import interrupted

    return interrupted(Console(os.environ))


if __name__ == "__main__":
    sys.exit(main())
