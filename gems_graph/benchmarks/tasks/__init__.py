"""One benchmark, one file, each with a `TASK`."""
