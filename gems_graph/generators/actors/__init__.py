"""Actors of Ray that draw: where they are placed, what they do, who is asked next."""
