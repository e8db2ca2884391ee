"""One version a package: the best one by a stated order, or why there is none."""
