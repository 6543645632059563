"""What a finished trajectory looks like to a reader."""
