"""Which packages another workspace can give, and how they are taken."""
