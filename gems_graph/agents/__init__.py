"""Doors for other agents and their clients."""
