"""Where packages come from: one module a kind."""
