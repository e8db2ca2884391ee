"""The project's own scripts and tools: what runs, with which words, in which environment."""
