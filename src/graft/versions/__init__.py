"""Versions, ranges and their algebra; npm's grammar of ranges and the index grammar."""

from graft.versions.npm import parse_range
from graft.versions.ranges import ANY, NOTHING, Range
from graft.versions.version import Version, parse_version

__all__ = ["ANY", "NOTHING", "Range", "Version", "parse_range", "parse_version"]
