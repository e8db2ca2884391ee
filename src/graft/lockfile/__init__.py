"""The graph as text, said once for everyone, and the check that it answers what is asked."""
