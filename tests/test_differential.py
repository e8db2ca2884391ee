"""bench/differential_reasons: a difference between two locks counts as explained only where the
registry's words prove it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "bench"))

from differential_locks import ROOT, Choices, Spec
from differential_reasons import Reason, differences

Decisions = dict[tuple[Spec, str], set[Spec]]
A: Spec = ("a", "1.0.0")
B1: Spec = ("b", "1.0.0")
B2: Spec = ("b", "1.1.0")
C: Spec = ("c", "1.0.0")


def _reasons(ours: Decisions, theirs: Decisions, **registry: Any) -> dict[str, Reason]:
    documents = {
        "a": {"versions": {"1.0.0": {"dependencies": {"b": "^1.0.0"}}}},
        "b": {"versions": {"1.0.0": {}, "1.1.0": {}}, "dist-tags": {"latest": "1.1.0"}},
        "c": {"versions": {"1.0.0": {"dependencies": {"b": "1.0.0"}}}},
        **registry,
    }
    found = differences(
        Choices(ours),
        Choices(theirs),
        names=("ours", "theirs"),
        manifest={"dependencies": {"a": "^1.0.0", "c": "^1.0.0"}},
        document=documents.__getitem__,
        node="20.0.0",
    )
    return {f"{d.tool} {'@'.join(d.spec)}": d.reason for d in found}


BOTH: Decisions = {(ROOT, "a"): {A}, (ROOT, "c"): {C}, (C, "b"): {B1}}


def test_equal_locks_do_not_differ() -> None:
    assert _reasons({**BOTH, (A, "b"): {B2}}, {**BOTH, (A, "b"): {B2}}) == {}


def test_an_older_version_is_explained_by_somebody_who_takes_no_newer_one() -> None:
    found = _reasons({**BOTH, (A, "b"): {B2}}, {**BOTH, (A, "b"): {B1}})
    assert found == {"ours b@1.1.0": Reason.KEPT}


def test_an_older_version_that_nobody_insists_on_is_not_explained() -> None:
    alone: Decisions = {(ROOT, "a"): {A}}
    found = _reasons({**alone, (A, "b"): {B2}}, {**alone, (A, "b"): {B1}}, c={})
    assert found == {"ours b@1.1.0": Reason.UNKNOWN, "theirs b@1.0.0": Reason.UNKNOWN}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"engines": {"node": ">=22"}}, Reason.ENGINES),
        ({"engines": {"node": ">=18"}}, Reason.UNKNOWN),
        ({"deprecated": "broken"}, Reason.DEPRECATED),
    ],
)
def test_a_version_is_avoided_for_what_the_registry_says_of_it(
    said: dict[str, Any], reason: Reason
) -> None:
    alone: Decisions = {(ROOT, "a"): {A}}
    versions = {"versions": {"1.0.0": {}, "1.1.0": said}, "dist-tags": {"latest": "1.1.0"}}
    found = _reasons({**alone, (A, "b"): {B2}}, {**alone, (A, "b"): {B1}}, b=versions)
    assert set(found.values()) == {reason}


def test_what_only_differing_packages_ask_for_follows_from_them() -> None:
    d: Spec = ("d", "1.0.0")
    found = _reasons(
        {**BOTH, (A, "b"): {B2}, (B2, "d"): {d}}, {**BOTH, (A, "b"): {B1}}, d={"versions": {}}
    )
    assert found["ours d@1.0.0"] is Reason.FOLLOWS


def test_peers_optional_ones_and_bundled_ones_are_told_apart() -> None:
    said: dict[str, Any] = {
        "dependencies": {"w": "1"},
        "bundleDependencies": ["w"],
        "peerDependencies": {"x": "1", "y": "1"},
        "peerDependenciesMeta": {"y": {"optional": True}},
        "optionalDependencies": {"z": "1"},
    }
    alone: Decisions = {(ROOT, "a"): {A}}
    ours = {**alone, **{(A, name): {(name, "1.0.0")} for name in "wxyz"}}
    assert _reasons(ours, alone, a={"versions": {"1.0.0": said}}) == {
        "ours w@1.0.0": Reason.BUNDLED,
        "ours x@1.0.0": Reason.PEER,
        "ours y@1.0.0": Reason.OPTIONAL_PEER,
        "ours z@1.0.0": Reason.OPTIONAL,
    }
