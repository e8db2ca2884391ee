"""From what a package set pins to what its hosts are to have."""
