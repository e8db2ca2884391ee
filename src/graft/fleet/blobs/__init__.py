"""Where a fleet's archives lie, and how they move, are looked through and go."""
