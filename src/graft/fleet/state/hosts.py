"""What hosts have said of themselves: one row for each host and set, the last word."""

from __future__ import annotations

from graft.base.records import replace
from graft.fleet.records import READY, HostReport
from graft.fleet.state.database import Row, Transaction
from graft.fleet.state.sets import need_set


def report(t: Transaction, said: HostReport) -> HostReport:
    """As it is kept. ``converged_at`` is found here: when the host first said that it is ready with
    the release that it has, whatever failed since. ``reported_at`` is the caller's clock."""
    need_set(t, said.set)
    before = _last(t, said.host, said.set)
    known = before is not None and before.hash == said.hash and before.converged_at
    converged_at = known or (said.reported_at if said.status == READY else 0)
    kept = replace(said, error=said.error.replace("\0", ""), converged_at=converged_at)
    t.run(
        "INSERT INTO host_reports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (host, set_name) DO UPDATE SET hash = excluded.hash,"
        " status = excluded.status, platform = excluded.platform, error = excluded.error,"
        " pulled_bytes = excluded.pulled_bytes, pulled_blobs = excluded.pulled_blobs,"
        " milliseconds = excluded.milliseconds, version = excluded.version,"
        " reported_at = excluded.reported_at, converged_at = excluded.converged_at",
        (
            kept.host,
            kept.set,
            kept.hash,
            kept.status,
            kept.platform,
            kept.error,
            kept.pulled_bytes,
            kept.pulled_blobs,
            kept.milliseconds,
            kept.version,
            kept.reported_at,
            kept.converged_at,
        ),
    )
    return kept


def hosts(t: Transaction, set: str = "") -> list[HostReport]:
    """Of one set or of all, by host and set."""
    rows = t.rows("SELECT * FROM host_reports WHERE ? IN ('', set_name)", (set,))
    return sorted(map(_report, rows), key=lambda said: (said.host, said.set))


def forget_host(t: Transaction, host: str) -> bool:
    """One that is no more. False if it never said anything."""
    return t.run("DELETE FROM host_reports WHERE host = ?", (host,)) > 0


def _last(t: Transaction, host: str, set: str) -> HostReport | None:
    query = "SELECT * FROM host_reports WHERE host = ? AND set_name = ?"
    for row in t.rows(query, (host, set)):
        return _report(row)
    return None


def _report(row: Row) -> HostReport:
    return HostReport(
        host=row["host"],
        set=row["set_name"],
        hash=row["hash"],
        status=row["status"],
        platform=row["platform"],
        error=row["error"],
        pulled_bytes=row["pulled_bytes"],
        pulled_blobs=row["pulled_blobs"],
        milliseconds=row["milliseconds"],
        version=row["version"],
        reported_at=row["reported_at"],
        converged_at=row["converged_at"],
    )
