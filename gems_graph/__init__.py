"""GEMS on LangGraph: plan, draw, check and refine a picture until it is right."""

__version__ = "0.1.0"
