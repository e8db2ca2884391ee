"""One reader under the fuzzer: ``child.py <reader> <libFuzzer's arguments>``.

It writes into the folder for temporary files, which its starter removes: the fuzzer does not."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["graft"]):
    import readers
    from graft.store import archive

from mutate import mutate_json, mutate_tar

# Of the processor's time: the machine may have other work.
_HANG_SECONDS = 2.0
_STRUCTURED = {
    "archive": (mutate_tar, 1),
    "packument": (mutate_json, 0),
    "lockfile": (mutate_json, 0),
    "foreign-lockfile": (mutate_json, 1),
    "manifest": (mutate_json, 0),
}
_WRITES = ("os.mkdir", "os.rename", "os.symlink", "os.link", "os.remove", "os.rmdir", "os.chmod")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def main() -> None:
    name, arguments = sys.argv[1], sys.argv[2:]
    place = tempfile.gettempdir()
    # What the real ones bound takes seconds to fill.
    archive.MAX_FILE_BYTES = 1 << 20
    archive.MAX_TOTAL_BYTES = 1 << 22
    read = _watched(readers.READERS[name], place)
    structured, skip = _STRUCTURED.get(name, (None, 0))
    argv = [sys.argv[0], *arguments]
    if structured is None:
        atheris.Setup(argv, read)
    else:

        def mutate(data: bytes, most: int, seed: int) -> bytes:
            return structured(data, most, random.Random(seed), atheris.Mutate, skip)

        atheris.Setup(argv, read, custom_mutator=mutate)
    atheris.Fuzz()


def _watched(read: Callable[[bytes], None], place: str) -> Callable[[bytes], None]:
    reading = False

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if not reading:
            return
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            paths = arguments[:1]
        elif event in _WRITES:
            paths = arguments[:2] if event in ("os.rename", "os.link") else arguments[:1]
            paths = arguments[1:2] if event == "os.symlink" else paths
        else:
            return
        # Removing a tree goes down by descriptors, from a folder that was named before.
        if event in ("os.remove", "os.rmdir") and arguments[-1] != -1:
            return
        for path in paths:
            name = os.fsdecode(path) if isinstance(path, (str, bytes)) else ""
            if not os.path.abspath(name).startswith(place + os.sep):
                raise readers.Wrong(f"{event} outside of the target: {path!r}")

    sys.addaudithook(audit)

    def watched(data: bytes) -> None:
        nonlocal reading
        start = time.process_time()
        reading = True
        try:
            read(data)
        finally:
            reading = False
        took = time.process_time() - start
        readers.hold(took < _HANG_SECONDS, f"it took {took:.1f} s")

    return watched


if __name__ == "__main__":
    main()
