"""The dials of a run, in groups: one file, one class, one heading of `gems settings`."""
