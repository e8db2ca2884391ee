"""The use cases, each a plain function: inputs -> report. Nothing here prints or parses flags."""
