"""Prompt templates, and what guards the text in them."""
