"""Requirements -> graph. The answer is a function of the inputs, never of network timing."""
