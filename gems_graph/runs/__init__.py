"""A run without a terminal: start, follow, stop, resume, answer."""
