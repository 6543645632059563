"""The page of `gems ui`: runs as they happen, in a browser."""
