"""One host: what it is to have, how that comes, and what becomes current."""
