"""One file a command: flags in, one workflow called, a report rendered."""
