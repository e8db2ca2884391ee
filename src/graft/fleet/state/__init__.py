"""Where a fleet's state lies, and what it holds."""
