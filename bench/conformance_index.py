"""Compare the index grammar with recorded answers of the package system whose grammar it is.

Exit 1 if any answer differs but for a rule of graft's own; such a deviation is listed with its
rule, after a check that the rule requires just that answer. The records lie beside the repository
or in the folder that is named; without them there is nothing to do, and the script says so.

What is left out: arguments that are no text, the cost arithmetic, an older format's limits, and
what is no grammar (a catalogue's own errors).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graft.versions.constraint import Constraint
from graft.versions.index_constraint import parse_constraint
from graft.versions.index_dependency import parse_dependency, parse_package_constraint
from graft.versions.index_name import check_name
from graft.versions.index_version import parse_index_version

RECORDS = Path(__file__).resolve().parents[2] / "shared" / "data" / "solver"
FILES = ("versions.json", "constraints.json", "version-parser-tests.json", "misc.json")

BUILD = "build ids say nothing of order and of what a constraint admits"
TILDE = "a wrap counts for ~ as it does everywhere"
TRIM = "nothing is trimmed: a version is read to the letter"
EXACT = "a wrap is exact, however large"

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """``rule`` is what requires another answer than theirs, if anything does."""

    of: str
    asked: str
    theirs: Any
    ours: Any
    rule: str = ""


def read(reader: Callable[[str], Any], text: str) -> Any:
    """What ``reader`` makes of ``text``; None for a refusal."""
    try:
        return reader(text)
    except ValueError:
        return None


def version_fields(text: str) -> Any:
    version = parse_index_version(text)
    numbers = [version.major, version.minor, version.patch, version.wrap]
    return [str(version), numbers, list(version.prerelease), list(version.build)]


def their_fields(said: dict[str, Any]) -> Any:
    numbers = [said["major"], said["minor"], said["patch"], said["wrapNum"]]
    # A number that a double cannot hold is a text to them.
    prerelease = [int(part) if str(part).isdigit() else part for part in said["prerelease"]]
    return [said["version"], numbers, prerelease, said["build"]]


def constraint_fields(text: str) -> Any:
    return of_constraint(parse_constraint(text))


def of_constraint(constraint: Constraint) -> Any:
    exact = str(constraint.exact) if constraint.exact else None
    return [
        constraint.text.removesuffix("!"),
        constraint.override,
        exact,
        sorted(map(str, constraint.named)),
    ]


def their_constraint(said: dict[str, Any]) -> Any:
    asked = said["alternatives"]
    versions = [stripped(one["versionString"]) for one in asked if one["versionString"]]
    exact = versions[0] if [one["type"] for one in asked] == ["exactly"] else None
    named = sorted({version for version in versions if "-" in version})
    return [said["raw"], said.get("override", False), exact, named]


def stripped(text: str) -> str:
    """``text`` without its build id."""
    return text.partition("+")[0]


def sign(left: str, right: str) -> int:
    a, b = parse_index_version(left), parse_index_version(right)
    return (a > b) - (a < b)


def reading(of: str, text: str, theirs: Any, ours: Any) -> Answer:
    rule = ""
    if theirs is not None and ours is None and text != text.strip():
        rule = TRIM
    elif theirs and ours and "_" in text and int(text.partition("_")[2].partition("+")[0]) > 2**53:
        rule = EXACT
    return Answer(of, text, theirs, ours, rule)


def versions(records: dict[str, Any]) -> Iterator[Answer]:
    for case in records["versions.json"]["versions"]:
        text = case["input"]
        if isinstance(text, str):
            theirs = their_fields(case["ok"]) if "ok" in case else None
            yield reading("versions", text, theirs, read(version_fields, text))


def order(records: dict[str, Any]) -> Iterator[Answer]:
    compared = records["versions.json"]["compare"]
    texts = compared["versions"]
    theirs = {(texts[a], texts[b]): said for a, b, said, _ in compared["pairs"]}
    for (left, right), said in theirs.items():
        plain = theirs.get((stripped(left), stripped(right)))
        ours = sign(left, right)
        yield Answer("order", f"{left} {right}", said, ours, BUILD if ours == plain else "")


def constraints(records: dict[str, Any]) -> Iterator[Answer]:
    for case in records["constraints.json"]["versionConstraints"]:
        text = case["input"] or ""
        theirs = their_constraint(case["ok"]) if "ok" in case else None
        yield reading("constraints", text, theirs, read(constraint_fields, text))


def admitted(records: dict[str, Any]) -> Iterator[Answer]:
    said = records["constraints.json"]["satisfies"]
    for kind in ("normal", "weakMinimum"):
        table = {
            (text, version): bit == "1"
            for text, bits in said[kind].items()
            for version, bit in zip(said["versions"], bits, strict=True)
        }
        for (text, version), theirs in table.items():
            constraint = parse_constraint(text)
            range = constraint.range if kind == "normal" else constraint.at_least
            ours = parse_index_version(version) in range
            rule = ""
            if table.get((stripped(text), stripped(version))) == ours:
                rule = BUILD
            elif text.startswith("~") and theirs:
                at_least = parse_index_version(text[1:]) <= parse_index_version(version)
                rule = TILDE if ours == at_least else ""
            yield Answer(f"admitted, {kind}", f"{text} {version}", theirs, ours, rule)


def names(records: dict[str, Any]) -> Iterator[Answer]:
    for case in records["constraints.json"]["packageNames"]:
        ours = read(check_name, case["name"]) is not None
        yield Answer("names", case["name"], "ok" in case, ours)


def dependencies(records: dict[str, Any]) -> Iterator[Answer]:
    for case in records["constraints.json"]["packageConstraints"]:
        yield from package_constraint(case["args"], case.get("ok"))
    for case in records["misc.json"]["dependencyStrings"]:
        said, text = case.get("ok"), case["input"]
        theirs = [said["package"], said["constraint"], said["isWeak"]] if said else None
        found = read(parse_dependency, text)
        ours = [found.name, found.constraint.text, found.weak] if found else None
        yield Answer("dependencies", text, theirs, ours)


def package_constraint(args: list[Any], said: dict[str, Any] | None) -> Iterator[Answer]:
    """One text, or a name and a constraint."""
    if not all(isinstance(arg, str) for arg in args if arg is not None) or args[0] is None:
        return
    theirs = [said["package"], said["constraintString"]] if said else None
    if len(args) == 1 or not args[1]:
        found = read(parse_package_constraint, args[0])
        ours = [found[0], found[1].text] if found else None
    else:
        name, constraint = read(check_name, args[0]), read(parse_constraint, args[1])
        ours = [name, constraint.text] if name and constraint else None
    yield Answer("dependencies", " ".join(map(str, args)), theirs, ours)


def parser_tests(records: dict[str, Any]) -> Iterator[Answer]:
    of = "the parser's own tests"
    for case in records["version-parser-tests.json"]["cases"]:
        function, args, said = case["fn"], case["args"], case.get("result")
        if function == "parse" and isinstance(args[0], str):
            theirs = their_fields(said) if said else None
            yield reading(of, args[0], theirs, read(version_fields, args[0]))
        elif function == "parsePackageConstraint":
            yield from package_constraint(args, said)
        elif function == "parseVersionConstraint":
            text = args[0] or ""
            theirs = their_constraint(said) if said else None
            yield reading(of, str(text), theirs, read(constraint_fields, text))
        elif function == "validatePackageName":
            theirs = "error" not in case
            yield Answer(of, args[0], theirs, read(check_name, args[0]) is not None)
        elif function == "compare":
            theirs = (said > 0) - (said < 0)
            yield Answer(of, " ".join(args), theirs, sign(*args))
        elif function == "lessThan":
            yield Answer(of, " ".join(args), said, sign(*args) < 0)


PARTS = (versions, order, constraints, admitted, names, dependencies, parser_tests)


def report(answers: list[Answer]) -> int:
    """Print the counts, the deviations and the disagreements; return how many there are of the
    last."""
    wrong: list[Answer] = []
    deviations: list[Answer] = []
    for of in dict.fromkeys(answer.of for answer in answers):
        these = [answer for answer in answers if answer.of == of]
        differing = [answer for answer in these if answer.theirs != answer.ours]
        meant = [answer for answer in differing if answer.rule]
        deviations += meant
        wrong += [answer for answer in differing if not answer.rule]
        print(f"{of:<24} {len(these) - len(differing):>6,} of {len(these):>6,} the same", end="")
        print(f", {len(meant)} by a rule" if meant else "")
    for rule in dict.fromkeys(answer.rule for answer in deviations):
        print(f"{rule}:")
        for answer in (answer for answer in deviations if answer.rule == rule):
            print(f"  {answer.of}: {answer.asked!r}: {answer.theirs} there, {answer.ours} here")
    for answer in wrong[:SHOWN]:
        print(f"wrong: {answer.of}: {answer.asked!r}: {answer.theirs} there, {answer.ours} here")
    print(f"{len(wrong)} disagreements" if wrong else "no disagreements")
    return len(wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("records", type=Path, nargs="?", default=RECORDS)
    folder = parser.parse_args().records
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        print(f"index grammar: no records to compare with ({folder} lacks {', '.join(missing)})")
        return 0
    records = {name: json.loads((folder / name).read_text(encoding="utf-8")) for name in FILES}
    return 1 if report([answer for part in PARTS for answer in part(records)]) else 0


if __name__ == "__main__":
    sys.exit(main())
