"""The one place that prints. stdout is data, stderr is everything else."""

from __future__ import annotations

import sys

from graft.base.progress import Progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TextIO

    from graft.base.diagnostics import Diagnostic

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Console:
    """``json`` promises one JSON document on stdout, also on failure. ``quiet`` leaves out what is
    not an error."""

    def __init__(
        self, environ: Mapping[str, str], *, json: bool = False, quiet: bool = False
    ) -> None:
        self._environ = environ
        self.json = json
        self.quiet = quiet

    def data(self, text: str) -> None:
        """A line of the answer; whoever reads it through a pipe gets it as it is."""
        print(harmless(text) if sys.stdout.isatty() else text)

    def document(self, value: Any) -> None:
        """The answer as JSON."""
        import json

        text = json.dumps(value, indent=2, ensure_ascii=False)
        try:
            text.encode()
        except UnicodeEncodeError:  # a path may hold bytes that are no text
            text = json.dumps(value, indent=2)
        print(text)

    def document_line(self, value: Any) -> None:
        """One of many answers as JSON, for whoever follows them."""
        import json

        print(json.dumps(value), flush=True)

    def status(self, text: str) -> None:
        """A line about what was done; not part of the answer."""
        if not self.quiet:
            print(harmless(text), file=sys.stderr)

    def note(self, note: Diagnostic) -> None:
        if self.quiet or self.json:
            return
        where = f" ({note.where})" if note.where else ""
        self.status(f"{self.style('yellow', 'note')} {note.code}: {note.message}{where}")
        if note.fix:
            self.status(f"     {note.fix}")

    def failure(self, diagnostic: Diagnostic) -> int:
        """Say what went wrong; the exit code that goes with it."""
        if self.json:
            self.document({"error": diagnostic.as_json()})
            return diagnostic.exit_code
        lines = [f"{self.style('red', 'error')} {diagnostic.code}: {diagnostic.message}"]
        if diagnostic.where:
            lines.append(f"  where  {diagnostic.where}")
        for index, reason in enumerate(diagnostic.why):
            lines.append(f"  {'why' if index == 0 else '   '}    {reason}")
        if diagnostic.fix:
            lines.append(f"  {self.style('green', 'fix')}    {diagnostic.fix}")
        print(harmless("\n".join(lines)), file=sys.stderr)
        return diagnostic.exit_code

    def style(self, name: str, text: str, stream: TextIO | None = None) -> str:
        if not self._colours(stream or sys.stderr):
            return text
        return f"\x1b[{_STYLES[name]}m{text}\x1b[0m"

    def progress(self) -> Progress:
        """Bars on a terminal; elsewhere a line for what a user has to know, and no more."""
        if not (self.quiet or self.json) and self._is_terminal(sys.stderr):
            from graft.cli.bars import Bars

            return Bars(self.status)
        return _Lines(self)

    def _is_terminal(self, stream: TextIO) -> bool:
        dumb = self._environ.get("TERM") == "dumb" or bool(self._environ.get("CI"))
        return stream.isatty() and not dumb

    def _colours(self, stream: TextIO) -> bool:
        if self._environ.get("NO_COLOR"):
            return False
        if self._environ.get("FORCE_COLOR", "0") not in ("", "0"):
            return True
        return stream.isatty() and self._environ.get("TERM") != "dumb"


def harmless(text: str) -> str:
    """What a terminal may be shown: whoever publishes a package writes its description, and could
    write what clears a screen, renames a window or turns a line around. Colours may stay."""
    if text.isprintable():
        return text
    import re

    return re.sub(
        r"\x1b\[\d{0,3}m|[\n\t]|([\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff])",
        lambda found: "\ufffd" if found[1] else found[0],
        text,
    )


class _Lines(Progress):
    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        self._console.status(text)
