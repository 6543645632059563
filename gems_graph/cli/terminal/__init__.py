"""A run, or many, at a terminal: live tables, dialogue, signals, exit codes, printing."""
