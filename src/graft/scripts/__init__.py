"""What the project and its packages run, with which words, in which environment."""
