"""Which modules a JavaScript file names, without running or parsing it.

One expression goes through the text and knows where comments, strings, templates and regular
expressions begin and end, so that nothing within them is taken for code. That is no parser: what it
cannot be sure of, it calls unsure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from graft.base.records import Record


class Reference(Record, kw_only=False):
    """``sure`` says that loading the file loads the module, come what may: an import, or a require
    outside of functions, conditions and ``try``. ``line`` counts from 1."""

    specifier: str
    sure: bool
    line: int


@cache
def _tokens() -> re.Pattern[str]:
    return re.compile(
        r"""
        (?P<comment> //[^\n]* | /\*.*?\*/ )
      | (?P<string> "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' )
      | (?P<template> ` )
      | (?P<slash> / )
      | (?P<open> \{ ) | (?P<close> \} )
      | (?<![\w$.]) (?P<require> require \s*\(\s* (?P<required>"[^"\\\n]+"|'[^'\\\n]+') \s*\) )
      | (?<![\w$.]) (?P<dynamic> import \s*\(\s* (?P<asked>"[^"\\\n]+"|'[^'\\\n]+') \s*[,)] )
      | (?<![\w$.]) (?P<static> (?:import|export) (?=[\s{*"'])
            (?:\s*(?P<names>[\w$\s{},*]+?(?:\s|(?<=\})|(?<=\*)))?from)?
            \s*(?P<from>"[^"\\\n]+"|'[^'\\\n]+') )
        """,
        re.VERBOSE | re.DOTALL,
    )


_TEMPLATE = re.compile(r"\\.|`|\$\{", re.DOTALL)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/")
# After these words a slash begins a regular expression; after other words it divides.
_BEFORE_REGEX = re.compile(
    r"(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield)$"
)
# Between the start of a statement and a require: only perhaps is it reached.
_CONDITION = re.compile(r"\?|&&|\|\||=>|\b(?:if|else|case|while|for|catch|function)\b")
# The end of a line whose statement goes on in the next.
_GOES_ON = re.compile(r"(?:[?:&|=,(+]|\b(?:if|while|for)\b[^\n]*\)|\belse)\s*\Z|^\s*\Z")
_WORTH = ("require", "import", "export")


def references(text: str) -> Iterator[Reference]:
    """In the order of the file."""
    if not any(word in text for word in _WORTH):
        return
    for specifier, sure, at in _found(text, 0, len(text)):
        yield Reference(specifier, sure, text.count("\n", 0, at) + 1)


def _found(text: str, at: int, end: int) -> Iterator[tuple[str, bool, int]]:
    depth = 0
    search = _tokens().search
    while token := search(text, at, end):
        kind = token.lastgroup
        at = token.end()
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif token["template"]:
            at = _template_end(text, at, end)
        elif token["slash"]:
            literal = _REGEX.match(text, token.start(), end)
            if literal and _may_be_regex(text, token.start()):
                at = literal.end()
        elif token["require"]:
            start = _statement_start(text, token.start())
            sure = depth == 0 and not _CONDITION.search(text, start, token.start())
            yield token["required"][1:-1], sure, token.start()
        elif token["dynamic"]:
            yield token["asked"][1:-1], False, token.start()
        elif token["static"]:
            if not re.match(r"\s*type\s", token["names"] or ""):
                yield token["from"][1:-1], depth == 0, token.start()
        else:
            assert kind in ("comment", "string")


def _template_end(text: str, at: int, end: int) -> int:
    """Behind the backtick that ends a template; what stands in ``${}`` is passed over too."""
    depth = 0
    while True:
        if depth:
            token = _tokens().search(text, at, end)
            if token is None:
                return end
            at = token.end()
            if token["open"]:
                depth += 1
            elif token["close"]:
                depth -= 1
            elif token["template"]:
                at = _template_end(text, at, end)
            continue
        mark = _TEMPLATE.search(text, at, end)
        if mark is None:
            return end
        at = mark.end()
        if mark[0] == "`":
            return at
        if mark[0] == "${":
            depth = 1


def _may_be_regex(text: str, at: int) -> bool:
    before = text[max(0, at - 40) : at].rstrip()
    if not before:
        return True
    last = before[-1]
    if last.isalnum() or last in "_$":
        return bool(_BEFORE_REGEX.search(before))
    return last not in ")]}\"'`"


def _statement_start(text: str, at: int) -> int:
    start = max(text.rfind(";", 0, at), text.rfind("}", 0, at), text.rfind("{", 0, at), 0)
    line = text.rfind("\n", 0, at)
    # A line end ends most statements that have no semicolon, but not one that goes on.
    while line > start:
        above = text.rfind("\n", 0, line)
        if not _GOES_ON.search(text, above + 1, line):
            break
        line = above
    return max(start, line)
