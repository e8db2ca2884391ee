"""What long work says of itself while it runs. Whoever has a terminal shows it; silence is the
default."""

from __future__ import annotations


class Progress:
    """Counters that grow. Totals may grow too, as more becomes known."""

    resolved: int = 0
    to_fetch: int = 0
    fetched: int = 0
    fetched_bytes: int = 0
    to_link: int = 0
    linked: int = 0
    to_check: int = 0
    checked: int = 0

    def changed(self) -> None:
        """Called after counters have changed, from the thread that does the work."""

    def say(self, text: str) -> None:
        """One line about something that takes a while or that a user has to know now."""

    def stop(self) -> None:
        """Called once, when the work is over, however it ended."""
