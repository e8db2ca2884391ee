from collections.abc import Sequence

from graft.base.trees import Contents

def build(
    root: str,
    folders: Sequence[str],
    files: Sequence[Contents],
    links: Sequence[tuple[str, str]],
    /,
) -> None: ...
def link_files(source: str, target: str, paths: Sequence[str], /) -> tuple[int, int]: ...
def set_modes(root: str, paths: Sequence[str], mode: int, /) -> None: ...
def return_buffers(size: int, /) -> None: ...
