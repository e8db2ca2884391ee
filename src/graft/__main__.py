"""The entry point: ``graft`` and ``python -m graft``."""

from __future__ import annotations

import sys


def main() -> int:
    if sys.argv[1:] in (["--version"], ["-v"], ["version"]):
        from graft import __version__

        print(__version__)
        return 0
    from graft.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
