"""Small problems for the flat solver, made from a seed: everything that a problem can have."""

from __future__ import annotations

import random
from typing import Any, TypeVar

VERSIONS = (
    *("0.1.0", "0.2.0", "1.0.0", "1.0.0_1", "1.0.1", "1.1.0", "1.1.0_2", "2.0.0", "2.0.1"),
    *("1.1.0-rc.1", "2.0.0-rc.0", "2.0.0-rc.1_1", "3.0.0"),
)
NAMES = "abcdef"

T = TypeVar("T")


def random_fields(rng: random.Random, *, packages: int = 5, versions: int = 4) -> dict[str, Any]:
    """A problem as JSON would have it, with its catalogue below ``catalogue``."""
    names = NAMES[: rng.randint(3, packages)]
    catalogue: dict[str, dict[str, list[str]]] = {}
    for name in names:
        chosen = rng.sample(VERSIONS, rng.randint(1, versions))
        catalogue[name] = {text: _dependencies(rng, names, name) for text in chosen}
    roots = rng.sample(names, rng.randint(1, 2))
    if rng.random() < 0.02:
        roots.append("unknown")
    fields: dict[str, Any] = {
        "dependencies": roots,
        "constraints": _constraints(rng, names),
        "catalogue": catalogue,
    }
    if rng.random() < 0.6:
        had = rng.sample(names, rng.randint(1, len(names)))
        fields["previousSolution"] = {
            name: rng.choice([*catalogue[name], *rng.sample(VERSIONS, 1)]) for name in had
        }
        if rng.random() < 0.4:
            fields["upgrade"] = rng.sample(names, rng.randint(1, 2))
        fields["allowIncompatibleUpdate"] = rng.random() < 0.3
        fields["upgradeIndirectDepPatchVersions"] = rng.random() < 0.3
    if rng.random() < 0.4:
        prereleases = [text for text in VERSIONS if "-" in text]
        fields["anticipatedPrereleases"] = {
            name: rng.sample(prereleases, 1) for name in rng.sample(names, 2)
        }
    return fields


def crowded_fields(rng: random.Random) -> dict[str, Any]:
    """A problem with answers, between which the order decides: every version of a package asks for
    the same others, each for a few of their versions."""
    names = NAMES[: rng.randint(3, 6)]
    grid = [f"{major}.{minor}.{patch}" for major in "12" for minor in "01" for patch in "01"]
    has = {name: rng.sample(grid, rng.randint(2, 5)) for name in names}
    catalogue: dict[str, dict[str, list[str]]] = {}
    for name in names:
        targets = rng.sample(names, rng.choice((0, 1, 2)))
        catalogue[name] = {
            text: [
                f"{target}@{' || '.join('=' + each for each in _some(rng, has[target]))}"
                for target in targets
                if target != name and rng.random() < 0.9
            ]
            for text in has[name]
        }
    fields: dict[str, Any] = {
        "dependencies": rng.sample(names, rng.randint(1, 2)),
        "constraints": [],
        "catalogue": catalogue,
        "allowIncompatibleUpdate": rng.random() < 0.6,
        "upgradeIndirectDepPatchVersions": rng.random() < 0.3,
    }
    if rng.random() < 0.7:
        had = rng.sample(names, rng.randint(1, len(names)))
        fields["previousSolution"] = {name: rng.choice(grid) for name in had}
        fields["upgrade"] = rng.sample(names, rng.choice((0, 0, 1, 2)))
        pinned = rng.choice(names)
        if rng.random() < 0.3:
            fields["constraints"] = [f"{pinned}@={rng.choice(has[pinned])}"]
    return fields


def entangled_fields(rng: random.Random, *, packages: int, versions: int) -> dict[str, Any]:
    """A problem that has an answer about as often as not, and takes many conflicts to solve: every
    version asks for three others, and about half of their versions will do."""
    names = [f"p{number}" for number in range(packages)]
    texts = [f"{number % 3}.{number}.0" for number in range(versions)]
    catalogue: dict[str, dict[str, list[str]]] = {}
    for name in names:
        targets = rng.sample([other for other in names if other != name], 3)
        catalogue[name] = {
            text: [
                f"{target}@{' || '.join('=' + each for each in rng.sample(texts, versions // 2))}"
                for target in targets
            ]
            for text in texts
        }
    return {"dependencies": names[:3], "constraints": [], "catalogue": catalogue}


def shuffled(fields: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The same, with everything in another order."""
    catalogue = {
        name: dict(_mixed([(text, _mixed(asked, rng)) for text, asked in versions.items()], rng))
        for name, versions in _mixed(list(fields["catalogue"].items()), rng)
    }
    return {
        **fields,
        "dependencies": _mixed(fields["dependencies"], rng),
        "constraints": _mixed(fields["constraints"], rng),
        "catalogue": catalogue,
        "previousSolution": dict(_mixed(list(fields.get("previousSolution", {}).items()), rng)),
    }


def _dependencies(rng: random.Random, names: str, owner: str) -> list[str]:
    others = [name for name in names if name != owner or rng.random() < 0.05]
    asked = rng.sample(others, min(len(others), rng.choice((0, 0, 1, 1, 2, 3))))
    if rng.random() < 0.02:
        asked.append("unknown")
    return [
        ("?" if rng.random() < 0.2 else "") + name + ("" if rng.random() < 0.3 else _at(rng))
        for name in asked
    ]


def _some(rng: random.Random, texts: list[str]) -> list[str]:
    return rng.sample(texts, rng.randint(1, max(1, len(texts) - 1)))


def _constraints(rng: random.Random, names: str) -> list[str]:
    """Some about one package, so that they meet."""
    about = [rng.choice(names) for _ in range(rng.choice((0, 0, 1, 1, 2, 3)))]
    if rng.random() < 0.3:
        about += about[:1]
    return [name + _at(rng) + ("!" if rng.random() < 0.25 else "") for name in about]


def _at(rng: random.Random) -> str:
    alternatives = [rng.choice(("", "", "=", "~")) + rng.choice(VERSIONS) for _ in range(2)]
    return "@" + " || ".join(alternatives[: rng.choice((1, 1, 1, 2))])


def _mixed(items: list[T], rng: random.Random) -> list[T]:
    return rng.sample(items, len(items))
