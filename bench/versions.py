"""How fast versions and ranges are: reading, membership, picking the newest."""

from __future__ import annotations

import time
from collections.abc import Callable

from graft.versions import Version, parse_range, parse_version

RANGES = ("^4.17.0", "~4.17.20", ">=3.1.0 <5", "4.x || ^5.2.0", "*", "1.2.3", ">=4.18.0-rc.1 <4.19")


def packument() -> list[str]:
    """500 versions as a long-lived package has them; one in five is a prerelease."""
    texts: list[str] = []
    for number in range(500):
        base = f"{number // 100}.{number // 5 % 20}.{number % 5}"
        texts.append(f"{base}-rc.{number}" if number % 5 == 0 else base)
    return texts


def rate(work: Callable[[], int]) -> float:
    """Units of work a second: the best of five runs of at least a tenth of a second each."""
    best = 0.0
    for _ in range(5):
        done, started = 0, time.perf_counter()
        while (passed := time.perf_counter() - started) < 0.1:
            done += work()
        best = max(best, done / passed)
    return best


def main() -> None:
    texts = packument()
    plain = [text for text in texts if "-" not in text]
    versions = [parse_version(text) for text in texts]
    ranges = [parse_range(text) for text in RANGES]
    read_version, read_range = parse_version.__wrapped__, parse_range.__wrapped__

    def read(reader: Callable[[str], object], sources: list[str]) -> Callable[[], int]:
        return lambda: len([reader(source) for source in sources])

    def check_one_by_one() -> int:
        for asked in ranges:
            for version in versions:
                asked.contains(version)
        return len(ranges) * len(versions)

    def select() -> int:
        return sum(len(asked.select(versions)) and len(versions) for asked in ranges)

    def newest() -> int:
        found: list[Version | None] = [asked.newest(versions) for asked in ranges]
        return len(found) * len(versions)

    def intersect() -> int:
        for asked in ranges:
            for other in ranges:
                asked.intersection(other)
        return len(ranges) ** 2

    rows: list[tuple[str, Callable[[], int]]] = [
        ("x.y.z read, not memoised", read(read_version, plain)),
        ("prereleases read, not memoised", read(read_version, sorted({*texts} - {*plain}))),
        ("ranges read, not memoised", read(read_range, list(RANGES))),
        ("ranges read, memoised", read(parse_range, list(RANGES))),
        ("Range.contains", check_one_by_one),
        ("Range.select, versions seen", select),
        ("Range.newest, versions seen", newest),
        ("Range.intersection", intersect),
    ]
    for title, work in rows:
        print(f"{title:<32} {rate(work):>14,.0f} a second")


if __name__ == "__main__":
    main()
