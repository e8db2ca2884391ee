"""Users' scripts at work."""
