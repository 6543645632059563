"""What a pause asks, put to a person at the terminal."""
