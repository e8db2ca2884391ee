"""Everything below a directory, in a form that compares: to show that nothing changed."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path


def snapshot(root: Path) -> dict[str, str]:
    """Path below ``root`` -> kind, mode and content. Links are not followed; times are ignored."""
    return {str(path.relative_to(root)): _describe(path) for path in sorted(root.rglob("*"))}


def _describe(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"link {path.readlink()}"
    if stat.S_ISDIR(mode):
        return f"dir {stat.S_IMODE(mode):o}"
    if stat.S_ISREG(mode):
        return f"file {stat.S_IMODE(mode):o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return f"special {mode:o}"
