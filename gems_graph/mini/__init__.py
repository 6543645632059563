"""The small illustrated world that the offline `mini` models know."""
