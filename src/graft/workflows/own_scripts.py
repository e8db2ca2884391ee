"""What ``install`` and ``ci`` run of the project's own, once packages are where they belong: the
scripts that npm runs there, in npm's order."""

from __future__ import annotations

from graft.scripts.package import read_package
from graft.workflows.jobs import Jobs
from graft.workflows.run import script_jobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.workflows.jobs import Place

EVENTS = (
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
)


def own_jobs(place: Place, command: str) -> Jobs:
    """``command`` is graft's. Nothing where one of them runs this install: it would never end.
    Raises as ``script_jobs`` does."""
    package = read_package(place.folder)
    is_inside = place.environ.get("npm_package_json") == package.path
    if is_inside and place.environ.get("npm_lifecycle_event") in EVENTS:
        return Jobs(folder=place.folder, jobs=())
    found = [
        script_jobs(place, event, (), command=command, has_hooks=False)
        for event in EVENTS
        if package.scripts.get(event)
    ]
    jobs = tuple(job for each in found for job in each.jobs)
    return Jobs(folder=place.folder, jobs=jobs, notes=found[0].notes if found else ())
