"""Which HTTP status goes with a diagnostic of a fleet's server."""

from __future__ import annotations

_STATUSES = {
    "fleet-unreachable": 502,
    "fleet-unauthorized": 401,
    "fleet-not-found": 404,
    "fleet-busy": 409,
    "fleet-invalid": 400,
    "fleet-too-large": 422,
    "fleet-not-ready": 503,
    "fleet-blob-damaged": 502,
    "fleet-blob-missing": 404,
    "fleet-state": 500,
    "blob-store-failed": 502,
    "fleet-lost": 409,
}
# By the area of the exit code: what is wrong with a lock or a requirement, and what is wrong with
# the registry behind the server.
_BANDS = {1: 422, 2: 422, 3: 502, 4: 502, 7: 422}


def status_of(code: str, exit_code: int) -> int:
    return _STATUSES.get(code) or _BANDS.get(exit_code // 10, 500)
