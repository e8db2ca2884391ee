"""One release, many hosts: what is published, served, pulled, switched to and collected."""
