"""Graph -> project: a pure plan for each layout, one applier that carries any plan out."""
