"""Random runs against an oracle; `oracle` and `world` are told the same, and must agree."""
