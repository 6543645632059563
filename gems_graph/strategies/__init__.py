"""Strategies: GEMS and whatever it is compared with, each a wiring of modules in one file."""

from gems_graph.strategies.strategy import Strategy, check_roles, open_strategy, strategy_of

__all__ = ["Strategy", "check_roles", "open_strategy", "strategy_of"]
