"""The small world of coloured shapes that the offline `mini` models know."""
