"""graft resolves a set of packages once, stores each once, and makes that graph appear anywhere."""

__version__ = "0.1.0"
