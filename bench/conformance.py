"""Compare graft's versions and ranges with node-semver, npm's own.

Both answer the same questions, written by this script from the grammar in node-semver's README and
from a seed. Exit 1 if any answer differs. What is left out, because the meanings differ:

- ``intersects`` is asked with includePrerelease and without bounds between which no version fits:
  node-semver's own does not see that ``>1.2.3 <1.2.4-0`` is empty, nor its prerelease rule.
- ``subset`` looks for one alternative that holds each alternative, so its yes must be ours too, but
  its no says nothing. Ours is exact.
- ``v 1.2.3 - 2``, a space inside one end of a hyphen range, is asked without includePrerelease
  only: there the option changes which *releases* node-semver admits.
  Nor is it asked without includePrerelease whether ``1.2.3-beta <2`` is a subset: node-semver's
  subset takes that for the empty range, though its satisfies does not.
- Numbers of 22 digits and more, which JavaScript writes as 1e+21 when it adds to them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graft.versions import Range, parse_range, parse_version

SEED = 20_240_229
PAIRS = 100_000
SHOWN = 10

# Reads questions and writes answers, one JSON value a line. Null stands for a refusal.
ORACLE = """
const semver = require('semver')
const attempt = (answer) => { try { return answer() } catch { return null } }
const answers = {
  range: (range, includePrerelease, versions) => attempt(() => {
    const parsed = new semver.Range(range, { loose: true, includePrerelease })
    return versions.map((version) => (parsed.test(version) ? '1' : '0')).join('')
  }),
  version: (version, loose) => {
    const parsed = semver.parse(version, { loose })
    return parsed && [parsed.version, parsed.build]
  },
  compare: (left, right) => attempt(() => semver.compare(left, right, true)),
  intersects: (left, right) =>
    attempt(() => semver.intersects(left, right, { loose: true, includePrerelease: true })),
  subset: (left, right, includePrerelease) =>
    attempt(() => semver.subset(left, right, { loose: true, includePrerelease })),
}
const lines = require('fs').readFileSync(0, 'utf8').trimEnd().split('\\n')
const reply = ([kind, ...rest]) => JSON.stringify(answers[kind](...rest))
process.stdout.write(lines.map((line) => reply(JSON.parse(line))).join('\\n'))
"""


@dataclass(frozen=True, slots=True)
class Question:
    """``args`` as the oracle takes them; ``one_way``: only its yes must be ours too."""

    kind: str
    args: tuple[Any, ...]
    one_way: bool = False


def install_semver(folder: Path) -> Path:
    """Put node-semver below ``folder``, by graft itself; return the folder where node finds it."""
    command = [sys.executable, "-m", "graft", "add", "--silent", "--dir", str(folder), "semver@7"]
    home = {"GRAFT_HOME": str(folder / "graft")}
    subprocess.run(command, check=True, env=os.environ | home)
    return folder


def ask_node(folder: Path, questions: list[Question]) -> list[Any]:
    lines = "\n".join(json.dumps([question.kind, *question.args]) for question in questions)
    done = subprocess.run(
        ["node", "-e", ORACLE], cwd=folder, input=lines, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def ask_graft(question: Question) -> Any:
    try:
        return _ANSWERS[question.kind](*question.args)
    except ValueError:
        return None


def _range_answer(text: str, include_prerelease: bool, versions: list[str]) -> str:
    found = _range(text, include_prerelease)
    return "".join("01"[_admits(found, version)] for version in versions)


def _admits(found: Range, version: str) -> bool:
    """As node-semver's satisfies: what is no version is in no range."""
    try:
        return found.contains(parse_version(version))
    except ValueError:
        return False


def _version_answer(text: str, loose: bool) -> list[Any]:
    version = parse_version(text, loose=loose)
    return [str(version), list(version.build)]


def _compare_answer(left: str, right: str) -> int:
    a, b = parse_version(left), parse_version(right)
    return (a > b) - (a < b)


def _intersects_answer(left: str, right: str) -> bool:
    return not _range(left, True).intersection(_range(right, True)).is_empty


def _subset_answer(left: str, right: str, include_prerelease: bool) -> bool:
    return _range(left, include_prerelease).is_subset(_range(right, include_prerelease))


def _range(text: str, include_prerelease: bool) -> Range:
    found = parse_range(text)
    return found.include_prereleases() if include_prerelease else found


_ANSWERS: dict[str, Callable[..., Any]] = {
    "range": _range_answer,
    "version": _version_answer,
    "compare": _compare_answer,
    "intersects": _intersects_answer,
    "subset": _subset_answer,
}

EXACT_PRERELEASE = re.compile(r"(?:^|[ |=])[v=]*\d+\.\d+\.\d+-")

# The grammar, and what people write beside it.
OPERATORS = (
    *("", "=", "<", "<=", ">", ">=", "^", "~", "~>"),
    *("==", "=>", "<>", "^=", "~=", ">==", "!"),
)
SPACES = ("", " ", "  ", " \t")
PREFIXES = ("", "v", "=", "v ", "= v")
PARTIALS = (
    *("*", "x", "X", "0", "1", "2", "01", "0.x", "1.x", "1.*", "0.0", "0.1", "1.2", "x.x", "*.*"),
    *("0.0.x", "0.1.x", "1.2.x", "1.2.*", "1.x.x", "x.x.x", "0.0.0", "0.0.3", "0.2.3", "1.2.3"),
    *("2.0.0", "01.02.03", "00.1.2", "0.00.3", "1.x.3", "x.2", "x.2.3", "x.x.3", "*.2", "1.*.3"),
    *("1.2.3.4", "1.", "1..2", ".1", "1.2.", "", "1.2.9007199254740991", "1.9007199254740991"),
    *("9007199254740991", "9007199254740992.0.0", "1.x.9007199254740992"),
)
TAILS = (
    *("", "-beta", "-beta.2", "-0", "-1", "-01", "-alpha-1.x", "beta", "beta.2", "-", "--", "-."),
    *("+build", "-rc.1+b.2", "+", "++b", "*", "x", "-9007199254740993", ".x", "-beta_2", " +b"),
)
ODDITIES = (
    # words that are no comparator, alone and beside some that are
    *("latest", "next", "foo", "a.b.c", "1.2.3 foo", "foo 1.2.3", "foo || 1.2.3", "foo * bar"),
    *("* foo", "foo *", "foo +b", "+b", "foo ^* bar", "foo >=0.0.0 bar", "git+ssh://a/b.git"),
    *("file:../a", "workspace:*", "npm:a@1", "http://a/b-1.2.3.tgz", "a/b#1", "||", "|", "1|||2"),
    *("v", "=", "^", "~", ">", "-", " ", "<", "1 ||"),
    # what admits everything makes npm forget the other alternatives
    *(">=0.0.0 || 1.2.3-beta", ">=0 || 1.2.3-beta", ">=v0.0.0 || 1.2.3-beta", "* || 1.2.3-beta"),
    *(">=1.2.3-beta || *", "0.0.0 - * || 1.2.3-beta", "v0.0.0 - x || 1.2.3-beta", ">x || 1"),
    *(">=00.0.0 || 1.2.3-beta", ">=0.0.0* || 1.2.3-beta", "1.2.x >=1.2.0-beta", "<0.0.0-0"),
    *("<0.0.0", "<0.0.0-beta >=0", "<0.0.0-beta >=0.0.0", "<0.0.0-beta >=v0.0.0", "~0 >0.0.0-2"),
    # spaces and stars where they hardly belong
    *("\ufeff1.2.3\u00a0", "1.2.3\n- 2", "1.2.3- 2", "1.2.3 -2", "1 - 2 3", "1 - 2 - 3", "1 -  2"),
    *(">   v1.2", "1   -   2.3", "1.2.3  ||  2"),
    *("* - *", "> = 1.2.3", "= > 1.2.3", "= = 1.2.3", "~ > 1.2.3", "~ ~ 1", "^ ^ 1.2.3", "^~1.2.3"),
    *("^>1.2.3", ">^1.2.3", ">*1.2.3", "=*1.2.3", "1.*2.3"),
    # length
    *("1.2.3-" + "a" * 249, "1.2.3-" + "a" * 250, "1.2.3-" + "a" * 251, "^1.2.3-" + "a" * 300),
    *("1.2.3-" + "a." * 130 + "a || 1", "1.2.3+" + "b" * 300, "1.2.3 - 2.0.0-" + "a" * 251),
)


def grammar_ranges() -> Iterator[str]:
    """Every operator before every partial version, in every spelling; hyphens; then oddities."""
    yield from map("".join, itertools.product(OPERATORS, SPACES, PREFIXES, PARTIALS, TAILS))
    ends = [partial + tail for partial in PARTIALS[:40] for tail in ("", "-beta", "+b")]
    yield from map(" - ".join, itertools.product(ends, ends))
    for prefix, low, high in itertools.product(PREFIXES, PARTIALS, ("1.2.3", "2", "2.0.0-rc.1")):
        yield f"{prefix}{low} - {high}"
        yield f"{low} - {prefix}{high}"
    yield from ODDITIES


def random_version(rng: random.Random, *, loose: bool = False) -> str:
    numbers = [rng.choice((0, 0, 1, 1, 2, 3, 9, 10)) for _ in range(3)]
    text = ".".join(map(str, numbers))
    if rng.random() < 0.45:
        text += "-" + random_prerelease(rng)
    if rng.random() < 0.05:
        text += "+build.1"
    if loose and rng.random() < 0.3:
        text = rng.choice((f"v{text}", f"= {text}", f" {text} ", f"0{text}", text.replace("-", "")))
    return text


def random_prerelease(rng: random.Random) -> str:
    parts = ("0", "1", "2", "10", "alpha", "beta", "rc", "a-b", "-", "1a", "Z", "9007199254740993")
    return ".".join(rng.choices(parts, k=rng.choice((1, 1, 2, 2, 3))))


def random_range(rng: random.Random) -> str:
    sets = (random_set(rng) for _ in range(rng.choice((1, 1, 1, 2, 3))))
    return rng.choice((" || ", "||", "|| ")).join(sets)


def random_set(rng: random.Random) -> str:
    if rng.random() < 0.15:
        return f"{random_partial(rng)} - {random_partial(rng)}"
    words = []
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        operator = rng.choice(("", "=", "<", "<=", ">", ">=", "^", "~", "~>", "<", ">=", "^"))
        words.append(operator + rng.choice(("", "", "", " ")) + random_partial(rng))
    if rng.random() < 0.03:
        words.insert(rng.randrange(len(words) + 1), rng.choice(("foo", "*", "-", "1.x.3")))
    return " ".join(words)


def random_partial(rng: random.Random) -> str:
    version = random_version(rng)
    kind = rng.random()
    if kind < 0.6:
        return ("v" if kind < 0.03 else "") + version
    known = version.partition("-")[0].partition("+")[0].split(".")[: rng.choice((0, 1, 1, 2, 2))]
    filled = known + [rng.choice("xX*")] * rng.choice((0, 1, 3 - len(known)))
    return ".".join(filled[:3]) or "*"


def versions_near(text: str, rng: random.Random, count: int) -> list[str]:
    """Versions at and around the bounds that ``text`` may have, and some from anywhere."""
    triples = [re.findall(r"\d+", part)[:3] for part in re.split(r"[ |]+", text)]
    tuples = [[int(number) for number in triple] + [0, 0, 0] for triple in triples if triple]
    prereleases = re.findall(r"-([0-9A-Za-z.-]+)", text)
    return [near(rng, tuples, prereleases) for _ in range(count)]


def near(rng: random.Random, tuples: list[list[int]], prereleases: list[str]) -> str:
    if not tuples or rng.random() < 0.1:
        return random_version(rng, loose=True)
    numbers = list(rng.choice(tuples)[:3])
    if rng.random() < 0.6:
        part = rng.randrange(3)
        numbers[part] = max(0, numbers[part] + rng.choice((-1, 1, 1)))
        if rng.random() < 0.6:
            numbers[part + 1 :] = [0] * (2 - part)
    text = ".".join(map(str, numbers))
    if rng.random() < 0.5:
        known = rng.choice(prereleases) if prereleases else "0"
        tail = rng.choice((known, f"{known}.0", f"{known}-", "0", random_prerelease(rng)))
        return f"{text}-{tail}"
    return text


def range_questions(texts: Iterable[str], rng: random.Random, count: int) -> Iterator[Question]:
    for text in texts:
        versions = versions_near(text, rng, count)
        yield Question("range", (text, False, versions))
        if not re.search(r"[v=]\s+[v=\s]*\S+\s+-\s|\s-\s+[v=]+\s", text):
            yield Question("range", (text, True, versions))


def version_questions(rng: random.Random) -> Iterator[Question]:
    written = map("".join, itertools.product(SPACES, PREFIXES, PARTIALS, TAILS, ("", "\n")))
    drawn = (random_version(rng, loose=True) for _ in range(20_000))
    for text in itertools.chain(written, drawn, ODDITIES):
        yield Question("version", (text, True))
        yield Question("version", (text, False))


def compare_questions(rng: random.Random) -> Iterator[Question]:
    for _ in range(50_000):
        left = random_version(rng, loose=True)
        right = versions_near(left, rng, 1)[0]
        yield Question("compare", (left, right))


def algebra_questions(rng: random.Random) -> Iterator[Question]:
    for _ in range(20_000):
        left, right = random_range(rng), random_range(rng)
        if not EXACT_PRERELEASE.search(left):
            yield Question("subset", (left, right, False), one_way=True)
        yield Question("subset", (left, right, True), one_way=True)
        left, right = simple_range(rng), simple_range(rng)
        yield Question("intersects", (left, right))


def simple_range(rng: random.Random) -> str:
    """Without prereleases, and without bounds between which no version fits."""
    sets = []
    for _ in range(rng.choice((1, 1, 2))):
        low = f"{rng.choice((1, 2, 3))}.{rng.choice((0, 1, 2))}.{rng.choice((0, 1, 2))}"
        high = f"{rng.choice((1, 2, 3))}.{rng.choice((0, 1, 2))}.{rng.choice((0, 1, 2))}"
        pair = f"{rng.choice(('>', '>='))}{low} {rng.choice(('<', '<='))}{high}"
        sets.append(rng.choice((pair, f"^{low}", f"~{low}", low[:3], low, f"<{high}", f">{low}")))
    return " || ".join(sets)


def differs(question: Question, theirs: Any, ours: Any) -> bool:
    return bool(theirs and not ours) if question.one_way else bool(theirs != ours)


def checks_in(question: Question) -> int:
    return len(question.args[2]) if question.kind == "range" else 1


def run(title: str, questions: Iterable[Question], folder: Path) -> int:
    """Ask both; print the count and the first disagreements; return how many there are."""
    started = time.perf_counter()
    asked = list(questions)
    theirs = ask_node(folder, asked)
    ours = [ask_graft(question) for question in asked]
    wrong = [row for row in zip(asked, theirs, ours, strict=True) if differs(*row)]
    count = sum(map(checks_in, asked))
    refused = sum(answer is None for answer in theirs)
    seconds = time.perf_counter() - started
    print(
        f"{title:<28} {count:>9,} checks in {len(asked):>7,} questions"
        f" ({refused:,} refused by node): {len(wrong):,} disagreements, {seconds:.0f} s",
        flush=True,
    )
    for question, their, our in wrong[:SHOWN]:
        print(f"  {question.kind} {question.args}\n    node  {their}\n    graft {our}")
    return len(wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--semver", type=Path, help="a folder with node_modules/semver")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    drawn = [random_range(rng) for _ in range(options.pairs)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.semver or install_semver(Path(temporary))
        wrong = sum(
            (
                run("grammar: ranges", range_questions(grammar_ranges(), rng, 6), folder),
                run("generated: ranges", range_questions(drawn, rng, 4), folder),
                run("versions: reading", version_questions(rng), folder),
                run("versions: order", compare_questions(rng), folder),
                run("algebra: intersects, subset", algebra_questions(rng), folder),
            )
        )
    print(f"{wrong} disagreements" if wrong else "no disagreements")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
