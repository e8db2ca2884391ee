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

        if run_shortest(frozen=arguments == ["ci"]):
            return 0
    if arguments[:1] and arguments[0] in _SCRIPTS:
        from graft.cli.shortest_run import run_shortest as run_script

        code = run_script(arguments)
        if code is not None:
            return code
    from graft.cli.main import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
