"""A folder as the archive that npm would publish of it: the same bytes for the same files,
whenever and wherever it is packed.

Not compressed: what a compressor makes of it differs from one version to the next, and the bytes
have an integrity that locks hold.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable

from graft.model.files import PackedFile


def pack(files: Iterable[PackedFile]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in sorted(files):
            header = tarfile.TarInfo(f"package/{file.path}")
            header.size = len(file.data)
            header.mode = 0o755 if file.executable else 0o644
            tar.addfile(header, io.BytesIO(file.data))
    return packed.getvalue()
