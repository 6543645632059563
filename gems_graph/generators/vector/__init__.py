"""Drawings that a chat model wrote: made harmless, measured, and rendered in a child process."""
